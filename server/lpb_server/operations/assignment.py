"""``assignment``: a column for every row at the least cost, with the prices that prove it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact import exact_integer, upper_double
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.highs import has_scipy
from lpb_server.operations.kernel_heap import kernel_heap
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

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_KIND: Final = "assignment_prices"


def _prices(cost: Doubles, columns: Indices) -> tuple[Doubles, Doubles]:
    """Give prices of rows and columns that together exceed no cost, and nearly reach the chosen.

    Column prices are distances (Bellman, Ford) in what changing places costs; row prices are what
    is left, rounded down until they hold exactly.
    """
    n = len(cost)
    chosen = cost[np.arange(n), columns]
    prices = np.zeros(n)
    for _ in range(n):
        # A row that would take a column gives up its own.
        better = np.minimum(prices, (cost - chosen[:, None] + prices[columns][:, None]).min(axis=0))
        if np.array_equal(better, prices):
            break
        prices = better
    if not bool(np.isfinite(prices).all()):
        raise Uncertifiable("a price is not finite")
    rows = (cost - prices[None, :]).min(axis=1)
    for i, row in enumerate(cost.tolist()):
        room = min(Fraction(c) - Fraction(v) for c, v in zip(row, prices.tolist(), strict=True))
        while np.isfinite(rows[i]) and Fraction(float(rows[i])) > room:
            rows[i] = np.nextafter(rows[i], -np.inf)
    return rows, prices


def _gap(cost: Doubles, columns: Indices, rows: Doubles, prices: Doubles) -> int:
    """Give by how much an assignment costs more than all prices, in units of 2⁻¹⁰⁷⁴."""
    chosen = cost[np.arange(len(cost)), columns]
    paid, priced = (
        sum(map(exact_integer, values.tolist())) for values in (chosen, np.append(rows, prices))
    )
    return paid - priced


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    cost, columns = arrays["cost"], outcome.arrays["columns"]
    with np.errstate(all="ignore"):
        rows, prices = _prices(cost, columns)
    if not bool(np.isfinite(rows).all()):
        raise Uncertifiable("a price is not finite")
    try:
        gap = upper_double(max(_gap(cost, columns, rows, prices), 0))
    except OverflowError:
        raise Uncertifiable("no double is large enough for the gap") from None
    inverse = np.argsort(columns).astype(np.int64)
    return Evidence({"gap": gap}, {"rows": inverse, "row_prices": rows, "column_prices": prices})


def _check(question: Question, answer: Answer) -> bool:
    cost, gap = question.arrays.get("cost"), answer.certificate.get("gap")
    if answer.certificate.get("kind") != _KIND or answer.result or cost is None:
        return False
    n = len(cost) if cost.ndim else 0
    costs = doubles(cost, n, n)
    if costs is None or list(answer.arrays) != ["columns"] or type(gap) is not float:
        return False
    if not math.isfinite(gap):
        return False
    columns, inverse = answer.arrays["columns"], answer.certificate_arrays.get("rows")
    rows, prices = (
        doubles(answer.certificate_arrays.get(name), n) for name in ("row_prices", "column_prices")
    )
    if rows is None or prices is None or not _are_inverse(columns, inverse, n):
        return False
    if not all(bool(np.isfinite(a).all()) for a in (costs, rows, prices)):
        return False
    column_prices = [exact_integer(v) for v in prices.tolist()]
    held = all(
        exact_integer(u) + v <= exact_integer(c)
        for u, row in zip(rows.tolist(), costs.tolist(), strict=True)
        for v, c in zip(column_prices, row, strict=True)
    )
    return held and _gap(costs, columns, rows, prices) <= exact_integer(gap)


def _are_inverse(columns: Array, inverse: Array | None, n: int) -> bool:
    if inverse is None or any(a.dtype != np.int64 or a.shape != (n,) for a in (columns, inverse)):
        return False
    if any(bool(((a < 0) | (a >= n)).any()) for a in (columns, inverse)):
        return False
    return np.array_equal(inverse[columns], np.arange(n))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    if not has_scipy():
        return
    yield Example("3 × 3", arrays={"cost": np.array([[4.0, 1, 3], [2, 0, 5], [3, 2, 2]])})
    yield Example("1 × 1", arrays={"cost": np.array([[-0.1]])})
    yield Example("all the same", arrays={"cost": np.full((4, 4), 0.1)})
    yield Example("costs and gains", arrays={"cost": random.standard_normal((6, 6))})
    scaled = random.random((5, 5)) * 10.0 ** random.integers(-12, 12, (5, 5))
    yield Example("badly scaled", arrays={"cost": scaled})
    yield Example("tiny numbers", arrays={"cost": random.random((3, 3)) * 1e-310})
    yield Example("20 × 20", arrays={"cost": random.random((20, 20))})
    for index in range(count):
        n = int(random.integers(2, 9))
        yield Example(f"random {index + 1}: {n} × {n}", arrays={"cost": random.random((n, n))})


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    columns, proof = answer.arrays["columns"], answer.certificate_arrays
    gap, n = cast(float, answer.certificate["gap"]), len(columns)

    def giving(values: Array) -> Answer:
        return replace(answer, arrays={"columns": values})

    def proving(**arrays: Array) -> Answer:
        return replace(answer, certificate_arrays={**proof, **arrays})

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    rows, prices = proof["row_prices"], proof["column_prices"]
    more: dict[str, Any] = {
        "a column that there is not": giving(columns + n),
        "a column that is negative": giving(columns - n),
        "columns as doubles": giving(columns.astype(np.float64)),
        "a row without a column": giving(columns[:-1]),
        "no columns": replace(answer, arrays={}),
        "a result": replace(answer, result={"cost": 0.0}),
        "row prices that are greater": proving(row_prices=rows + 1 + np.abs(rows)),
        "column prices that are less": proving(column_prices=prices - 1 - np.abs(prices)),
        "a price that is NaN": proving(row_prices=np.full_like(rows, np.nan)),
        "prices of single precision": proving(column_prices=prices.astype(np.float32)),
        "rows elsewhere": proving(rows=proof["rows"] + 1),
        "a gap that is negative": stating(gap=-1.0),
        "a gap that is NaN": stating(gap=math.nan),
        "a gap that is infinite": stating(gap=math.inf),
        "a gap that is an integer": stating(gap=1),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
    }
    if n > 1:
        moved = np.roll(columns, 1)
        more["one column for all rows"] = giving(np.full_like(columns, columns[0]))
        more["columns exchanged"] = giving(moved)
        if not np.array_equal(question.arrays["cost"], np.roll(question.arrays["cost"], 1, 0)):
            inverse = np.argsort(moved).astype(np.int64)
            more["another assignment"] = replace(
                giving(moved), certificate_arrays={**proof, "rows": inverse}
            )
    if gap:
        more["a gap one unit in the last place smaller"] = stating(gap=math.nextafter(gap, 0))
    return more


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    return kernel_heap(10 * size["n"] ** 2)


@operation(
    "assignment",
    params={"type": "object", "additionalProperties": False},
    summary="Assign a column to every row of a cost matrix, at the least cost (SciPy).",
    arrays={"cost": ArraySpec("f8", ("n", "n"))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.AssignmentOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(sizes=(10, 20, 50), heap_bytes=_heap_bytes),
)
def assignment(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve by SciPy's modified Jonker-Volgenant algorithm."""
    cost = arrays["cost"]
    if not bool(np.isfinite(cost).all()):
        raise InvalidParams("an element of cost is not finite", {"array": "cost"})
    if not has_scipy():
        raise InvalidParams("assignment needs SciPy: pip install 'lean-python-bridge[scipy]'")
    from scipy.optimize import linear_sum_assignment

    _, columns = linear_sum_assignment(cost)
    return Outcome({}, {"columns": np.asarray(columns, np.int64)})
