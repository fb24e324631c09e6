"""Every exception of the bridge, in one tree.

::

    BridgeError
    ├── RequestError            what an error reply is made of: code, message, details
    │   ├── WireError           bytes or values that break the protocol
    │   │   └── JsonSyntaxError a text that is no JSON at all
    │   ├── InvalidParams       parameters or arrays that an operation refuses
    │   └── Uncertifiable       an answer that no certificate can be made for
    ├── ClientError             a call that gave no result: endpoint, tries, cause
    │   ├── BridgeTimeout       every try went unanswered
    │   ├── ProtocolError       the last try was answered with something that is no reply
    │   ├── ClientInUse         another thread uses the client at this moment
    │   ├── ClientClosed        the client was closed, before the call or during it
    │   ├── RemoteError         the server answered with an error: code, message, details
    │   ├── UnprovenError       the certificate does not hold
    │   │   └── CertificateMissing  a certificate was asked for, and none came
    │   ├── EndpointError       the endpoint cannot be used at all
    │   └── HandshakeError      the server and this client do not let each other in
    ├── ServerError             the server cannot run as asked
    │   ├── BindError           the endpoint cannot be bound
    │   ├── ExecutorError       what is to run the operations is not there
    │   └── InsecureBindError   the endpoint is reachable from elsewhere, and nothing protects it
    ├── MalformedEndpoint       the endpoint is none; a ValueError, too
    ├── ConfigError             a setting that cannot be used: where it stands, what is wrong
    ├── KeyFileError            a CURVE key that is not there, or is none
    └── RegistrationError       an operation that cannot be registered

This module imports nothing of ours, so that every layer can raise from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

__all__ = [
    "BindError",
    "BridgeError",
    "BridgeTimeout",
    "CertificateMissing",
    "ClientClosed",
    "ClientError",
    "ClientInUse",
    "ConfigError",
    "EndpointError",
    "ErrorCode",
    "ExecutorError",
    "HandshakeError",
    "InsecureBindError",
    "InvalidParams",
    "JsonSyntaxError",
    "KeyFileError",
    "MalformedEndpoint",
    "ProtocolError",
    "RegistrationError",
    "RemoteError",
    "RequestError",
    "ServerError",
    "Uncertifiable",
    "UnprovenError",
    "WireError",
]


class ErrorCode(StrEnum):
    """The codes that an error reply can carry."""

    BAD_MESSAGE = "bad_message"
    UNSUPPORTED_SCHEMA_VERSION = "unsupported_schema_version"
    UNKNOWN_OPERATION = "unknown_operation"
    INVALID_PARAMS = "invalid_params"
    UNCERTIFIABLE = "uncertifiable"
    TOO_LARGE = "too_large"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    OVERLOADED = "overloaded"
    WORKER_LOST = "worker_lost"
    UNAUTHORIZED = "unauthorized"
    INTERNAL = "internal"


class BridgeError(Exception):
    """Base of everything that the bridge raises on purpose."""


class RequestError(BridgeError):
    """A request that is answered with an error reply.

    Parameters
    ----------
    code : ErrorCode
        What went wrong, for programs.
    message : str
        What went wrong, for people: one sentence that names the offending part.
    details : mapping, optional
        Values of the data model that a program can use, such as the limit that was passed.
    """

    def __init__(
        self, code: ErrorCode, message: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message, details)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class WireError(RequestError):
    """Bytes or values that break the protocol; the code is ``bad_message`` unless given."""

    def __init__(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        code: ErrorCode = ErrorCode.BAD_MESSAGE,
    ) -> None:
        super().__init__(code, message, details)


class JsonSyntaxError(WireError):
    """A text that is no JSON at all, rather than JSON that breaks a rule."""


class InvalidParams(RequestError):
    """Parameters or arrays that an operation refuses; operations raise it themselves."""

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(ErrorCode.INVALID_PARAMS, message, details)


class Uncertifiable(RequestError):
    """An answer that no certificate can be made for, such as one in too little precision.

    What makes certificates raises it, with the reason. Without `certify` the request is answered.
    """

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(ErrorCode.UNCERTIFIABLE, message, details)


class ClientError(BridgeError):
    """A call that gave no result.

    Parameters
    ----------
    message : str
        What happened.
    endpoint : str
        Where the request was sent.
    tries : int
        How many times it was sent.
    cause : str
        What ended the last try; empty when the message says it all.
    """

    def __init__(self, message: str, *, endpoint: str, tries: int, cause: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.endpoint = endpoint
        self.tries = tries
        self.cause = cause

    def __str__(self) -> str:
        tries = f"{self.tries} {'try' if self.tries == 1 else 'tries'}"
        cause = f"; last cause: {self.cause}" if self.cause else ""
        return f"{self.endpoint}: {self.message} ({tries}{cause})"


class BridgeTimeout(ClientError):
    """Every try went unanswered until its timeout."""


class ProtocolError(ClientError):
    """The last try was answered with something that is no reply to the request."""


class ClientInUse(ClientError):
    """Another thread uses the client at this moment: each thread needs a client of its own."""


class ClientClosed(ClientError):
    """The client was closed, before the call or while it waited."""


class RemoteError(ClientError):
    """The server answered with an error."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        endpoint: str,
        tries: int,
    ) -> None:
        super().__init__(f"{code}: {message}", endpoint=endpoint, tries=tries)
        self.code = code
        self.remote_message = message
        self.details: dict[str, Any] = dict(details or {})


class UnprovenError(ClientError):
    """The server answered, and the answer is not proven: its certificate does not hold."""


class CertificateMissing(UnprovenError):
    """A certificate was asked for, and the reply has none: the result is not to be relied on."""


class EndpointError(ClientError):
    """The endpoint cannot be used at all: no such transport, no such address."""


class HandshakeError(ClientError):
    """The server and this client do not let each other in; the message says what to check."""


class ConfigError(BridgeError):
    """A setting that cannot be used; the message says where it stands and what is wrong."""


class KeyFileError(BridgeError):
    """A CURVE key that is not there, cannot be read, or is none."""


class ServerError(BridgeError):
    """The server cannot run as asked."""


class BindError(ServerError):
    """The endpoint cannot be bound.

    Parameters
    ----------
    endpoint : str
        The endpoint that was asked for.
    reason : str
        What the system says.
    """

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"cannot bind {endpoint}: {reason}")
        self.endpoint = endpoint
        self.reason = reason


class ExecutorError(ServerError):
    """What is to run the operations is not there."""


class MalformedEndpoint(BridgeError, ValueError):
    """The endpoint is none, on any machine.

    Parameters
    ----------
    endpoint : str
        What was given.
    problem : str
        What is wrong with it.
    binds : bool
        Whether it was to be listened at.
    """

    def __init__(self, endpoint: str, problem: str, *, binds: bool = False) -> None:
        shown = endpoint if len(endpoint) <= 128 else f"{endpoint[:127]}…"
        free = ", where the port may be *," if binds else ""
        super().__init__(
            f"{shown!r} is no endpoint: {problem}; write tcp://host:port{free} or ipc://path"
        )
        self.endpoint = endpoint
        self.problem = problem


class InsecureBindError(ServerError):
    """The endpoint is reachable from other machines, and nothing protects it."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            f"{endpoint} is reachable from other machines and nothing protects it: "
            "protect it with --curve, bind a loopback address, or pass --insecure if that is meant"
        )
        self.endpoint = endpoint


class RegistrationError(BridgeError):
    """An operation that cannot be registered."""
