"""``ping``: whether the server answers."""

from __future__ import annotations

from lpb_server.operations.definition import ArrayMap, Outcome, operation
from lpb_server.wire.values import ValueMap

__all__ = ["ping"]


def _nothing_to_certify(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> ValueMap:
    return {}


@operation(
    "ping",
    params={"type": "object", "additionalProperties": False},
    summary="Answer at once.",
    certifier=_nothing_to_certify,
)
def ping(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Answer at once."""
    return Outcome({"pong": True})
