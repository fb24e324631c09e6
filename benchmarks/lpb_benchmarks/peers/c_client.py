"""The project's C library, which the Lean client stands on, asked from Python through ctypes."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from lpb_benchmarks.peers.base import Connection, PreparedCall
from lpb_benchmarks.peers.bridge import Bridge

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["CClient"]

_DEALER: Final = 1
_RECEIVE_TIMEOUT_MS: Final = 1


class _Frame(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("release", ctypes.c_void_p),
        ("hint", ctypes.c_void_p),
    )


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.lpb_error_text.restype = ctypes.c_char_p
    library.lpb_message_data.restype = ctypes.c_void_p
    library.lpb_message_size.restype = ctypes.c_size_t
    handle = ctypes.c_void_p
    library.lpb_socket_send.argtypes = [handle, ctypes.POINTER(_Frame), ctypes.c_size_t]
    library.lpb_socket_receive.argtypes = [handle, ctypes.POINTER(handle)]
    library.lpb_message_data.argtypes = [handle, ctypes.c_size_t]
    library.lpb_message_size.argtypes = [handle, ctypes.c_size_t]
    library.lpb_message_free.argtypes = [handle]
    library.lpb_socket_free.argtypes = [handle]
    library.lpb_context_release.argtypes = [handle]
    library.lpb_context_new.argtypes = [ctypes.c_int64, handle]
    library.lpb_socket_set_option.argtypes = [handle, ctypes.c_int, ctypes.c_int64]
    return library


def _address(data: bytes) -> ctypes.c_void_p:
    """Return where the bytes lie; the caller keeps them."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)


class _LibraryConnection(Connection):
    def __init__(self, endpoint: str, path: str) -> None:
        self._library = _load(path)
        self._kept: list[list[bytes]] = []
        self._context = ctypes.c_void_p()
        self._socket = ctypes.c_void_p()
        self._check(self._library.lpb_context_new(1, ctypes.byref(self._context)))
        self._check(
            self._library.lpb_socket_new(self._context, _DEALER, ctypes.byref(self._socket))
        )
        self._check(self._library.lpb_socket_set_option(self._socket, _RECEIVE_TIMEOUT_MS, 120_000))
        self._check(self._library.lpb_socket_connect(self._socket, endpoint.encode()))

    def _check(self, status: int) -> None:
        if status != 0:
            raise OSError(self._library.lpb_error_text().decode())

    def prepare(self, workload: Workload) -> PreparedCall:
        from lpb_server.client import new_id
        from lpb_server.wire import decode_reply

        from lpb_benchmarks.peers.workload import FIXED_ID

        header, *arrays = (bytes(frame) for frame in workload.frames())
        before, after = header.split(FIXED_ID.encode())
        frames = (_Frame * (1 + len(arrays)))()
        for frame, data in zip(list(frames)[1:], arrays, strict=True):
            frame.data = _address(data)
            frame.size = len(data)
        self._kept.append(arrays)  # The frames point into them.

        def run() -> bytes:
            fresh = before + new_id().encode() + after  # One id is answered once.
            frames[0].data = _address(fresh)
            frames[0].size = len(fresh)
            return self._exchange(frames)

        def accepts(answer: Any) -> bool:
            result = decode_reply([answer]).reply.result
            return result is not None and workload.accepts_sum(float(str(result["sum"])))

        return PreparedCall(run, accepts)

    def _exchange(self, frames: Any) -> bytes:
        library, message = self._library, ctypes.c_void_p()
        self._check(library.lpb_socket_send(self._socket, frames, len(frames)))
        self._check(library.lpb_socket_receive(self._socket, ctypes.byref(message)))
        size = library.lpb_message_size(message, 0)
        reply = ctypes.string_at(library.lpb_message_data(message, 0), size)
        library.lpb_message_free(message)
        return reply

    def close(self) -> None:
        self._library.lpb_socket_free(self._socket)
        self._library.lpb_context_release(self._context)


class CClient(Bridge):
    """The bridge's server, and a request that is encoded already, through the C library."""

    title = "the C library's client"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Load the library, whose path is the only argument."""
        return _LibraryConnection(endpoint, arguments[0])
