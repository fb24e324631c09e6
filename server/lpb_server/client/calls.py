"""What every client makes of a call: the request and its frames, and the result of its reply."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from lpb_server.client.exchange import CallResult
from lpb_server.client.lazy_pirate import Answer
from lpb_server.errors import CertificateMissing, ProtocolError, RemoteError, WireError
from lpb_server.wire.certificate_arrays import CERTIFICATE_ARRAYS, split_arrays
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import encode_message
from lpb_server.wire.values import Frame, ValueMap

if TYPE_CHECKING:  # NumPy takes longer to import than the rest of a client, which may do without.
    import numpy.typing as npt

    from lpb_server.client.shared_memory import EncodedArrays
    from lpb_server.wire.arrays import Array

__all__ = ["AUTO_FORMAT", "FormatName", "check_format", "new_id", "prepare", "read_result"]

FormatName = Literal["auto", "json", "msgpack", "protobuf"]

_ID_BYTES: Final = 16

AUTO_FORMAT: Final = WireFormat.MSGPACK
"""What ``auto`` stands for. The benchmark scenario "formats" (`lpb bench`) compares the formats:
MessagePack was the fastest at every size from an empty request to 16,384 inline elements, so the
size decides nothing but `INLINE_LIMIT_ELEMENTS`."""

_NO_ARRAYS: Final[EncodedArrays] = ((), [])


def check_format(name: str) -> FormatName:
    """Return the name of a format.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    names = get_args(FormatName)
    if name not in names:
        raise ValueError(f"format must be one of {', '.join(names)}, not {name!r}")
    return cast("FormatName", name)


def new_id() -> str:
    """Return a correlation id of 128 random bits."""
    return os.urandom(_ID_BYTES).hex()


def prepare(
    op: str,
    params: Mapping[str, object] | None,
    arrays: Mapping[str, npt.ArrayLike] | None,
    certify: bool,
    deadline_ms: int | None,
    format: FormatName,
    request_id: str | None = None,
    placed: EncodedArrays | None = None,
) -> tuple[Request, list[Frame], WireFormat]:
    """Return a request, its frames, and the format of its header.

    Parameters
    ----------
    op, params, arrays, certify, deadline_ms
        As for `BridgeClient.call`.
    format : str
        Of the header; ``auto`` chooses.
    request_id : str, optional
        A new random one by default.
    placed : tuple, optional
        The arrays, encoded already.

    Raises
    ------
    WireError
        When the request cannot be written.
    """
    headers, array_frames = placed or (_encoded(arrays) if arrays else _NO_ARRAYS)
    own_id = request_id if request_id is not None else new_id()
    wire_format = AUTO_FORMAT if format == "auto" else WireFormat(format)
    if params is None or type(params) is dict:
        plain = cast("ValueMap", {} if params is None else params)
        request = Request(own_id, op, plain, headers, deadline_ms, certify)
        try:
            return request, encode_message(request, wire_format, array_frames), wire_format
        except WireError:
            if params is None:
                raise
    request = Request(own_id, op, _plain_params(params), headers, deadline_ms, certify)
    return request, encode_message(request, wire_format, array_frames), wire_format


def _encoded(arrays: Mapping[str, npt.ArrayLike]) -> EncodedArrays:
    from lpb_server.wire.arrays import encode_arrays

    return encode_arrays(arrays)


def _plain_params(params: Mapping[str, object]) -> ValueMap:
    """Return parameters that the wire carries: tuples, mappings and NumPy's numbers, converted."""
    if not isinstance(params, Mapping):
        raise WireError(f"the parameters must be a mapping, not {type(params).__name__}")
    from lpb_server.wire.plain_values import plain_map

    try:
        return plain_map(params, "params")
    except TypeError as error:
        raise WireError(str(error)) from None


def read_result(op: str, answer: Answer, endpoint: str, *, certify: bool) -> CallResult:
    """Return what a reply says, with the certificate's arrays apart from its own.

    Raises
    ------
    RemoteError
        When it is an error.
    CertificateMissing
        When a certificate was asked for, and none came.
    ProtocolError
        When its certificate names arrays that are not there.
    """
    where: Any = {"endpoint": endpoint, "tries": answer.tries}
    reply, arrays = answer.reply, answer.arrays
    certificate_arrays: dict[str, Array] = {}
    if reply.error is not None:
        details = cast("dict[str, Any]", reply.error.details)
        raise RemoteError(reply.error.code, reply.error.message, details, **where)
    if certify and reply.certificate is None:
        raise CertificateMissing(
            f"{op} is not proven: the reply has no certificate, and one was asked for", **where
        )
    if reply.certificate is not None and CERTIFICATE_ARRAYS in reply.certificate:
        try:
            arrays, certificate_arrays = split_arrays(arrays, reply.certificate)
        except WireError as wrong:
            raise ProtocolError(wrong.message, **where) from wrong
    if not certify:  # What nobody asked for is left aside.
        return CallResult(reply.result or {}, arrays, None, reply.timing, op=op)
    result = reply.result or {}
    return CallResult(result, arrays, reply.certificate, reply.timing, certificate_arrays, op)
