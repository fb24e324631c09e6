"""Who may reach the server."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from lpb_server.errors import InsecureBindError
from lpb_server.security.allow_list import AllowList
from lpb_server.security.keys import KeyFolder, KeyPair, Role
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.endpoints import check_endpoint, is_loopback

__all__ = ["Protection", "check_bind", "protection"]

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Protection:
    """CURVE at a socket that binds.

    Parameters
    ----------
    pair : KeyPair
        The server's own keys.
    allowed : AllowList
        Who may come in.
    """

    pair: KeyPair
    allowed: AllowList


def protection(config: ServerConfig, role: Role) -> Protection | None:
    """Return what protects a socket that peers of this role connect to; None without CURVE.

    Raises
    ------
    KeyFileError
        When the server has no key pair.
    """
    if not config.curve:
        return None
    folder = KeyFolder(config.keys)
    return Protection(folder.pair(config.curve_key), folder.allowed(role))


def check_bind(endpoint: str, *, insecure: bool, curve: bool = False) -> None:
    """Refuse to listen beyond loopback with nothing to protect the server.

    Raises
    ------
    MalformedEndpoint
        When it is no endpoint at all.
    InsecureBindError
        Unless `curve` protects it, or `insecure` says that it is meant.
    """
    check_endpoint(endpoint, binds=True)
    if curve or is_loopback(endpoint):
        return
    if not insecure:
        raise InsecureBindError(endpoint)
    _LOG.warning(
        "%s is reachable from other machines and nothing protects it: --insecure allows that",
        endpoint,
    )
