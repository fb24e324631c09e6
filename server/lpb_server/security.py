"""Who may reach the server."""

from __future__ import annotations

import ipaddress

from lpb_server.errors import InsecureBindError

__all__ = ["check_bind", "is_loopback"]


def is_loopback(endpoint: str) -> bool:
    """Tell whether only this machine can reach an endpoint.

    Parameters
    ----------
    endpoint : str
        ``tcp://host:port``, ``ipc://path`` or ``inproc://name``. A host name other than
        ``localhost`` counts as reachable: what it resolves to can change.
    """
    transport, _, address = endpoint.partition("://")
    if transport in ("ipc", "inproc"):
        return True
    host = address.rpartition(":")[0].strip("[]").partition("%")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(endpoint: str, *, insecure: bool) -> None:
    """Refuse to listen beyond loopback with nothing to protect the server.

    Raises
    ------
    InsecureBindError
        Unless `insecure` says that it is meant.
    """
    if not insecure and not is_loopback(endpoint):
        raise InsecureBindError(endpoint)
