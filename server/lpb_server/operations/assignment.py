"""``assignment``: a column for each row, as cheap as can be, with prices that prove it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.assignment import (
    AssignmentCertificate,
    assignment_prices,
    check_assignment,
)
from lpb_server.certificates.reading import (
    doubles,
    magnitude,
    range_of,
    range_value,
    words_of,
)
from lpb_server.errors import InvalidParams
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.highs import has_scipy, require_scipy
from lpb_server.operations.kernel_heap import kernel_heap, stated_words
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["assignment"]

Matrix = npt.NDArray[np.float64]

_KIND: Final = "dual_prices"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    made = assignment_prices(arrays["cost"], outcome.arrays["columns"])
    return Evidence(
        {"words": made.words, "range": range_value(made.range), "gap": made.gap},
        {
            "rows": made.rows,
            "row_prices": made.row_prices,
            "column_prices": made.column_prices,
        },
    )


def _check(question: Question, answer: Answer) -> bool:
    cost = question.arrays.get("cost")
    if cost is None or cost.ndim != 2 or doubles(cost, len(cost), len(cost)) is None:
        return False
    n, stated, arrays = len(cost), answer.certificate, answer.certificate_arrays
    columns, rows = _indices(answer.arrays.get("columns"), n), _indices(arrays.get("rows"), n)
    row_prices = doubles(arrays.get("row_prices"), n)
    column_prices = doubles(arrays.get("column_prices"), n)
    words, gap = words_of(stated.get("words")), magnitude(stated.get("gap"))
    found = range_of(stated.get("range"))
    if columns is None or rows is None or row_prices is None or column_prices is None:
        return False
    if stated.get("kind") != _KIND or words is None or gap is None or found is None:
        return False
    certificate = AssignmentCertificate(rows, row_prices, column_prices, words, found, gap)
    return check_assignment(cost, columns, certificate)


def _indices(array: Array | None, n: int) -> npt.NDArray[np.int64] | None:
    if array is None or array.dtype != np.int64 or array.shape != (n,):
        return None
    return array


def _matrices(random: np.random.Generator, count: int) -> Iterator[tuple[str, Matrix]]:
    yield "4 × 4", np.array([[4.0, 1, 3, 2], [2, 0.5, 5, 3], [3, 2, 2, 1], [1, 3, 2.5, 4]])
    yield "1 × 1", np.array([[-0.1]])
    yield "2 × 2", np.array([[0.1, 0.2], [0.3, 0.3]])
    yield "equal costs", np.full((3, 3), 0.1)
    yield "zeros of both signs", np.array([[0.0, -0.0], [-0.0, 0.0]])
    yield "negative costs", -random.integers(1, 100, (5, 5)).astype(np.float64)
    yield "badly scaled", np.array([[1e12, 1.0, 1e-9], [1.0, 1e-9, 1e12], [1e-9, 1e12, 1.0]])
    yield "subnormals", np.array([[5e-324, 1e-323], [1e-323, 5e-324]])
    yield "12 × 12", random.standard_normal((12, 12))
    for index in range(count):
        n = int(random.integers(2, 10))
        yield f"random {index + 1}: {n} × {n}", random.standard_normal((n, n))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    if not has_scipy():
        return
    for name, cost in _matrices(random, count):
        yield Example(name, arrays={"cost": cost})


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(arrays={"cost": random.standard_normal((n, n))})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n = size["n"]
    return kernel_heap(n**2, n**2, stated_words(answer, "words"), 500.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    cost, columns = question.arrays["cost"], answer.arrays["columns"]
    arrays, certificate = answer.certificate_arrays, cast("dict[str, Any]", answer.certificate)
    n, gap = len(cost), certificate["gap"]

    def stating(**changes: Value) -> Answer:
        return msgspec.structs.replace(answer, certificate={**certificate, **changes})

    def answering(values: npt.NDArray[Any], **proof: npt.NDArray[Any]) -> Answer:
        return msgspec.structs.replace(
            answer, arrays={"columns": values}, certificate_arrays={**arrays, **proof}
        )

    def showing(**changes: npt.NDArray[Any]) -> Answer:
        return answering(columns, **changes)

    prices = arrays["row_prices"]
    raised = prices.copy()
    raised[0] = np.nextafter(prices[0], np.inf)
    missing = prices.copy()
    missing[-1] = np.nan
    lies = {
        "a row's price raised by one unit in the last place": showing(row_prices=raised),
        "a price that is NaN": showing(row_prices=missing),
        "prices as a column": showing(column_prices=arrays["column_prices"][:, None]),
        "a column beyond the last": answering(np.where(columns == n - 1, n, columns)),
        "a negative column": answering(np.where(columns == 0, -1, columns)),
        "columns as doubles": answering(columns.astype(np.float64)),
        "one column more": answering(np.append(columns, 0)),
        "no columns": msgspec.structs.replace(answer, arrays={}),
        "gap that is NaN": stating(gap=math.nan),
        "gap that is infinite": stating(gap=math.inf),
        "gap that is negative": stating(gap=-gap - 1.0),
        "gap that is an integer": stating(gap=1),
        "no words": stating(words=0),
        "a million words": stating(words=1_000_000),
        "range out of order": stating(range=certificate["range"][::-1]),
        "another kind": stating(kind="trust_me"),
        "no certificate": msgspec.structs.replace(answer, certificate={}, certificate_arrays={}),
    }
    if gap:
        lies["gap too small by one unit in the last place"] = stating(gap=math.nextafter(gap, 0))
    if n > 1:
        swapped = columns.copy()
        swapped[:2] = swapped[1::-1]
        lies["the same column twice"] = answering(np.full(n, columns[0]))
        worse = float(cost[np.arange(n), swapped].sum() - cost[np.arange(n), columns].sum())
        if worse > 0:
            lies["columns of two rows exchanged"] = answering(swapped, rows=np.argsort(swapped))
            lies["rows of another assignment"] = showing(rows=np.argsort(swapped))
    return lies


@operation(
    "assignment",
    params={"type": "object", "additionalProperties": False},
    summary="Assign each row of a square matrix of costs a column of its own, at least cost.",
    arrays={"cost": ArraySpec("f8", ("n", "n"))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.AssignmentOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, (10, 20, 50, 100), _heap_bytes),
)
def assignment(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Assign by SciPy's shortest augmenting paths."""
    cost = arrays["cost"]
    require_scipy("assignment")
    if not bool(np.isfinite(cost).all()):
        raise InvalidParams("a cost is not finite", {"array": "cost"})
    from scipy.optimize import linear_sum_assignment

    return Outcome({}, {"columns": linear_sum_assignment(cost)[1].astype(np.int64)})
