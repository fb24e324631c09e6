"""``echo``: what was sent comes back."""

from __future__ import annotations

from lpb_server.operations.definition import ArrayMap, Outcome, operation
from lpb_server.wire.values import ValueMap

__all__ = ["echo"]


def _nothing_to_certify(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> ValueMap:
    return {}


@operation(
    "echo",
    params={"type": "object"},
    summary="Send parameters and arrays back.",
    arrays=None,
    certifier=_nothing_to_certify,
)
def echo(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Send parameters and arrays back; the arrays are not copied."""
    return Outcome(params, arrays)
