"""``matrix_sum``: the sum of all elements, with a certificate of its error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.sum_error_bound import check_sum, sum_error_bound
from lpb_server.errors import InvalidParams
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
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
from lpb_server.operations.summation import fast_sum
from lpb_server.wire.values import Value, ValueMap

__all__ = ["matrix_sum"]

_LARGEST_EXACT_INT: Final = 1 << 53
_NAME: Final = "matrix"
_KIND: Final = "sum_error_bound"
_TINY, _HUGE = 5e-324, 1.5e308


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    return Evidence(sum_error_bound(_matrix(params, arrays), cast(float, outcome.result["sum"])))


def _check(question: Question, answer: Answer) -> bool:
    try:
        matrix = _matrix(question.params, question.arrays)
    except InvalidParams:
        return False
    if list(answer.result) != ["sum"] or answer.arrays or answer.certificate.get("kind") != _KIND:
        return False
    entries = {key: value for key, value in answer.certificate.items() if key != "kind"}
    return check_sum(matrix, answer.result["sum"], entries)


def _edges() -> list[tuple[str, npt.NDArray[np.float64]]]:
    """Matrices at the edges of what a float64 sum can meet."""
    return [
        ("one column", np.array([[1.0], [1e-16], [1e-16], [1e-16]])),
        ("1 × 1", np.array([[0.1]])),
        ("one row", np.array([[0.1, 0.2, 0.3, -0.6, 1e16, 1.0, -1e16]])),
        ("subnormals", np.array([[_TINY, 3 * _TINY], [2.2e-308, -_TINY]])),
        ("huge and tiny", np.array([[_HUGE, 1.0, _TINY], [-_HUGE, 1e-300, 1e300]])),
        ("negative zeros", np.array([[-0.0, -0.0], [-0.0, 0.0]])),
        ("powers of two", np.ldexp(1.0, np.arange(-10, 10, 2).reshape(2, 5))),
        ("seventeen digits", np.array([[1.0 / 3.0, -2.0 / 3.0]])),
        ("all negative", -np.arange(1.0, 13.0).reshape(3, 4) / 8.0),
    ]


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in _edges():
        yield Example(f"{name}, inline", {_NAME: cast(Value, matrix.tolist())})
    yield Example("integers, inline", {_NAME: [[1, -2], [0, _LARGEST_EXACT_INT]]})
    yield Example("3 × 4, frame", arrays={_NAME: _edges()[-1][1]})
    large = random.standard_normal((100, 100)) * 10.0 ** random.integers(-8, 8, (100, 100))
    yield Example("10⁴ elements, frame", arrays={_NAME: large})
    for index in range(count):
        rows, columns = (int(n) for n in random.integers(1, 9, 2))
        some = random.standard_normal((rows, columns)) * 10.0 ** random.integers(-20, 20)
        some = np.abs(some) if index % 3 == 0 else some
        name = f"random {index + 1}: {rows} × {columns}"
        if index % 2:
            yield Example(f"{name}, frame", arrays={_NAME: some})
        else:
            # Lean's kernel takes about a second to find the shortest text of a 17-digit decimal.
            short = [[float(f"{x:.3e}") for x in row] for row in some.tolist()]
            yield Example(f"{name}, inline", {_NAME: cast(Value, short)})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    if size:
        return kernel_heap(size["m"] * size["n"])
    return kernel_heap(cast(int, answer.certificate["count"]))  # It stands in the parameters.


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    total = cast(float, answer.result["sum"])
    certificate = cast("dict[str, Any]", answer.certificate)
    error, bound = certificate["error"], certificate["error_bound"]

    def summed(value: Value) -> Answer:
        return msgspec.structs.replace(answer, result={"sum": value})

    def stating(**changes: Value) -> Answer:
        return msgspec.structs.replace(answer, certificate={**certificate, **changes})

    # The error of the shifted sum is stated truthfully: it is the bound that refuses this.
    shifted = total + 2 * bound if bound else math.nextafter(total, math.inf)
    beyond = stating(error=error + (shifted - total))
    moved = _matrix(question.params, question.arrays) / 2 + 1
    other = _make({}, {_NAME: moved}, Outcome({"sum": fast_sum(moved)})).entries
    lies = {
        "sum off by twice the bound": msgspec.structs.replace(beyond, result={"sum": shifted}),
        "sum that is NaN": summed(math.nan),
        "sum that is an integer": summed(int(total) if abs(total) < _LARGEST_EXACT_INT else 0),
        "count": stating(count=certificate["count"] + 1),
        "error": stating(error=math.nextafter(error, math.inf)),
        "error of the other sign": stating(error=-error if error else -0.0),
        "bound too large": stating(error_bound=math.nextafter(bound, math.inf)),
        "bound too small": stating(error_bound=math.nextafter(bound, -math.inf)),
        "sign": stating(nonnegative=not certificate["nonnegative"]),
        "kind": stating(kind="trust_me"),
        "one entry more": stating(proof="obvious"),
        "no certificate": msgspec.structs.replace(answer, certificate={}),
        "certificate of another matrix": stating(**other),
        "another key": msgspec.structs.replace(answer, result={"total": total}),
        "an array as well": msgspec.structs.replace(answer, arrays={"sum": np.array([total])}),
    }
    if abs(total) >= abs(error):  # Else the error, rounded, may still be the one that is stated.
        lies["sum off by one unit in the last place"] = summed(math.nextafter(total, math.inf))
    return lies


@operation(
    "matrix_sum",
    params={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "matrix": {
                "description": "Rows of equal length, of numbers; or send an array 'matrix'.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "array", "minItems": 1},
            }
        },
    },
    summary="Sum all elements of a float64 matrix.",
    arrays={_NAME: ArraySpec("f8", ("m", "n"), needed=False)},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.MatrixSum", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(heap_bytes=_heap_bytes),
)
def matrix_sum(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Sum all elements, in whatever order is fast; the certificate holds for every order."""
    matrix = _matrix(params, arrays)
    return Outcome({"sum": fast_sum(matrix)})


def _matrix(params: ValueMap, arrays: ArrayMap) -> npt.NDArray[np.float64]:
    inline = cast("list[list[Any]] | None", params.get(_NAME))
    if (inline is None) == (_NAME not in arrays):
        raise InvalidParams("matrix_sum takes the matrix either as an array or in params")
    return arrays[_NAME] if inline is None else _inline_matrix(inline)


def _inline_matrix(rows: list[list[Any]]) -> npt.NDArray[np.float64]:
    width = len(rows[0])
    for index, row in enumerate(rows):
        if len(row) != width:
            raise InvalidParams(
                f"row {index} of the matrix has {len(row)} elements, and row 0 has {width}",
                {"path": f"/matrix/{index}"},
            )
        kinds = set(map(type, row))
        if not kinds <= {int, float}:
            raise InvalidParams(
                f"row {index} of the matrix holds something that is no number",
                {"path": f"/matrix/{index}"},
            )
        if int in kinds and any(
            type(item) is int and abs(item) > _LARGEST_EXACT_INT for item in row
        ):
            raise InvalidParams(
                f"row {index} of the matrix holds an int beyond 2^53; write it as a float",
                {"path": f"/matrix/{index}"},
            )
    return np.array(rows, dtype=np.float64)
