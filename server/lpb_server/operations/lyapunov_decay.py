"""What the operations about forms that decay have in common: how an answer is taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.reading import doubles
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions
from lpb_server.wire.values import ValueMap

__all__ = ["decay_certificate", "decay_heap_bytes"]

_Matrix = npt.NDArray[np.float64]

_BYTES_A_WORD: Final = 20.0


def decay_certificate(
    kind: str,
    checker: str,
    make: Callable[[_Matrix, _Matrix, float], tuple[ValueMap, Mapping[str, _Matrix]]],
    check: Callable[[_Matrix, _Matrix, float, Mapping[str, Any], Mapping[str, Any]], bool],
) -> Certificate:
    """Give the certificate of an operation that answers a matrix with a form and a rate.

    Parameters
    ----------
    kind, checker : str
        As in `Certificate`.
    make : callable
        Matrix, form and rate in, entries and arrays out.
    check : callable
        Tests these: matrix, form, rate, entries and arrays.
    """

    def made(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
        rate = cast(float, outcome.result["rate"])
        entries, evidence = make(arrays["matrix"], outcome.arrays["form"], rate)
        return Evidence(entries, cast("dict[str, Any]", evidence))

    def checked(question: Question, answer: Answer) -> bool:
        given, stated = question.arrays.get("matrix"), answer.certificate
        if given is None or not given.ndim or not given.size or stated.get("kind") != kind:
            return False
        n = len(given)
        matrix, form = doubles(given, n, n), doubles(answer.arrays.get("form"), n, n)
        rate = answer.result.get("rate")
        if matrix is None or form is None or type(rate) is not float:
            return False
        return check(matrix, form, rate, stated, answer.certificate_arrays)

    return Certificate(kind, make=made, checker=checker, check=checked)


def decay_heap_bytes(size: Dimensions, answer: Answer) -> float:
    """Estimate the heap for the check of four products, two factors and what they are made of."""
    n = size["n"]
    return kernel_heap(6 * n**2, 4 * n**3, 3, _BYTES_A_WORD)
