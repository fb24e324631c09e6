"""Lean and numerical Python, joined: everything that a program of one's own needs.

::

    import lean_python_bridge as lpb

    answer = lpb.certified("matrix_sum", {"matrix": [[1.0, 2.0], [3.0, 4.0]]})

Names are imported when they are first used: this package itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lpb_server import __version__, errors
    from lpb_server.client.async_client import AsyncClient
    from lpb_server.client.certified import certified
    from lpb_server.client.client import BridgeClient as Client
    from lpb_server.client.exchange import CallResult
    from lpb_server.errors import (
        BridgeError,
        BridgeTimeout,
        ClientError,
        RemoteError,
        Uncertifiable,
        UnprovenError,
    )
    from lpb_server.models.csr_arrays import csr_arrays
    from lpb_server.operations.certificate import Certificate
    from lpb_server.operations.declaration import ArraySpec
    from lpb_server.operations.definition import operation
    from lpb_server.operations.question import Answer, Evidence, Example, Outcome, Question
    from lpb_server.operations.registry import default_registry
    from lpb_server.operations.scaling import Scaling
    from lpb_server.security.keys import ClientCurve, client_curve

__all__ = [
    "Answer",
    "ArraySpec",
    "AsyncClient",
    "BridgeError",
    "BridgeTimeout",
    "CallResult",
    "Certificate",
    "Client",
    "ClientCurve",
    "ClientError",
    "Evidence",
    "Example",
    "Outcome",
    "Question",
    "RemoteError",
    "Scaling",
    "Uncertifiable",
    "UnprovenError",
    "__version__",
    "certified",
    "client_curve",
    "csr_arrays",
    "default_registry",
    "errors",
    "operation",
]

_PLACES: Final = {
    "__version__": "lpb_server",
    "Answer": "lpb_server.operations.question",
    "ArraySpec": "lpb_server.operations.declaration",
    "AsyncClient": "lpb_server.client.async_client",
    "CallResult": "lpb_server.client.exchange",
    "Certificate": "lpb_server.operations.certificate",
    "Client": "lpb_server.client.client:BridgeClient",
    "ClientCurve": "lpb_server.security.keys",
    "Evidence": "lpb_server.operations.question",
    "Example": "lpb_server.operations.question",
    "Outcome": "lpb_server.operations.question",
    "Question": "lpb_server.operations.question",
    "Scaling": "lpb_server.operations.scaling",
    "certified": "lpb_server.client.certified",
    "client_curve": "lpb_server.security.keys",
    "csr_arrays": "lpb_server.models.csr_arrays",
    "default_registry": "lpb_server.operations.registry",
    "operation": "lpb_server.operations.definition",
}
"""Where each name comes from, and what it is called there; the rest are exceptions."""


def __getattr__(name: str) -> object:
    if name == "errors":
        return import_module("lpb_server.errors")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, there = _PLACES.get(name, "lpb_server.errors").partition(":")
    found: object = getattr(import_module(module), there or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
