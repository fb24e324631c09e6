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

ServeScript = Callable[..., AbstractContextManager[str]]


HONEST = Service(default_registry())


def impatient(endpoint: str, **options: Any) -> BridgeClient:
    """A client for servers that are silent: it does not wait long, nor sleep."""
    settings: dict[str, Any] = {"timeout_s": 0.15, "tries": 3, "sleep": lambda seconds: None}
    return BridgeClient(endpoint, **{**settings, **options})


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
