"""The vectors file: how it is read, and how it is made.

``python -m lpb_server.conformance`` writes ``vectors.json`` anew; a test compares.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from lpb_server.conformance.cases import accepted_cases, header_cases, value_cases
from lpb_server.conformance.invalid import invalid_cases
from lpb_server.conformance.notation import to_notation
from lpb_server.wire import json_format, msgpack_format, protobuf_format
from lpb_server.wire.formats import WireFormat, encode_header

__all__ = ["VECTORS_NAME", "build_vectors", "load_vectors", "render_vectors"]

VECTORS_NAME: Final = "vectors.json"

_ABOUT: Final = [
    "Messages of the bridge's wire protocol with their exact bytes, in hexadecimal.",
    'Values are written so: null, true, false, "text", [list], {"int": "decimal"}, '
    '{"float": "the 64 bits in hexadecimal"}, {"map": [["key", value], ...]} in order.',
    "values: encoding the value gives exactly these bytes, and decoding them gives the value. "
    "A format that loses the value (JSON: the payload of a NaN) is left out. Protobuf: the "
    "message Value.",
    "requests, replies: the same for whole headers. Protobuf: the message Header.",
    "accepted: not what an encoder writes, but a decoder must read it as the value. "
    "'as' says what the bytes are: a value, or a header.",
    "invalid: a decoder must refuse it with the error code. 'as' says what it was read as: "
    "a value, a request or a reply.",
]


def build_vectors() -> dict[str, Any]:
    """Build the content of the vectors file from the cases and the encoders."""
    values = []
    for name, value, formats in value_cases():
        encoders = {
            WireFormat.JSON: json_format.encode,
            WireFormat.MSGPACK: msgpack_format.encode,
            WireFormat.PROTOBUF: protobuf_format.encode_value,
        }
        encodings = {str(item): encoders[item](value).hex() for item in formats}
        values.append({"name": name, "value": to_notation(value), **encodings})
    headers: dict[str, list[Any]] = {"request": [], "reply": []}
    for name, envelope, kind in header_cases():
        value = envelope.to_value()
        encodings = {str(item): encode_header(item, value).hex() for item in WireFormat}
        headers[kind].append({"name": name, "value": to_notation(value), **encodings})
    return {
        "about": _ABOUT,
        "values": values,
        "requests": headers["request"],
        "replies": headers["reply"],
        "accepted": [
            {
                "name": name,
                "format": str(wire_format),
                "as": what,
                "bytes": data.hex(),
                "value": to_notation(value),
            }
            for name, wire_format, what, data, value in accepted_cases()
        ],
        "invalid": [
            {
                "name": name,
                "format": str(wire_format),
                "as": what,
                "bytes": data.hex(),
                "error": str(code),
            }
            for name, wire_format, what, data, code in invalid_cases()
        ],
    }


def render_vectors() -> str:
    """Return the text of the vectors file: one vector a line, so that differences read well."""
    sections = []
    for key, items in build_vectors().items():
        lines = ",\n".join("    " + json.dumps(item, ensure_ascii=True) for item in items)
        sections.append(f'  "{key}": [\n{lines}\n  ]')
    return "{\n" + ",\n".join(sections) + "\n}\n"


def load_vectors() -> dict[str, Any]:
    """Read the vectors file that ships with the package."""
    text = (files("lpb_server") / "conformance" / VECTORS_NAME).read_text("utf-8")
    vectors: dict[str, Any] = json.loads(text)
    return vectors
