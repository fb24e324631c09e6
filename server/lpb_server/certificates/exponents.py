"""Where the exponents of doubles lie: Lean computes with a frame's integers by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["ExponentRange"]

_FRACTION_BITS: Final = 52
_HIGHEST: Final = 2047
_MAGNITUDE: Final = np.uint64((1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class ExponentRange:
    """Exponents of doubles: `Range` in Lean.

    Parameters
    ----------
    low : int
        Every value is a whole multiple of 2 to the power of ``low - 1074``.
    high : int
        Every biased exponent is less.
    """

    low: int
    high: int

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> ExponentRange:
        """Return the narrowest range of finite doubles, of which there is at least one."""
        magnitudes = _magnitudes(values)
        exponents = (magnitudes[magnitudes > 0] >> np.uint64(_FRACTION_BITS)).astype(np.int64)
        if exponents.size == 0:
            return cls(0, 2)
        low = max(int(exponents.min()) - 1, 0)
        return cls(low, max(int(exponents.max()) + 1, low + 2))

    @property
    def valid(self) -> bool:
        """Whether the exponents are in order, and those of finite doubles."""
        return self.low + 2 <= self.high <= _HIGHEST

    @property
    def bits(self) -> int:
        """Absolute values of the integers have this many bits at most."""
        return 51 + self.high - self.low

    def holds(self, values: npt.NDArray[np.float64]) -> bool:
        """Whether every double is finite and in the range, or zero; the range must be valid."""
        magnitudes = _magnitudes(values)
        # The least magnitude of such multiples after zero: a subnormal one when `low` is 0.
        least = (self.low + 1) << _FRACTION_BITS if self.low else 1
        fits = (magnitudes == 0) | (magnitudes >= np.uint64(least))
        return bool((fits & (magnitudes < np.uint64(self.high << _FRACTION_BITS))).all())


def _magnitudes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(values).view(np.uint64) & _MAGNITUDE
