"""What the tests of plain headers share: what may stand in them, and how bytes are spoiled."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from lpb_server.wire import WireFormat
from lpb_server.wire.json_format import FLOAT_KEY

FORMATS = [WireFormat.MSGPACK, WireFormat.JSON]
ID = "0123456789abcdef0123456789ABCDEF"

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.floats(1e-5, 1e17)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
maps = st.dictionaries(names, plain, max_size=20)
counts = st.integers(0, 2**64 - 1)


def is_written_alike_by_all(*maps: dict[str, Any]) -> bool:
    """Tell whether JSON has but one way to write these: floats with exponents have several."""
    whole = [entry for part in maps for entry in part.items()]
    return all(
        key != FLOAT_KEY and not (type(item) is float and set(repr(item)) & {"e", "n"})
        for key, item in whole
    )


def spoil(header: bytearray, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(header) - 1))
        match data.draw(st.sampled_from(["change", "insert", "remove", "digit"])):
            case "change":
                header[place] = data.draw(st.integers(0, 255))
            case "insert":
                header.insert(place, data.draw(st.integers(0, 255)))
            case "digit":
                header[place:place] = data.draw(st.sampled_from([b"9", b"0" * 30, b"e9", b"."]))
            case _ if len(header) > 1:
                del header[place]
