"""What the tests of the client for asyncio share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from lpb_server.client import Backoff
from lpb_server.client.async_client import AsyncClient
from lpb_server.frontend.in_process_server import BridgeServer

Serve = Callable[..., AbstractContextManager[BridgeServer]]
AT_ONCE = Backoff(first_s=0.0, limit_s=0.0)


def id_of(frames: Sequence[bytes]) -> str:
    return str(json.loads(frames[0])["id"])


def with_client(
    endpoint: str, work: Callable[[AsyncClient], Awaitable[Any]], **options: Any
) -> Any:
    """Run `work` in a loop of its own, with a client that is closed afterwards."""

    async def run() -> Any:
        async with AsyncClient(endpoint, **options) as client:
            return await work(client)

    return asyncio.run(run())


def sums(count: int) -> list[dict[str, Any]]:
    return [{"matrix": [[float(n), 1.0]]} for n in range(count)]
