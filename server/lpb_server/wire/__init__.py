"""The wire protocol: formats, envelope, array frames, schemas, migrations; no sockets."""

from lpb_server.wire.arrays import DTYPES, Array
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
    "DTYPES",
    "REQUEST_LIMITS",
    "SCHEMA_VERSION",
    "UNKNOWN_ID",
    "Array",
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
