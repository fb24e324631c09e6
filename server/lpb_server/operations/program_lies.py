"""Answers to programs that are nearly right: what linear and quadratic ones have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from msgspec.structs import replace

from lpb_server.certificates.exact_linear import decode_integers, encode_integers
from lpb_server.operations.question import Answer
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value

__all__ = ["about_denominators", "about_optimum", "about_proof", "opposite", "proving", "stating"]


def proving(answer: Answer, **arrays: Array) -> Answer:
    """Give the answer with other arrays in its certificate."""
    return replace(answer, certificate_arrays={**answer.certificate_arrays, **arrays})


def stating(answer: Answer, **changes: Value) -> Answer:
    """Give the answer with other entries in its certificate."""
    return replace(answer, certificate={**answer.certificate, **changes})


def _changed(array: Array, change: Callable[[list[int]], list[int]]) -> Array:
    return encode_integers(change(decode_integers(array)))


def opposite(array: Array) -> Array:
    """Turn the signs of integers, not that of their denominator, the last one."""
    return _changed(array, lambda values: [*(-value for value in values[:-1]), values[-1]])


def about_proof(answer: Answer) -> dict[str, Answer]:
    """Return answers without a certificate, or with arrays of another form."""
    found = {
        "another kind": stating(answer, kind="trust_me"),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
        "no proof": replace(answer, certificate_arrays={}),
    }
    for name, array in answer.certificate_arrays.items():
        found |= {
            f"the {name} with its last row missing": proving(answer, **{name: array[:-1]}),
            f"the {name} as doubles": proving(answer, **{name: array.astype(np.float64)}),
            f"the {name} flat": proving(answer, **{name: array.reshape(-1)}),
        }
    return found


def about_denominators(answer: Answer, *names: str) -> dict[str, Answer]:
    """Return answers in which the last integer of these arrays is no denominator."""
    found = {}
    for name in names:
        array = answer.certificate_arrays[name]
        negative = _changed(array, lambda values: [*values[:-1], -values[-1]])
        zero = _changed(array, lambda values: [*values[:-1], 0])
        found[f"a negative denominator of the {name}"] = proving(answer, **{name: negative})
        found[f"a denominator of zero in the {name}"] = proving(answer, **{name: zero})
    return found


def about_optimum(answer: Answer) -> dict[str, Answer]:
    """Return answers whose objective, solution, gap or distance is not right."""
    objective = cast(float, answer.result["objective"])
    gap, distance = (cast(float, answer.certificate[name]) for name in ("gap", "distance"))
    solution = answer.arrays["solution"]
    moved, unknown = solution.copy(), solution.copy()
    moved[0] += 4 * distance + 4 * np.spacing(abs(solution[0]) + distance)
    unknown[-1] = math.nan
    step = 4 * gap + 4 * math.ulp(abs(objective) + gap)

    def answering(value: Value) -> Answer:
        return replace(answer, result={**answer.result, "objective": value})

    found = {
        "an objective too low": answering(objective - step),
        "an objective too high": answering(objective + step),
        "an objective that is NaN": answering(math.nan),
        "an objective that is an integer": answering(1),
        "a solution beyond the distance": replace(answer, arrays={"solution": moved}),
        "a solution with a NaN": replace(answer, arrays={"solution": unknown}),
        "no solution": replace(answer, arrays={}),
        "a gap that is infinite": stating(answer, gap=math.inf),
        "a distance that is NaN": stating(answer, distance=math.nan),
        "a negative distance": stating(answer, distance=-1.0),
    }
    if gap:
        smaller = math.nextafter(gap, 0)
        found["a gap one unit in the last place smaller"] = stating(answer, gap=smaller)
    if distance:
        smaller = math.nextafter(distance, 0)
        found["a distance one unit in the last place smaller"] = stating(answer, distance=smaller)
    return found
