"""The Python client: calls operations of a bridge server.

All tries of a call carry one id and the same bytes, so that the server can tell a repetition from
a new request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from lpb_server.client.calls import FormatName, check_format, prepare, read_result
from lpb_server.client.dealer_transport import DealerTransport
from lpb_server.client.exchange import CallResult, Exchange
from lpb_server.client.guard import Guard
from lpb_server.client.lazy_pirate import Answer, LazyPirate
from lpb_server.client.transport import Transport
from lpb_server.security.keys import ClientCurve
from lpb_server.settings.config import BUSY_POLL_US
from lpb_server.sockets.backoff import DEFAULT_BACKOFF, Backoff
from lpb_server.sockets.durations import check_timeout
from lpb_server.sockets.endpoints import check_endpoint
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.values import Frame

if TYPE_CHECKING:  # NumPy takes longer to import than all of this, which may do without.
    import numpy.typing as npt

    from lpb_server.client.shared_memory import SharedArrays
    from lpb_server.client.window import Item
    from lpb_server.operations.registry import Registry

__all__ = ["INLINE_LIMIT_ELEMENTS", "BridgeClient"]

INLINE_LIMIT_ELEMENTS: Final = 256
"""Up to how many elements a matrix stands inline in the header, in the scenario "formats": of 256
elements, 458 us inline and 506 us as an array frame; of 1,024, 858 us and 570 us."""


class BridgeClient:
    """Calls operations of a bridge server.

    One thread at a time can use it; it is a context manager. The socket is opened on first use, and
    after `close` it stays closed. In a fork of the process it opens one of its own. It cannot be
    pickled.

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
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    curve : ClientCurve, optional
        The keys for a server that wants CURVE; `client_curve` reads them from a folder.
    shared_memory : bool
        Whether large arrays to a server of the same user on this host go through shared memory;
        where that does not work they are sent in frames.
    busy_poll_us : int
        For how many microseconds it polls busily for a reply before it sleeps, which makes small
        calls faster and costs that much processor time at most.
    sleep : callable
        Waits that many seconds; for tests.
    transport : Transport, optional
        What carries the messages; a DEALER socket by default. With another one, `endpoint` is a
        name in errors, and arrays do not go through shared memory.

    Raises
    ------
    MalformedEndpoint
        When the endpoint is none.
    ValueError
        When `format`, `tries` or `timeout_s` makes no sense.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        format: FormatName = "auto",
        timeout_s: float = 10.0,
        tries: int = 3,
        backoff: Backoff = DEFAULT_BACKOFF,
        limits: Limits = DEFAULT_LIMITS,
        curve: ClientCurve | None = None,
        shared_memory: bool = True,
        busy_poll_us: int = BUSY_POLL_US,
        sleep: Callable[[float], None] = time.sleep,
        transport: Transport | None = None,
    ) -> None:
        if tries < 1:
            raise ValueError("tries must be at least 1")
        self.endpoint = check_endpoint(endpoint, binds=False)
        self.format: FormatName = check_format(format)
        self.timeout_s = check_timeout("timeout_s", timeout_s)
        self.tries = tries
        self._backoff, self._limits, self._curve = backoff, limits, curve
        carrier = transport or DealerTransport(endpoint, limits, curve, busy_poll_us)
        self._guard = Guard(carrier, endpoint)
        self._pirate = LazyPirate(carrier, endpoint, backoff, limits, sleep)
        self._shares = shared_memory and transport is None
        self._shared_arrays: SharedArrays | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket, for good; what is still unsent is dropped.

        Raises
        ------
        ClientInUse
            When another thread is in a call.
        """
        self._guard.close(self._shared_arrays)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: a socket cannot go elsewhere, and keys should not."""
        raise TypeError(
            "a BridgeClient cannot be pickled or copied; make one in each process or thread, "
            f"with the same endpoint, {self.endpoint}"
        )

    def ping(self) -> None:
        """Return when the server has answered.

        Raises
        ------
        ClientError
            When it has not.
        """
        self.call("ping")

    def matrix_sum(self, matrix: npt.ArrayLike, *, certify: bool = False) -> CallResult:
        """Sum a float64 matrix; its size decides whether it travels inline or as a frame.

        Parameters
        ----------
        matrix : array_like
            Two dimensions; converted to float64, which has to hold every element exactly.
        certify : bool
            Whether to ask for a certificate.

        Raises
        ------
        WireError
            For what would be lost: a mask, an imaginary part, digits of integers beyond 2^53.
        ClientError
            When there is no result.
        """
        from lpb_server.wire.exact_arrays import exact_floats

        array = exact_floats("matrix", matrix)
        if array.ndim == 2 and 0 < array.size <= INLINE_LIMIT_ELEMENTS:
            return self.call("matrix_sum", {"matrix": array.tolist()}, certify=certify)
        return self.call("matrix_sum", arrays={"matrix": array}, certify=certify)

    def shared_zeros(self, shape: Sequence[int], dtype: npt.DTypeLike = float) -> npt.NDArray[Any]:
        """Make an array that `call` can send without a copy, where shared memory works.

        Elsewhere it is an array like any other. A server reads it where it lies: do not change it
        during a call, nor after one that ended without a reply, whose request may still wait.

        Parameters
        ----------
        shape : sequence of int
            Its shape.
        dtype : dtype
            Of its elements, which are zero; float64 by default.
        """
        import numpy as np

        shared = self._shared
        return np.zeros(shape, dtype) if shared is None else shared.zeros(shape, dtype)

    def call(
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
        op : str
            Its name.
        params : mapping, optional
            Its parameters: numbers, NumPy's among them, bools, texts, None, and sequences and
            mappings of these.
        arrays : mapping of str to array_like, optional
            Sent after the header without a copy, when they are little endian and in C order;
            large ones through shared memory, where that works.
        certify : bool
            Whether to ask for a certificate.
        deadline_ms : int, optional
            The server drops the request when it has waited that long.
        check : bool or Registry
            Whether to check the certificate here, in Python's exact integers; a registry says
            which operations are known. It is a convenience: Lean's kernel is the judge.

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
        ClientInUse
            When another thread is in a call.
        ClientClosed
            When the client is closed.
        WireError
            When the request cannot be written.
        """
        self._guard.begin()
        try:
            return self._call(op, params, arrays, certify, deadline_ms, check)
        finally:
            self._guard.end()

    def _call(
        self,
        op: str,
        params: Mapping[str, object] | None,
        arrays: Mapping[str, npt.ArrayLike] | None,
        certify: bool,
        deadline_ms: int | None,
        check: bool | Registry,
    ) -> CallResult:
        checker = None
        if check is not False:
            from lpb_server.client.checking import checker_of

            certify = True
            checker = checker_of(op, None if check is True else check)
        answer, request_id = None, None
        shared = self._shared if arrays else None
        placed = shared.place(arrays) if shared is not None and arrays else None
        if shared is not None and placed is not None:
            request, frames, _ = prepare(
                op, params, None, certify, deadline_ms, self.format, placed=placed
            )
            answer, request_id = self._send_shared(shared, frames, request.id), request.id
        if answer is None:
            request, frames, _ = prepare(
                op, params, arrays, certify, deadline_ms, self.format, request_id
            )
            answer = self._send(frames, request.id)
        called = read_result(op, answer, self.endpoint, certify=certify)
        if checker is not None:
            from lpb_server.client.checking import require_proof

            require_proof(
                *(checker, op, request.params, arrays, called),
                endpoint=self.endpoint,
                tries=answer.tries,
            )
        return called

    def map(
        self,
        op: str,
        items: Iterable[Item],
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
        check: bool | Registry = False,
        in_flight: int = 64,
    ) -> Iterator[CallResult]:
        """Call an operation for each item, many of them at once; results in their order.

        It has a connection of its own, in a thread of its own: an `AsyncClient`.

        Parameters
        ----------
        op : str
            Its name.
        items : iterable of mappings
            What each call is given: arrays of NumPy, and what can be made one, are sent as
            arrays, everything else as parameters. They are drawn as the calls get their turn.
        certify, deadline_ms, check
            As for `call`.
        in_flight : int
            How many are under way at most.

        Yields
        ------
        CallResult
            One for each item.

        Raises
        ------
        BridgeError
            As `call` does; the calls that are under way are cancelled.
        """
        from lpb_server.client.async_client import AsyncClient
        from lpb_server.client.loop_thread import call_each

        def make() -> AsyncClient:
            return AsyncClient(
                self.endpoint,
                format=self.format,
                timeout_s=self.timeout_s,
                tries=self.tries,
                in_flight=in_flight,
                backoff=self._backoff,
                limits=self._limits,
                curve=self._curve,
            )

        return call_each(make, op, items, certify=certify, deadline_ms=deadline_ms, check=check)

    def exchange(
        self,
        op: str,
        params: Mapping[str, object] | None = None,
        arrays: Mapping[str, npt.ArrayLike] | None = None,
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
        format: FormatName | None = None,
        request_id: str | None = None,
    ) -> Exchange:
        """Call an operation and keep the exact bytes of both messages.

        Parameters
        ----------
        op, params, arrays, certify, deadline_ms
            As for `call`.
        format : str, optional
            The client's own by default.
        request_id : str, optional
            A new random one by default.

        Returns
        -------
        Exchange
            Its reply may be an error.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError, WireError
            As for `call`.
        """
        request, frames, wire_format = prepare(
            op, params, arrays, certify, deadline_ms, format or self.format, request_id
        )
        self._guard.begin()
        try:
            answer = self._send(frames, request.id)
        finally:
            self._guard.end()
        return Exchange(
            request=request,
            reply=answer.reply,
            request_frames=tuple(map(bytes, frames)),
            reply_frames=tuple(map(bytes, answer.frames)),
            arrays=answer.arrays,
            wire_format=wire_format,
            tries=answer.tries,
        )

    def call_raw(self, frames: Sequence[Frame], request_id: str) -> list[bytes]:
        """Send frames as they are, and return the frames of the reply to that id.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError
            When no reply with that id comes.
        """
        self._guard.begin()
        try:
            return [bytes(frame) for frame in self._send(frames, request_id).frames]
        finally:
            self._guard.end()

    def _send(self, frames: Sequence[Frame], request_id: str) -> Answer:
        return self._pirate.send(frames, request_id, timeout_s=self.timeout_s, tries=self.tries)

    @property
    def _shared(self) -> SharedArrays | None:
        """What arrays lie in that go through shared memory; None where they do not."""
        if self._shares and self._shared_arrays is None:
            from lpb_server.client.shared_memory import SharedArrays

            self._shared_arrays = SharedArrays(self.endpoint)
        return self._shared_arrays

    def _send_shared(
        self, shared: SharedArrays, frames: Sequence[Frame], request_id: str
    ) -> Answer | None:
        """Send references to shared memory; None when the server wants frames."""
        try:
            answer = self._send(frames, request_id)
        except BaseException:
            shared.close()
            raise
        return answer if shared.settle(answer.reply, answer.tries) else None
