"""MessagePack without its binary types.

The encoder gives exactly the bytes of ``msgpack.packb(v, use_bin_type=True)``: minimal forms,
floats always as 64 bits. The decoder also accepts longer forms and 32-bit floats, and refuses
bin, ext, keys that are no strings, repeated keys, and bytes after the value.
"""

from __future__ import annotations

from typing import Any

import msgpack

from lpb_server.errors import WireError
from lpb_server.wire.values import Frame, Value, check_value

__all__ = ["decode", "encode"]


def encode(value: Value) -> bytes:
    """Encode a value.

    Raises
    ------
    WireError
        When it is outside the data model.
    """
    check_value(value)
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


def decode(data: Frame) -> Value:
    """Decode a value.

    Raises
    ------
    WireError
        For anything but exactly one MessagePack value that lies inside the data model.
    """
    try:
        # A first pass builds nothing. It proves that every declared length is really there, so
        # that the second takes memory in proportion to the bytes received and not to a claim.
        scanner = msgpack.Unpacker(max_buffer_size=max(len(data), 1))
        scanner.feed(data)
        scanner.skip()
        if scanner.tell() != len(data):
            raise WireError(f"{len(data) - scanner.tell()} bytes follow the MessagePack value")
        value: Value = msgpack.unpackb(
            data, raw=False, strict_map_key=True, object_pairs_hook=_map, ext_hook=_ext
        )
    except WireError:
        raise
    except UnicodeDecodeError:
        raise WireError("a MessagePack string is not UTF-8") from None
    except msgpack.OutOfData:
        raise WireError("the MessagePack value is cut short") from None
    except msgpack.StackError:
        raise WireError("the MessagePack value nests too deeply") from None
    except (msgpack.UnpackException, ValueError, TypeError) as error:
        raise WireError(f"not MessagePack: {str(error) or type(error).__name__}") from None
    check_value(value)
    return value


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
