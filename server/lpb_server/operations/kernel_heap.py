"""What Lean's kernel needs for matrices, in bytes of the embedded engine's heap.

Measured there, with random matrices of 30 to 250 rows: a number that is read stays behind as terms
of some kilobytes, and each exact product of two numbers of so many words adds to that. The factors
are rounded up: a question that is refused for nothing is better than an engine that ends.
"""

from __future__ import annotations

import math
from typing import Final, cast

from lpb_server.operations.question import Answer
from lpb_server.operations.scaling import Dimensions

__all__ = ["kernel_heap", "network_heap", "stated_words"]

_BYTES_AN_ELEMENT: Final = 7000
_MEASURED_NETWORK: Final = 10_000
_MOST_WORDS: Final = 64
"""The words that a certificate states are any number, if a server is hostile: these are for 4,096
bits, more than the exponents of doubles need where a product is fast."""


def kernel_heap(elements: int, products: int = 0, words: int = 1, factor: float = 0.0) -> float:
    """Estimate the heap that a check takes.

    Parameters
    ----------
    elements : int
        How many doubles are read, of the question, the answer and the certificate together.
    products : int
        How many products of two numbers the exact arithmetic does.
    words : int
        How many words of 64 bits each takes.
    factor : float
        Bytes for each word of each product: which the operation has measured.
    """
    return _BYTES_AN_ELEMENT * elements + factor * products * words


def network_heap(size: Dimensions, answer: Answer) -> float:
    """Estimate the heap for the check of a permutation network on ``n`` doubles.

    It has n (log n)² switches: the estimate is that of 10,000 doubles, and grows with them.
    """
    n = size["n"]
    return kernel_heap(2 * n) * max(1.0, math.log(n, _MEASURED_NETWORK)) ** 2


def stated_words(answer: Answer, *path: str | int) -> int:
    """Return the words of 64 bits that a certificate computes with, 3 where it does not say.

    Parameters
    ----------
    path : str or int
        The keys and indices that lead to them in the certificate.
    """
    found: object = answer.certificate
    for step in path:
        if isinstance(step, str):
            found = cast("dict[str, object]", found).get(step) if isinstance(found, dict) else None
        else:
            found = found[step] if isinstance(found, list) and step < len(found) else None
    return min(found, _MOST_WORDS) if type(found) is int and found > 0 else 3
