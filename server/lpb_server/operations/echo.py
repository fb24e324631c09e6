"""``echo``: what was sent comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from lpb_server.operations.definition import operation
from lpb_server.operations.question import ArrayMap, Example, Outcome
from lpb_server.wire.values import ValueMap

__all__ = ["echo"]

_EVERY_KIND: Final[ValueMap] = {
    "null": None,
    "truth": [True, False],
    "integers": [0, 127, 128, -1, -32, -33, 2**63 - 1, -(2**63), 2**64 - 1],
    "floats": [
        0.0,
        -0.0,
        0.1,
        1e16,
        1e-5,
        5e-324,
        1.7976931348623157e308,
        float("inf"),
        -float("inf"),
    ],
    "texts": ["", "π ≈ 3.14159", "🧮 beyond the BMP", '"\\\n\t\u0001'],
    "nested": {"list": [[], [[]], {"empty": {}}]},
}


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("every kind of value", _EVERY_KIND)
    yield Example(
        "arrays",
        arrays={
            "doubles": np.array([[0.1, -0.0], [np.nan, np.inf]]),
            "truth": np.array([True, False, True]),
            "nothing": np.zeros((0, 3), np.int32),
            "one": np.array(7, np.uint64),
        },
    )
    if count:
        yield Example("random bytes", arrays={"bytes": random.random(70).astype(np.float32)})


@operation(
    "echo",
    params={"type": "object"},
    summary="Send parameters and arrays back.",
    arrays=None,
    checker="LeanPythonBridge.Certificate.Echo",
    examples=_examples,
)
def echo(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Send parameters and arrays back; the arrays are not copied."""
    return Outcome(params, arrays)
