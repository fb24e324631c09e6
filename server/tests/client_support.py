"""What the tests of the client share: servers that answer by a script, and honest replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from lpb_server.client import (
    BridgeClient,
)
from lpb_server.errors import (
    ClientError,
)
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.wire import (
    Reply,
    WireFormat,
    encode_message,
)
from lpb_server.wire.values import Frame

ServeScript = Callable[..., AbstractContextManager[str]]


Script = Callable[[int, list[bytes]], list[list[bytes]]]

NOWHERE = "tcp://127.0.0.1:9"
"""What errors of a client without a socket name."""

HONEST = Service(default_registry())


def impatient(endpoint: str, **options: Any) -> BridgeClient:
    """A client for servers that are silent: it does not wait long, nor sleep."""
    settings: dict[str, Any] = {"timeout_s": 0.15, "tries": 3, "sleep": lambda seconds: None}
    return BridgeClient(endpoint, **{**settings, **options})


class ScriptedTransport:
    """A server that answers by a script, without a socket: a `Transport`.

    What the script returns for a message waits until it is received or the connection is dropped.
    """

    refusal = ""
    final = False

    def __init__(self, script: Script) -> None:
        self.seen: list[list[bytes]] = []
        self.resets = 0
        self._script = script
        self._waiting: list[list[bytes]] = []

    def send(self, frames: Sequence[Frame]) -> None:
        message = list(map(bytes, frames))
        self._waiting += self._script(len(self.seen), message)
        self.seen.append(message)

    def receive(self, deadline_s: float) -> list[Frame] | None:
        return list(self._waiting.pop(0)) if self._waiting else None

    def reset(self) -> None:
        self.resets += 1
        self._waiting.clear()

    def close(self) -> None:
        self.reset()

    def forget(self) -> None:
        self._waiting = []


def scripted(script: Script, **options: Any) -> BridgeClient:
    """A client of a server that answers by a script, in this thread."""
    return impatient(NOWHERE, transport=ScriptedTransport(script), **options)


def reply_with(reply: Reply, frames: Sequence[bytes] = ()) -> list[bytes]:
    return [bytes(item) for item in encode_message(reply, WireFormat.JSON, frames)]


def honest(frames: Sequence[bytes]) -> list[bytes]:
    return [bytes(item) for item in HONEST.handle(frames)]


@contextmanager
def raising(kind: type[ClientError], endpoint: str, tries: int = 3) -> Iterator[Any]:
    with pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    assert caught.value.endpoint == endpoint
    assert caught.value.tries == tries
