"""The service: request frames in, reply frames out; no sockets, no threads."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence

import msgspec
from mypy_extensions import mypyc_attr

from lpb_server.errors import ErrorCode, RequestError
from lpb_server.operations.definition import Operation
from lpb_server.operations.plain import plain_evidence, plain_outcome
from lpb_server.operations.question import ArrayMap, Evidence, Outcome
from lpb_server.operations.registry import Registry
from lpb_server.wire.arrays import decode_arrays, encode_arrays
from lpb_server.wire.certificate_arrays import certificate_on_the_wire
from lpb_server.wire.envelope import Reply, Timing
from lpb_server.wire.intake import Opened, Rejected, open_request
from lpb_server.wire.limits import REQUEST_LIMITS, Limits
from lpb_server.wire.messages import encode_message
from lpb_server.wire.shared_memory import Segments
from lpb_server.wire.values import Frame

__all__ = ["Handled", "Service"]

_LOG = logging.getLogger(__name__)
_MICROSECONDS = 1_000_000


class Handled(msgspec.Struct):
    """What became of a request.

    Parameters
    ----------
    reply : list of frames
        ``[header][array 0] …``, in the request's format.
    ran : bool
        Whether its operation was called, whatever came of that.
    """

    reply: list[Frame]
    ran: bool


@mypyc_attr(allow_interpreted_subclasses=True)  # Where it is compiled, too.
class Service:
    """Answers requests.

    Parameters
    ----------
    registry : Registry
        The operations on offer.
    limits : Limits
        What a request may cost.
    clock : callable
        Monotonic seconds; for the timing in replies.
    segments : Segments, optional
        Follows references to shared memory; without it they are refused.
    """

    def __init__(
        self,
        registry: Registry,
        limits: Limits = REQUEST_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        segments: Segments | None = None,
    ) -> None:
        self._registry = registry
        self._limits = limits
        self._clock = clock
        self._segments = segments

    @property
    def purity(self) -> dict[str, bool]:
        """Which operations there are, and whether each may run twice for one request."""
        return {item.name: item.pure for item in self._registry}

    def handle(self, frames: Sequence[Frame], queued_s: float = 0.0) -> list[Frame]:
        """Answer one message.

        Parameters
        ----------
        frames : sequence of frames
            ``[header][array 0][array 1] …``; any bytes whatever.
        queued_s : float
            How long the request has waited already, in seconds.

        Returns
        -------
        list of frames
            The reply, in the request's format: ``[header][array 0] …``. It never raises: what
            goes wrong is an error reply.
        """
        opened = self.open(frames)
        return opened.reply if isinstance(opened, Rejected) else self.run(opened, queued_s).reply

    def open(self, frames: Sequence[Frame]) -> Opened | Rejected:
        """Read the header of a message; the first half of `handle`."""
        return open_request(frames, self._limits)

    def run(self, opened: Opened, queued_s: float = 0.0) -> Handled:
        """Run a request that has been opened; the second half of `handle`."""
        late = opened.past_deadline(queued_s)
        if late is not None:
            return Handled(late, ran=False)
        ran = False
        try:
            called, arrays = self._check(opened)
            ran = True
            return Handled(self._answer(opened, queued_s, called, arrays), ran=True)
        except RequestError as error:
            reply = opened.refuse(error.code, error.message, error.details)
        except BaseException as error:  # An operation may call `sys.exit`: it ends the request.
            if _is_ctrl_c(error):
                raise
            about = {"id": opened.request.id, "op": opened.request.op}
            _LOG.exception("request %s failed inside the server", opened.request.id, extra=about)
            reply = opened.refuse(ErrorCode.INTERNAL, f"the server failed: {type(error).__name__}")
        return Handled(reply, ran)

    def _check(self, opened: Opened) -> tuple[Operation, ArrayMap]:
        request = opened.request
        arrays = decode_arrays(request.arrays, opened.frames[1:], self._limits, self._segments)
        called = self._registry.find(request.op)
        called.check(request.params, arrays, certify=request.certify)
        return called, arrays

    def _answer(
        self, opened: Opened, queued_s: float, called: Operation, arrays: ArrayMap
    ) -> list[Frame]:
        request = opened.request
        started_s = self._clock()
        returned = called.function(request.params, arrays)
        evidence: Evidence | None = None
        if request.certify:
            returned = _plain(called, returned)  # What is certified is what is sent.
            evidence = _plain_evidence(called, called.certify(request.params, arrays, returned))
        compute_us = round((self._clock() - started_s) * _MICROSECONDS)
        # A certified reply is a function of its request: every byte of it can be checked.
        timing = None
        if not request.certify:
            timing = Timing(round(queued_s * _MICROSECONDS), compute_us)
        try:
            if type(returned) is Outcome:
                return _written(opened, returned, evidence, timing)
        except RequestError:
            pass  # NumPy's own types, perhaps: they are looked for only where it matters.
        try:
            return _written(opened, _plain(called, returned), evidence, timing)
        except RequestError as error:
            raise _unsendable(called, error.message) from error


def _written(
    opened: Opened, outcome: Outcome, evidence: Evidence | None, timing: Timing | None
) -> list[Frame]:
    """Write a reply as frames: the arrays of the certificate follow those of the result."""
    certificate = None
    arrays = outcome.arrays
    if evidence is not None:
        certificate = evidence.entries
        if evidence.arrays:
            certificate = certificate_on_the_wire(certificate, evidence.arrays)
            arrays = {**arrays, **evidence.arrays}
    headers, array_frames = encode_arrays(arrays)
    reply = Reply(opened.request.id, outcome.result, headers, certificate, timing=timing)
    return encode_message(reply, opened.wire_format, array_frames)


def _plain(called: Operation, returned: object) -> Outcome:
    try:
        return plain_outcome(returned)
    except TypeError as error:
        raise _unsendable(called, str(error)) from error


def _plain_evidence(called: Operation, evidence: Evidence) -> Evidence:
    try:
        return plain_evidence(evidence)
    except TypeError as error:
        raise _unsendable(called, str(error)) from error


def _unsendable(called: Operation, reason: str) -> RequestError:
    # What the caller sent was fine; what the operation made of it cannot be sent.
    _LOG.error("%s gave a result that cannot be sent: %s", called.name, reason)
    return RequestError(
        ErrorCode.INTERNAL, f"{called.name} gave a result that cannot be sent: {reason}"
    )


def _is_ctrl_c(error: BaseException) -> bool:
    """Tell whether a KeyboardInterrupt is Python's own, rather than raised by an operation."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
