"""The Python client, and what its calls give back."""

from lpb_server.client.client import (
    AUTO_FORMAT,
    INLINE_LIMIT_ELEMENTS,
    Backoff,
    BridgeClient,
    CallResult,
    ClientCurve,
    Exchange,
    FormatName,
    client_curve,
    new_id,
)

__all__ = [
    "AUTO_FORMAT",
    "INLINE_LIMIT_ELEMENTS",
    "Backoff",
    "BridgeClient",
    "CallResult",
    "ClientCurve",
    "Exchange",
    "FormatName",
    "client_curve",
    "new_id",
]
