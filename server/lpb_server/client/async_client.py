"""The client for asyncio: many requests in flight at once, on one connection."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy.typing as npt

from lpb_server.client.calls import FormatName, check_format, prepare, read_result
from lpb_server.client.exchange import CallResult
from lpb_server.client.pipeline import Pipeline
from lpb_server.client.window import Item, Window, split_item
from lpb_server.errors import ClientClosed, ClientInUse
from lpb_server.security.keys import ClientCurve
from lpb_server.sockets.backoff import DEFAULT_BACKOFF, Backoff
from lpb_server.sockets.durations import check_timeout
from lpb_server.sockets.endpoints import check_endpoint
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:  # What computes takes long to import, and a client does without.
    from lpb_server.operations.registry import Registry

__all__ = ["IN_FLIGHT", "AsyncClient"]

IN_FLIGHT: Final = 64
"""How many requests of a client are under way at most, unless it is told otherwise."""


class AsyncClient:
    """Calls operations of a bridge server from asyncio.

    Any number of tasks of one event loop can call at once. Their requests share a connection; the
    replies are told apart by their ids. A call that is cancelled leaves nothing behind: its reply
    is dropped when it comes. Close it after use, best with ``async with``.

    Arrays go in frames, never through shared memory. Do not change an array during a call.

    Parameters
    ----------
    endpoint : str
        Such as ``tcp://127.0.0.1:5555`` or ``ipc:///run/bridge``.
    format : str
        ``json``, ``msgpack``, ``protobuf``, or ``auto``, which chooses.
    timeout_s : float
        How long each try waits for its reply; infinity is no limit.
    tries : int
        How often a request is sent at most.
    in_flight : int
        How many requests are under way at most; further calls wait for their turn.
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    curve : ClientCurve, optional
        The keys for a server that wants CURVE; `client_curve` reads them from a folder.

    Raises
    ------
    MalformedEndpoint
        When the endpoint is none.
    ValueError
        When `format`, `tries`, `in_flight` or `timeout_s` makes no sense.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        format: FormatName = "auto",
        timeout_s: float = 10.0,
        tries: int = 3,
        in_flight: int = IN_FLIGHT,
        backoff: Backoff = DEFAULT_BACKOFF,
        limits: Limits = DEFAULT_LIMITS,
        curve: ClientCurve | None = None,
    ) -> None:
        self._pipeline: Pipeline | None = None
        self._closed = False
        if tries < 1:
            raise ValueError("tries must be at least 1")
        if in_flight < 1:
            raise ValueError("in_flight must be at least 1")
        self.endpoint = check_endpoint(endpoint, binds=False)
        self.format: FormatName = check_format(format)
        self.timeout_s = check_timeout("timeout_s", timeout_s)
        self.tries = tries
        self.in_flight = in_flight
        self._backoff, self._limits, self._curve = backoff, limits, curve
        self._turn = asyncio.Semaphore(in_flight)
        self._process = os.getpid()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection, for good; calls that still wait end with `ClientClosed`.

        Raises
        ------
        ClientInUse
            In another event loop than the one that it is used in.
        """
        if self._pipeline is not None:
            self._own_loop(self._pipeline)
            self._pipeline.close()
            self._pipeline = None
        self._closed = True

    def __del__(self) -> None:
        if self._pipeline is not None and self._process == os.getpid():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<AsyncClient of {self.endpoint}>"

    def _own_loop(self, pipeline: Pipeline) -> None:
        """Refuse another loop: another thread's or a fork's would touch the socket at once."""
        if asyncio.get_running_loop() is not pipeline.loop or self._process != os.getpid():
            raise ClientInUse(
                "the client is used in another event loop; each loop, thread and process needs "
                "its own",
                endpoint=self.endpoint,
                tries=0,
            )

    def _begin(self) -> Pipeline:
        if self._closed:
            raise ClientClosed("the client is closed", endpoint=self.endpoint, tries=0)
        if self._pipeline is None:
            self._process = os.getpid()
            self._pipeline = Pipeline(self.endpoint, self._backoff, self._limits, self._curve)
        else:
            self._own_loop(self._pipeline)
        return self._pipeline

    async def ping(self) -> None:
        """Return when the server has answered.

        Raises
        ------
        ClientError
            When it has not.
        """
        await self.call("ping")

    async def call(
        self,
        op: str,
        params: Mapping[str, object] | None = None,
        arrays: Mapping[str, npt.ArrayLike] | None = None,
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
        check: bool | Registry = False,
    ) -> CallResult:
        """Call an operation.

        Parameters
        ----------
        op, params, arrays, certify, deadline_ms, check
            As for `BridgeClient.call`. The check runs in another thread.

        Raises
        ------
        RemoteError
            When the server answered with an error.
        UnprovenError
            With `check`, when the answer's certificate does not hold; `CertificateMissing` when
            a certificate was asked for, by `certify` or `check`, and none came.
        InvalidParams
            With `check`, when Python has no checker for the operation.
        BridgeTimeout, ProtocolError, EndpointError, HandshakeError
            When there is no usable answer.
        ClientInUse, ClientClosed
            In another event loop, or after `close`.
        WireError
            When the request cannot be written.
        """
        checker = None
        if check is not False:
            from lpb_server.client.checking import checker_of

            certify = True
            checker = checker_of(op, None if check is True else check)
        request, frames, _ = prepare(op, params, arrays, certify, deadline_ms, self.format)
        async with self._turn:
            answer = await self._begin().send(
                frames, request.id, timeout_s=self.timeout_s, tries=self.tries
            )
        called = read_result(op, answer, self.endpoint, certify=certify)
        if checker is not None:
            from lpb_server.client.checking import require_proof

            await asyncio.to_thread(
                require_proof,
                *(checker, op, request.params, arrays, called),
                endpoint=self.endpoint,
                tries=answer.tries,
            )
        return called

    async def map(
        self,
        op: str,
        items: Iterable[Item],
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
        check: bool | Registry = False,
    ) -> AsyncIterator[CallResult]:
        """Call an operation for each item, `in_flight` of them at once; results in their order.

        Parameters
        ----------
        op : str
            Its name.
        items : iterable of mappings
            What each call is given: arrays of NumPy, and what can be made one, are sent as
            arrays, everything else as parameters.
        certify, deadline_ms, check
            As for `call`.

        Yields
        ------
        CallResult
            One for each item.

        Raises
        ------
        BridgeError
            As `call` does; the calls that are under way are cancelled.
        """
        window = self.window(op, certify=certify, deadline_ms=deadline_ms, check=check)
        source = iter(items)
        try:
            while True:
                window.begin(islice(source, window.room))
                results = await window.take()
                if not results:
                    return
                for result in results:
                    yield result
        finally:
            await window.cancel()

    def window(self, op: str, **options: Any) -> Window:
        """Return what a `map` calls through.

        Parameters
        ----------
        op : str
            The operation.
        options
            Of its calls.
        """

        def call(item: Item) -> Coroutine[Any, Any, CallResult]:
            params, arrays = split_item(item)
            return self.call(op, params, arrays, **options)

        return Window(call, self.in_flight)
