"""MessagePack without its binary types.

The encoder gives exactly the bytes of ``msgpack.packb(v, use_bin_type=True)``: minimal forms,
floats always as 64 bits. The decoder also accepts longer forms and 32-bit floats, and refuses
bin, ext, keys that are no strings, repeated keys, and bytes after the value.
"""

from __future__ import annotations

from typing import Any, Final

import msgpack

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import UNBOUNDED, Frame, Value, check_value, too_many_values

__all__ = ["decode", "encode", "encode_checked"]

_SMALL_BYTES: Final = 4096
"""Up to this size a header is read in one pass: it can claim no more than 63 lists of as many
elements as it has bytes, which take 2 MB until the claim is seen to be wrong."""

_BUFFER_BYTES: Final = 4096
"""What the encoder begins with; its own default of 256 KiB is asked of the system in each call."""

_DATES: Final = 3
"""How the library hands timestamps over, which are no values: it makes dates in C."""

_BIN: Final = 0xC4
_EMPTY_BIN: Final = b"\xc4\x00"

_SCALARS: Final = bytes(
    byte
    for byte in range(256)
    if not (0x80 <= byte <= 0x9F or 0xDC <= byte <= 0xDF or byte == _BIN)
)
"""The bytes that begin no list, no map and no short bin."""


def encode(value: Value) -> bytes:
    """Encode a value.

    Raises
    ------
    WireError
        When it is outside the data model.
    """
    check_value(value)
    return encode_checked(value)


def encode_checked(value: Value) -> bytes:
    """Encode a value that is known to lie inside the data model."""
    packed: bytes = msgpack.Packer(use_bin_type=True, buf_size=_BUFFER_BYTES).pack(value)
    return packed


def decode(data: Frame, values: int = UNBOUNDED) -> Value:
    """Decode a value.

    Parameters
    ----------
    data : frame
        Any bytes whatever.
    values : int
        How many values it may hold, in lists and maps.

    Raises
    ------
    WireError
        For anything but exactly one MessagePack value that lies inside the data model;
        ``too_large`` when it holds too many.
    """
    if len(data) <= min(_SMALL_BYTES, values):
        plain = _decode_plain(bytes(data))
        if plain is not None:
            return plain
    try:
        # A first pass builds nothing. It proves that every declared length is really there, so
        # that the second takes memory in proportion to the bytes received and not to a claim.
        scanner = msgpack.Unpacker(max_buffer_size=max(len(data), 1))
        scanner.feed(data)
        scanner.skip()
        if scanner.tell() != len(data):
            raise WireError(f"{len(data) - scanner.tell()} bytes follow the MessagePack value")
        counted = _Counted(values) if len(data) > values else None
        value: Value = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            list_hook=None if counted is None else counted.made_list,
            object_pairs_hook=_map if counted is None else counted.made_map,
            ext_hook=_ext,
            max_array_len=min(values, len(data)),
            max_map_len=min(values, len(data)),
            timestamp=_DATES,
        )
    except WireError:
        raise
    except UnicodeDecodeError:
        raise WireError("a MessagePack string is not UTF-8") from None
    except msgpack.OutOfData:
        raise WireError("the MessagePack value is cut short") from None
    except msgpack.StackError:
        raise WireError("the MessagePack value nests too deeply") from None
    except (msgpack.UnpackException, ValueError, TypeError, OverflowError) as error:
        if len(data) > values and "exceeds max_" in str(error):
            raise too_many_values(values) from None
        raise WireError(f"not MessagePack: {str(error) or type(error).__name__}") from None
    check_value(value)
    return value


def _decode_plain(data: bytes) -> Value:
    """Decode what our own encoder could have written; None for all else, valid or not.

    The library reads it, and writes it again. When that gives the same bytes, no key stands twice
    and every form is minimal; it has seen to UTF-8 and to the end. What it would let through and
    the data model does not, shows in the bytes: more than 63 lists and maps, and empty bins.
    """
    telling = data.translate(None, _SCALARS)
    if len(telling) >= MAX_DEPTH or (_BIN in telling and _EMPTY_BIN in data):
        return None
    try:
        # Timestamps, which the library knows, become floats: those are written in another way.
        value: Value = msgpack.unpackb(data, max_bin_len=0, ext_hook=_ext, timestamp=1)
        return value if encode_checked(value) == data else None
    except Exception:  # The careful way finds out what is wrong, and says so.
        return None


class _Counted:
    """Makes lists and maps until they hold too many values, all together."""

    def __init__(self, values: int) -> None:
        self._values = self._left = self._made_left = values

    def made_list(self, items: list[Any]) -> list[Any]:
        self._count(len(items))
        return items

    def made_map(self, pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        self._count(len(pairs))
        return _map(pairs)

    def _count(self, more: int) -> None:
        self._left -= more
        self._made_left -= 1  # What is made is counted before the list that holds it is.
        if self._left < 0 or self._made_left < -1:
            raise too_many_values(self._values)


def _map(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in pairs:
        if type(key) is not str:
            raise WireError("a map key must be a string")
        if key in result:
            raise WireError(f"the key {key[:64]!r} stands twice in one map")
        result[key] = item
    return result


def _ext(code: int, data: bytes) -> Any:
    raise WireError(f"MessagePack extension type {code} is not part of the data model")
