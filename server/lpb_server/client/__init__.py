"""The Python client, and what its calls give back."""

from lpb_server.client.calls import AUTO_FORMAT, FormatName, new_id
from lpb_server.client.client import INLINE_LIMIT_ELEMENTS, BridgeClient
from lpb_server.client.exchange import CallResult, Exchange
from lpb_server.security.keys import ClientCurve, client_curve
from lpb_server.sockets.backoff import Backoff

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
