"""The names by which a ROUTER knows its peers, which a peer must not be able to foresee.

A ROUTER gives a peer without a routing id a name of its own: a zero byte and a counter of 32 bits.
A peer may also claim a name, that one too, and libzmq does not look, neither 4.3.5 nor its newest
sources: when the counter comes to a claimed name, an assertion ends the whole process. Hence:

- The counter starts at ``rand()``, whose seed nobody sets. Here it is drawn by the system.
- Under CURVE each peer is named by the authenticator: the metadata of its answer replace what the
  peer claims, which is read before. It is not when libzmq's thread is interrupted between asking
  and looking for the answer, and the answer is there when it looks: then it reads what the peer
  claims after it (libzmq 4.3.5, ``curve_server.cpp``, ``process_initiate``). Seen once in hundreds
  of runs on a busy machine. That the counter cannot be foreseen protects then, and only those who
  have an allowed key come so far.
- Without CURVE a peer can send its name after that answer, so there the authenticator bounds how
  many may try, and how fast.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import struct
from typing import Final

__all__ = ["draw_first_names", "drawn_name"]

_SEED: Final = struct.Struct("=I")
_PROPERTY: Final = b"\x08Identity"
_LENGTH: Final = struct.Struct(">I")


def draw_first_names() -> None:
    """Let the sockets that are made from now on count from where nobody can foresee."""
    try:
        seed = ctypes.CDLL(None).srand
    except (OSError, AttributeError):  # Not on every system: then it is as libzmq has it.
        return
    seed(ctypes.c_uint(_SEED.unpack(os.urandom(_SEED.size))[0]))


def drawn_name() -> bytes:
    """Return ZAP metadata that give a peer a name that no other has, nor could foresee."""
    name = secrets.token_hex(16).encode()
    return _PROPERTY + _LENGTH.pack(len(name)) + name
