"""What an endpoint is: one function judges it, for those who bind and those who connect.

libzmq itself takes a port modulo 2^16: a request for port 70991 would reach port 5455.
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Final

from lpb_server.errors import MalformedEndpoint

__all__ = ["check_endpoint", "is_loopback"]

_TCP: Final = re.compile(
    r"tcp://(?P<host>\[(?P<v6>[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?)\]|[A-Za-z0-9_][A-Za-z0-9._-]*|\*)"
    r":(?P<port>\*|[0-9]{1,5})"
)
_IPC: Final = "ipc://"
_LONGEST_PATH: Final = 107
"""Bytes of the path of a socket file: 108 on Linux, with the zero at its end."""

_GREATEST_PORT: Final = 65535


def check_endpoint(endpoint: str, *, binds: bool) -> str:
    """Return an endpoint: ``tcp://host:port`` or ``ipc://path``.

    Parameters
    ----------
    endpoint : str
        An IPv6 address stands in brackets.
    binds : bool
        Whether it is to listen there: then the host may be ``*``, for every interface, and the
        port ``*`` or 0, for a free one.

    Raises
    ------
    MalformedEndpoint
        When it is none; the message says what is wrong with it.
    """
    problem = _problem(endpoint, binds)
    if problem:
        raise MalformedEndpoint(endpoint, problem, binds=binds)
    return endpoint


def is_loopback(endpoint: str) -> bool:
    """Tell whether only this machine can reach an endpoint.

    Parameters
    ----------
    endpoint : str
        ``tcp://host:port`` or ``ipc://path``. A host name other than ``localhost`` counts as
        reachable: what it resolves to can change.
    """
    transport, _, address = endpoint.partition("://")
    if transport == "ipc":
        return True
    host = address.rpartition(":")[0].strip("[]").partition("%")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(endpoint: str, binds: bool) -> str:
    if endpoint.startswith(_IPC):
        return _path_problem(endpoint.removeprefix(_IPC), binds)
    transport, separator, address = endpoint.partition("://")
    if not separator:
        return "it names no transport"
    if transport != "tcp":
        return f"there is no transport {transport[:16]!r}"
    match = _TCP.fullmatch(endpoint)
    if match is None:
        if address.count(":") > 1 and "[" not in address:
            return "an IPv6 address stands in brackets"
        return "it has no host and port"
    if match["v6"] is not None:
        try:
            ipaddress.IPv6Address(match["v6"])
        except ValueError:
            return "what stands in brackets is no IPv6 address"
    if match["port"] == "*" or int(match["port"]) == 0:
        return "" if binds else "its port is not one that can be connected to"
    if int(match["port"]) > _GREATEST_PORT:
        return f"its port is beyond {_GREATEST_PORT}"
    if match["host"] == "*" and not binds:
        return "its host is not one that can be connected to"
    return ""


def _path_problem(path: str, binds: bool) -> str:
    if not path or path == "@" or (path == "*" and not binds):
        return "it names no file"
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError:
        return "its path cannot be a file's"
    if "\0" in path:
        return "its path holds a zero byte"
    if size > _LONGEST_PATH:
        return f"its path has {size} bytes, more than {_LONGEST_PATH}"
    return ""
