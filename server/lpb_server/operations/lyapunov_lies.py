"""Answers of `lyapunov_discrete` and `lyapunov_continuous` that are nearly right, by kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.reading import range_value
from lpb_server.errors import Uncertifiable
from lpb_server.operations.question import Answer, Question
from lpb_server.operations.symmetric import with_entry

__all__ = ["decay_lies", "false_rate"]

_Matrix = npt.NDArray[np.float64]


def decay_lies(
    question: Question, answer: Answer, better: float, answered: Callable[[Question], Answer]
) -> dict[str, Answer]:
    """Give lies about a form that decays, and about what its certificate shows.

    Parameters
    ----------
    better : float
        1 when a larger rate says more, -1 when a smaller one does.
    answered : callable
        Answers another question honestly, with its certificate.
    """
    matrix, form = question.arrays["matrix"], cast(_Matrix, answer.arrays["form"])
    rate = cast(float, answer.result["rate"])
    arrays = cast("dict[str, _Matrix]", answer.certificate_arrays)
    stated = cast("dict[str, Any]", answer.certificate)
    n = len(form)
    step = 3 * stated["rest_bound"] / float(np.abs(form).max()) + 1e-9 * rate

    def saying(value: Any) -> Answer:
        return replace(answer, result={"rate": value})

    def formed(other: npt.NDArray[Any]) -> Answer:
        return replace(answer, arrays={"form": other})

    def stating(**changes: Any) -> Answer:
        return replace(answer, certificate={**stated, **changes})

    def showing(**changes: npt.NDArray[Any]) -> Answer:
        return replace(answer, certificate_arrays={**arrays, **changes})

    lies = {
        "rate better by more than the errors allow": saying(rate + better * step),
        "rate that is negative": saying(-rate),
        "rate that is NaN": saying(math.nan),
        "rate that is infinite": saying(math.inf),
        "rate that is an integer": saying(1),
        "no rate": replace(answer, result={"decay": rate}),
        "no form": replace(answer, arrays={}),
        "form of the other sign": formed(-form),
        "form twice as large": formed(2 * form),
        "form with another entry": formed(_moved(form, stated["rest_bound"] / rate)),
        "form with a NaN": formed(with_entry(form, n - 1, n - 1, math.nan)),
        "form that is flat": formed(form.reshape(-1)),
        "form as integers": formed(form.view(np.int64)),
        "rest with another entry": showing(rest=_moved(arrays["rest"], stated["rest_bound"])),
        "rest with a NaN": showing(rest=with_entry(arrays["rest"], 0, 0, math.nan)),
        "rest with a row more": showing(rest=np.vstack([arrays["rest"], arrays["rest"][:1]])),
        "no rest": replace(
            answer, certificate_arrays={k: v for k, v in arrays.items() if k != "rest"}
        ),
        "factor three times as large": showing(lower_factor=arrays["lower_factor"] * 3),
        "factor of the form with a NaN": showing(
            form_factor=with_entry(arrays["form_factor"], 0, 0, math.nan)
        ),
        "slack that is negative": stating(slack=-1.0),
        "slack beyond what is shown": stating(slack=2 * float(np.abs(arrays["rest"]).max())),
        "range that is none": stating(matrix_range=[3, 3]),
        "lanes of no words": stating(form_words=0),
        "lanes of too many words": stating(lower_words=1 << 60),
        "no layout": stating(first_layout=[]),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}),
    }
    for name in ("first", "second"):
        if name in arrays:
            lies[f"{name} product with another entry"] = showing(
                **{name: _moved(arrays[name], stated[f"{name}_bound"])}
            )
            lies[f"{name} product with a NaN"] = showing(
                **{name: with_entry(arrays[name], 0, n - 1, math.nan)}
            )
    for name in ("entry_bound", "first_bound", "second_bound", "rest_bound", "slack"):
        value = stated.get(name, 0.0)
        if value > 0:
            lies[f"{name} smaller by one unit in the last place"] = stating(
                **{name: math.nextafter(value, 0.0)}
            )
    if n > 1:
        lies["rows of the form swapped"] = formed(form[::-1].copy())
        lies["form that is not symmetric"] = formed(
            with_entry(form, 0, 1, float(form[0, 1]) + 1e-9 * float(np.abs(form).max()))
        )
    if not np.array_equal(matrix, matrix.T):
        other = Question(question.params, {"matrix": matrix.T.copy()})
        with suppress(Uncertifiable):
            lies["answer for the transposed matrix"] = answered(other)
    return lies


def false_rate(answer: Answer, rate: float, direction: float) -> Answer:
    """Give an answer with a rate that is too good, all of whose errors are right.

    The bounds are generous, and N is as it must be: only its form is not large enough.

    Parameters
    ----------
    rate : float
        A rate by which nothing decays.
    direction : float
        1 when N grows with the rate by P, -1 when it falls.
    """
    arrays = cast("dict[str, _Matrix]", answer.certificate_arrays)
    stated = cast("dict[str, Any]", answer.certificate)
    form, honest = cast(_Matrix, answer.arrays["form"]), cast(float, answer.result["rate"])
    rest = arrays["rest"] + direction * (rate - honest) * form
    rounding = 2.0**-50 * float(np.abs(rest).max() + (rate + honest) * np.abs(form).max())
    bound = stated["rest_bound"] + rounding
    slack = 2 * (stated["slack"] + len(form) * bound)
    lower = rest.copy()
    lower[np.diag_indices(len(form))] = np.nextafter(np.diagonal(rest) - slack, -math.inf)
    return replace(
        answer,
        result={"rate": rate},
        certificate={
            **stated,
            "rest_bound": bound,
            "slack": slack,
            "lower_matrix_range": range_value(exponent_range(lower)),
        },
        certificate_arrays={**arrays, "rest": rest, "lower_matrix": lower},
    )


def _moved(matrix: _Matrix, bound: float) -> _Matrix:
    """Give a matrix in which one entry is another, by more than a bound on its error allows."""
    change = 3 * bound + 1e-9 * float(np.abs(matrix).max() or 1.0)
    return with_entry(matrix, 0, 0, float(matrix[0, 0]) + change)
