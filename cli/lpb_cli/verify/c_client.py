"""A client made of the project's C library alone, called through ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lpb_cli.errors import LpbError

__all__ = ["CClient", "CClientError"]

# Of bridge_socket.h.
_INTERFACE_VERSION: Final = 2
_DEALER: Final = 1
_RECEIVE_TIMEOUT_MS: Final = 1
_OK: Final = 0


class CClientError(LpbError):
    """The library refused a call, or no reply came in time."""


class _Frame(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_char_p),
        ("size", ctypes.c_size_t),
        ("release", ctypes.c_void_p),  # none: the bytes are copied before the call returns
        ("hint", ctypes.c_void_p),
    )


class CClient:
    """A DEALER socket of ``bridge_socket``, connected to one endpoint.

    Parameters
    ----------
    library
        ``libbridge_socket.so``.
    timeout_ms
        How long `exchange` waits for a message.

    Raises
    ------
    CClientError
        When the library cannot be loaded or connected.
    """

    def __init__(self, library: Path, endpoint: str, timeout_ms: int) -> None:
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise CClientError(f"{library} cannot be loaded: {error}") from error
        self._library.lpb_error_text.restype = ctypes.c_char_p
        self._library.lpb_message_count.restype = ctypes.c_size_t
        self._library.lpb_message_size.restype = ctypes.c_size_t
        self._library.lpb_message_data.restype = ctypes.c_void_p
        if self._library.lpb_interface_version() != _INTERFACE_VERSION:
            raise CClientError(f"{library} has another interface: build it anew")
        self._context, self._socket = ctypes.c_void_p(), ctypes.c_void_p()
        try:
            self._call("lpb_context_new", ctypes.c_int64(1), ctypes.byref(self._context))
            self._call("lpb_socket_new", self._context, _DEALER, ctypes.byref(self._socket))
            self._call(
                "lpb_socket_set_option",
                self._socket,
                _RECEIVE_TIMEOUT_MS,
                ctypes.c_int64(timeout_ms),
            )
            self._call("lpb_socket_connect", self._socket, endpoint.encode())
        except CClientError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket and end the context; closing again is allowed."""
        self._library.lpb_socket_free(self._socket)
        self._library.lpb_context_release(self._context)
        self._context, self._socket = ctypes.c_void_p(), ctypes.c_void_p()

    def exchange(self, frames: Sequence[bytes]) -> tuple[bytes, ...]:
        """Send one message and give the frames of the next one that comes.

        Raises
        ------
        CClientError
            When it cannot be sent, or nothing comes in time.
        """
        message = (_Frame * len(frames))(*(_Frame(frame, len(frame)) for frame in frames))
        self._call("lpb_socket_send", self._socket, message, ctypes.c_size_t(len(frames)))
        received = ctypes.c_void_p()
        self._call("lpb_socket_receive", self._socket, ctypes.byref(received))
        try:
            return tuple(
                ctypes.string_at(
                    self._library.lpb_message_data(received, ctypes.c_size_t(index)),
                    self._library.lpb_message_size(received, ctypes.c_size_t(index)),
                )
                for index in range(self._library.lpb_message_count(received))
            )
        finally:
            self._library.lpb_message_free(received)

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._library, function)(*arguments) != _OK:
            text = self._library.lpb_error_text().decode(errors="replace")
            raise CClientError(f"{function}: {text}")
