"""One certified answer, checked: from a server, or computed in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy.typing as npt

from lpb_server.client.calls import prepare, read_result
from lpb_server.client.checking import checker_of, installed_registry, require_proof
from lpb_server.client.client import BridgeClient
from lpb_server.client.exchange import CallResult
from lpb_server.client.lazy_pirate import Answer
from lpb_server.operations.registry import Registry
from lpb_server.service import Service
from lpb_server.wire.messages import decode_reply

__all__ = ["certified"]

_HERE: Final = "this process"


def certified(
    op: str,
    params: Mapping[str, object] | None = None,
    arrays: Mapping[str, npt.ArrayLike] | None = None,
    *,
    endpoint: str | None = None,
    registry: Registry | None = None,
) -> CallResult:
    """Return an answer whose certificate Python's checker has accepted, in exact integers.

    It is a convenience: Lean's kernel is the judge, see ``lpb certify``.

    Parameters
    ----------
    op : str
        A certified operation.
    params : dict, optional
        Its parameters.
    arrays : mapping of str to array_like, optional
        Its arrays.
    endpoint : str, optional
        The server that computes it; without one it is computed in this process.
    registry : Registry, optional
        The operations that are known here; those that are installed by default.

    Raises
    ------
    InvalidParams
        When Python has no checker for the operation.
    RemoteError
        When the operation refuses what it is given, or there is no certificate for its answer.
    UnprovenError
        When the certificate does not hold.
    ClientError
        When a server was asked, and gave no usable answer.
    WireError
        When the request cannot be written.
    """
    if endpoint is not None:
        with BridgeClient(endpoint) as client:
            return client.call(op, params, arrays, check=registry or True)
    registry = registry or installed_registry()
    checker = checker_of(op, registry)
    request, frames, _ = prepare(op, params, arrays, True, None, "auto")
    received = list(Service(registry).handle([bytes(frame) for frame in frames]))
    message = decode_reply(received)
    answer = Answer(message.reply, received, message.arrays, 1)
    called = read_result(op, answer, _HERE, certify=True)
    require_proof(checker, op, request.params, arrays, called, endpoint=_HERE, tries=1)
    return called
