"""``matrix_sum``: the sum of all elements, with a certificate of its error."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.sum_error_bound import sum_error_bound
from lpb_server.errors import InvalidParams
from lpb_server.operations.definition import ArrayMap, Outcome, operation
from lpb_server.operations.summation import fast_sum
from lpb_server.wire.values import ValueMap

__all__ = ["matrix_sum"]

_LARGEST_EXACT_INT: Final = 1 << 53
_NAME: Final = "matrix"


def _certify(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> ValueMap:
    return sum_error_bound(_matrix(params, arrays), cast(float, outcome.result["sum"]))


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
    arrays=(_NAME,),
    optional_arrays=(_NAME,),
    certifier=_certify,
)
def matrix_sum(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Sum all elements, in whatever order is fast; the certificate holds for every order."""
    matrix = _matrix(params, arrays)
    return Outcome({"sum": fast_sum(matrix)})


def _matrix(params: ValueMap, arrays: ArrayMap) -> npt.NDArray[np.float64]:
    inline = cast("list[list[Any]] | None", params.get(_NAME))
    if (inline is None) == (_NAME not in arrays):
        raise InvalidParams("matrix_sum takes the matrix either as an array or in params")
    if inline is not None:
        return _inline_matrix(inline)
    array = arrays[_NAME]
    if array.dtype != np.float64 or array.ndim != 2:
        raise InvalidParams(
            f"the matrix must be float64 of 2 dimensions, not {array.dtype} of {array.ndim}"
        )
    if array.size == 0:
        raise InvalidParams("the matrix must have at least one row and one column")
    return array


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
