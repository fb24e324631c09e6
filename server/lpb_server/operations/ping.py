"""``ping``: whether the server answers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lpb_server.operations.definition import operation
from lpb_server.operations.question import ArrayMap, Example, Outcome
from lpb_server.wire.values import ValueMap

__all__ = ["ping"]


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("ping")


@operation(
    "ping",
    params={"type": "object", "additionalProperties": False},
    summary="Answer at once.",
    checker="LeanPythonBridge.Certificate.Ping",
    examples=_examples,
)
def ping(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Answer at once."""
    return Outcome({"pong": True})
