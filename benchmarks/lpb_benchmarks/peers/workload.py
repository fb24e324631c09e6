"""What is asked in one call, the same for every contender: the sum of a float64 matrix."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # The clients of other peers start faster without it.
    from lpb_server.client import FormatName
    from lpb_server.wire import Frame, ValueMap

__all__ = ["FIXED_ID", "Workload"]

FIXED_ID: Final = "0123456789abcdef" * 2
"""As long as the ids that the client draws, so that the floor moves as many bytes."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A matrix, and how it travels.

    Parameters
    ----------
    rows, columns : int
        The shape; both at least 1.
    format : str
        The header's format on the bridge.
    inline : bool
        Whether the matrix stands in the header's parameters instead of an array frame.
    certify : bool
        Whether a certificate is asked for.
    seed : int
        Of the random elements, uniform in [0, 1).
    """

    rows: int
    columns: int
    format: FormatName = "msgpack"
    inline: bool = False
    certify: bool = False
    seed: int = 1

    @property
    def nbytes(self) -> int:
        """Size of the matrix in bytes."""
        return self.rows * self.columns * 8

    def matrix(self) -> npt.NDArray[np.float64]:
        """Return the matrix, float64 of shape (rows, columns)."""
        return np.random.default_rng(self.seed).random((self.rows, self.columns))

    def accepts_sum(self, answer: float) -> bool:
        """Tell whether a number can be the sum, in whatever order it was computed."""
        matrix = self.matrix()
        bound = matrix.size * 2.0**-53 * float(matrix.sum()) * 2
        return math.isfinite(answer) and abs(answer - float(matrix.sum())) <= bound

    def params(self) -> ValueMap:
        """Return the parameters of the request."""
        return {"matrix": self.matrix().tolist()} if self.inline else {}

    def arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the arrays of the request."""
        return {} if self.inline else {"matrix": self.matrix()}

    def frames(self) -> list[Frame]:
        """Return the bytes that the bridge's client would send, for the raw echo."""
        from lpb_server.wire import Request, WireFormat, encode_message
        from lpb_server.wire.arrays import encode_arrays

        headers, frames = encode_arrays(self.arrays())
        request = Request(
            id=FIXED_ID,
            op="matrix_sum",
            params=self.params(),
            arrays=headers,
            certify=self.certify,
        )
        wire_format = WireFormat.MSGPACK if self.format == "auto" else WireFormat(self.format)
        return encode_message(request, wire_format, frames)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """Read what `as_dict` gave."""
        return cls(**fields)
