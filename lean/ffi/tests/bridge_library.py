"""The C library bridge_socket through ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path

__all__ = [
    "DEALER",
    "MAX_FRAMES",
    "READABLE",
    "RECEIVE_TIMEOUT_MS",
    "REQ",
    "TIMEOUT",
    "TOO_LARGE",
    "WRONG_THREAD",
    "Bridge",
    "BridgeError",
    "Client",
    "Frame",
    "Pointer",
    "Release",
]

OK, TIMEOUT, CLOSED, WRONG_THREAD, INVALID, WRONG_STATE, TOO_LARGE = range(7)
REQ, DEALER = range(2)
SEND_TIMEOUT_MS, RECEIVE_TIMEOUT_MS, LINGER_MS = range(3)
MAX_FRAME_BYTES, MAX_FRAMES = 5, 6
READABLE, WRITABLE = 1, 2

Pointer = ctypes.c_void_p
Release = ctypes.CFUNCTYPE(None, Pointer, Pointer)


class Frame(ctypes.Structure):
    """``lpb_frame``."""

    _fields_ = (
        ("data", Pointer),
        ("size", ctypes.c_size_t),
        ("release", Pointer),
        ("hint", Pointer),
    )


class BridgeError(Exception):
    """A status other than OK."""

    def __init__(self, status: int, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.status = status


class Bridge:
    """The library; its functions with the types that ctypes cannot know."""

    def __init__(self, library: Path) -> None:
        self.c = ctypes.CDLL(str(library))
        for name in ("lpb_error_text", "lpb_status_name"):
            getattr(self.c, name).restype = ctypes.c_char_p
        self.c.lpb_message_data.restype = Pointer
        for name in ("lpb_message_size", "lpb_message_count"):
            getattr(self.c, name).restype = ctypes.c_size_t
        self.c.lpb_context_new.argtypes = [ctypes.c_int64, Pointer]
        self.c.lpb_socket_set_option.argtypes = [Pointer, ctypes.c_int, ctypes.c_int64]
        self.c.lpb_socket_poll.argtypes = [Pointer, ctypes.c_int, ctypes.c_int64, Pointer]
        self.c.lpb_socket_send.argtypes = [Pointer, Pointer, ctypes.c_size_t]

    def check(self, status: int) -> None:
        if status != OK:
            name = self.c.lpb_status_name(status).decode()
            raise BridgeError(status, name, self.c.lpb_error_text().decode())


class Client:
    """A context with one socket."""

    def __init__(self, bridge: Bridge, kind: int = DEALER, **options: int) -> None:
        self.bridge = bridge
        self.context, self.socket = Pointer(), Pointer()
        bridge.check(bridge.c.lpb_context_new(1, ctypes.byref(self.context)))
        bridge.check(bridge.c.lpb_socket_new(self.context, kind, ctypes.byref(self.socket)))
        self.set(RECEIVE_TIMEOUT_MS, 10_000)

    def set(self, option: int, value: int) -> None:
        self.bridge.check(self.bridge.c.lpb_socket_set_option(self.socket, option, value))

    def connect(self, endpoint: str) -> None:
        self.bridge.check(self.bridge.c.lpb_socket_connect(self.socket, endpoint.encode()))

    def send(self, *frames: bytes) -> None:
        array = (Frame * len(frames))(
            *(Frame(ctypes.cast(ctypes.c_char_p(f), Pointer), len(f), None, None) for f in frames)
        )
        self.bridge.check(self.bridge.c.lpb_socket_send(self.socket, array, len(frames)))

    def receive(self) -> list[bytes]:
        message = Pointer()
        c = self.bridge.c
        self.bridge.check(c.lpb_socket_receive(self.socket, ctypes.byref(message)))
        try:
            return [
                ctypes.string_at(c.lpb_message_data(message, i), c.lpb_message_size(message, i))
                for i in range(c.lpb_message_count(message))
            ]
        finally:
            c.lpb_message_free(message)

    def poll(self, events: int, timeout_ms: int) -> int:
        ready = ctypes.c_int()
        status = self.bridge.c.lpb_socket_poll(self.socket, events, timeout_ms, ctypes.byref(ready))
        self.bridge.check(status)
        return ready.value

    def close(self) -> None:
        self.bridge.c.lpb_socket_free(self.socket)
        self.bridge.c.lpb_context_release(self.context)
