"""The wire protocol: formats, envelope, array frames, schemas, migrations; no sockets.

Only `arrays` and what uses it import NumPy: a message without arrays does without it.
"""

from lpb_server.wire.envelope import (
    SCHEMA_VERSION,
    UNKNOWN_ID,
    ArrayHeader,
    ErrorInfo,
    Reply,
    Request,
    Timing,
)
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.limits import DEFAULT_LIMITS, REQUEST_LIMITS, Limits
from lpb_server.wire.messages import decode_reply, decode_request, encode_message
from lpb_server.wire.values import Frame, Value, ValueMap, same_value

__all__ = [
    "DEFAULT_LIMITS",
    "REQUEST_LIMITS",
    "SCHEMA_VERSION",
    "UNKNOWN_ID",
    "ArrayHeader",
    "ErrorInfo",
    "Frame",
    "Limits",
    "Reply",
    "Request",
    "Timing",
    "Value",
    "ValueMap",
    "WireFormat",
    "decode_reply",
    "decode_request",
    "encode_message",
    "same_value",
]
