"""Percentiles and bootstrap confidence intervals of interleaved rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Estimate", "Samples", "percentile_ratio", "percentiles", "ratio_of_medians"]

Samples = npt.NDArray[np.int64]
"""Durations of single calls in nanoseconds, shape (calls,)."""

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
_CONFIDENCE: Final = 0.95
_RESAMPLES: Final = 400
_SEED: Final = 20
_TAIL_SAMPLES: Final = 1
"""How many samples must lie beyond a percentile for it to mean anything."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % confidence interval.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float
        The ends of the interval.
    """

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """Read what `as_dict` gave."""
        return cls(float(fields["value"]), float(fields["low"]), float(fields["high"]))


def percentiles(rounds: Sequence[Samples]) -> dict[float, float | None]:
    """Return the percentiles of all rounds together, in nanoseconds.

    A percentile beyond which no sample would lie is None: 100 samples have no P99.9.
    """
    pooled = np.concatenate(rounds)
    return {
        q: float(np.percentile(pooled, q)) if _supports(pooled.size, q) else None
        for q in PERCENTILES
    }


def _supports(count: int, q: float) -> bool:
    return count > 0 and (q <= 50 or count * (100 - q) / 100 >= _TAIL_SAMPLES - 1e-9)


def ratio_of_medians(over: Sequence[float], under: Sequence[float]) -> Estimate:
    """Estimate a ratio from one number a round, paired by round.

    Parameters
    ----------
    over, under : sequence of float
        Of the contender and of its floor, in the order of the rounds.

    Returns
    -------
    Estimate
        The median of the rounds' ratios; the interval is a bootstrap over rounds.
    """
    ratios = np.asarray(over, dtype=float) / np.asarray(under, dtype=float)
    generator = np.random.default_rng(_SEED)
    picked = generator.integers(0, ratios.size, (_RESAMPLES, ratios.size))
    return _estimate(float(np.median(ratios)), np.median(ratios[picked], axis=1))


def percentile_ratio(
    over: Sequence[Samples], under: Sequence[Samples], q: float
) -> Estimate | None:
    """Estimate the ratio of two percentiles of all rounds together.

    Parameters
    ----------
    over, under : sequence of Samples
        One array a round, of the contender and of its floor.
    q : float
        The percentile, from 0 to 100.

    Returns
    -------
    Estimate or None
        The interval is a bootstrap over rounds, and over calls within each round; None when there
        are too few calls for this percentile.
    """
    if not (_supports(sum(map(len, over)), q) and _supports(sum(map(len, under)), q)):
        return None
    generator = np.random.default_rng(_SEED)
    ratios = np.empty(_RESAMPLES)
    for index in range(_RESAMPLES):
        rounds = generator.integers(0, len(over), len(over))
        ratios[index] = _resampled(generator, over, rounds, q) / _resampled(
            generator, under, rounds, q
        )
    value = np.percentile(np.concatenate(over), q) / np.percentile(np.concatenate(under), q)
    return _estimate(float(value), ratios)


def _resampled(
    generator: np.random.Generator,
    rounds: Sequence[Samples],
    picked: npt.NDArray[np.int64],
    q: float,
) -> float:
    parts = [rounds[index] for index in picked]
    drawn = [part[generator.integers(0, part.size, part.size)] for part in parts]
    return float(np.percentile(np.concatenate(drawn), q))


def _estimate(value: float, resampled: npt.NDArray[np.float64]) -> Estimate:
    tail = 100 * (1 - _CONFIDENCE) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))
