"""Tells systemd how the server is, as ``sd_notify`` does; elsewhere it does nothing."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

__all__ = ["READY", "STOPPING", "notify"]

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"

_VARIABLE: Final = "NOTIFY_SOCKET"
_LOG = logging.getLogger(__name__)


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send a state to the socket that systemd names; tell whether it was sent.

    Parameters
    ----------
    state : str
        `READY` or `STOPPING`.
    environment : mapping of str to str
        Where the socket is named: a path, or ``@`` and an abstract name.
    """
    address = environment.get(_VARIABLE, "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode(), address)
    except OSError as error:
        _LOG.warning("%s could not be sent to systemd: %s", state, error)
        return False
    return True
