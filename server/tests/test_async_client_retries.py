"""The client for asyncio against servers that stall and stammer, go and come back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from async_client_support import AT_ONCE, Serve, id_of, with_client
from client_support import ServeScript, honest
from conditions import async_condition
from lpb_server.client.async_client import AsyncClient
from lpb_server.errors import (
    BridgeTimeout,
    ClientClosed,
    ClientInUse,
    HandshakeError,
    ProtocolError,
)
from lpb_server.security.keys import KeyFolder, client_curve
from lpb_server.settings.config import ServerConfig


def test_a_silent_server_is_tried_again_with_the_same_bytes(serve_script: ServeScript) -> None:
    seen: list[list[bytes]] = []

    def third_time(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames)
        return [honest(frames)] if number == 2 else []

    with serve_script(third_time) as endpoint:
        with_client(endpoint, lambda c: c.ping(), timeout_s=0.1, backoff=AT_ONCE)
        assert seen[0] == seen[1] == seen[2]
        with pytest.raises(BridgeTimeout, match=r"no reply within 0.1 s \(2 tries\)"):
            with_client(endpoint, lambda c: c.ping(), timeout_s=0.1, tries=2, backoff=AT_ONCE)


def test_one_that_is_never_answered_disturbs_no_other(serve_script: ServeScript) -> None:
    def deaf_to_the_first(number: int, frames: list[bytes]) -> list[list[bytes]]:
        ids.append(id_of(frames))
        return [] if ids[-1] == ids[0] else [honest(frames)]

    async def work(client: AsyncClient) -> int:
        lost = asyncio.ensure_future(client.ping())
        await async_condition(lambda: ids)
        await asyncio.gather(*(client.ping() for _ in range(50)))
        with pytest.raises(BridgeTimeout):
            await lost
        await client.ping()
        return ids.count(ids[0])

    ids: list[str] = []
    with serve_script(deaf_to_the_first) as endpoint:
        options: dict[str, Any] = {"timeout_s": 0.2, "tries": 3, "backoff": AT_ONCE}
        assert with_client(endpoint, work, format="json", **options) == 3


@pytest.mark.parametrize("garbage", [[b""], [b"garbage"], [b"{"], [b"{}", b"x"]])
def test_garbage_is_a_failed_try_with_its_cause(
    serve_script: ServeScript, garbage: list[bytes]
) -> None:
    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [garbage] if number < 1 or not healed else [honest(frames)]

    healed = True
    with serve_script(script) as endpoint:
        with_client(endpoint, lambda c: c.ping(), backoff=AT_ONCE)
        healed = False
        with pytest.raises(ProtocolError) as caught:
            with_client(endpoint, lambda c: c.ping(), backoff=AT_ONCE)
    assert caught.value.tries == 3
    assert caught.value.cause


def test_an_error_without_an_id_is_a_failed_try(serve_script: ServeScript) -> None:
    unread = honest([b"nonsense"])
    with (
        serve_script(lambda number, frames: [unread]) as endpoint,
        pytest.raises(ProtocolError, match="could not read the request"),
    ):
        with_client(endpoint, lambda c: c.ping(), tries=1)


def test_a_cancelled_call_leaves_nothing_behind(serve_script: ServeScript) -> None:
    held: list[list[bytes]] = []

    def first_late(number: int, frames: list[bytes]) -> list[list[bytes]]:
        if number == 0:
            held.append(frames)
            return []
        return [honest(held[0]), honest(frames)]

    async def work(client: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.ping()
        await client.ping()
        pipeline = client._pipeline
        assert pipeline is not None
        assert pipeline._waiting == {}

    with serve_script(first_late) as endpoint:
        with_client(endpoint, work)


def test_more_than_a_socket_holds_is_sent_when_there_is_room(serve_script: ServeScript) -> None:
    """ZeroMQ takes a thousand messages for a peer that is not there yet, and not one more."""
    seen: list[str] = []

    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(id_of(frames))
        return [honest(frames)]

    async def work(client: AsyncClient) -> int:
        return len(await asyncio.gather(*(client.call("ping") for _ in range(3000))))

    with serve_script(script) as endpoint:
        assert with_client(endpoint, work, format="json", in_flight=3000) == 3000
    assert len(seen) == len(set(seen)) == 3000


def under_way(client: AsyncClient) -> int:
    return 0 if client._pipeline is None else len(client._pipeline._waiting)


def test_after_close_it_stays_closed(serve_script: ServeScript) -> None:
    async def work() -> None:
        client = AsyncClient(endpoint)
        waiting = asyncio.ensure_future(client.ping())
        await async_condition(lambda: under_way(client) == 1)
        await client.close()
        with pytest.raises(ClientClosed):
            await waiting
        with pytest.raises(ClientClosed):
            await client.ping()
        await client.close()

    with serve_script(lambda number, frames: []) as endpoint:
        asyncio.run(work())


def test_another_loop_is_refused(endpoint: str) -> None:
    async def use(client: AsyncClient) -> None:
        await client.ping()
        with pytest.raises(ClientInUse, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(client.ping()))

    with_client(endpoint, use)


def test_one_that_is_left_open_warns(endpoint: str) -> None:
    async def use() -> None:
        client = AsyncClient(endpoint)
        await client.ping()
        pipeline = client._pipeline
        assert pipeline is not None
        kept = [client]
        del client
        with pytest.warns(ResourceWarning, match="unclosed <AsyncClient of tcp"):
            kept.clear()
        pipeline.close()

    asyncio.run(use())


def test_a_server_that_comes_back_is_found(serve: Serve) -> None:
    async def work(client: AsyncClient) -> None:
        with serve(ServerConfig(endpoint=endpoint)):
            await client.ping()
        calls = [asyncio.ensure_future(client.ping()) for _ in range(20)]
        await async_condition(lambda: under_way(client) == len(calls))
        with serve(ServerConfig(endpoint=endpoint)):
            await asyncio.gather(*calls)

    with serve() as first:
        endpoint = first.endpoint
    with_client(endpoint, work, timeout_s=0.5, tries=20)


def test_keys(tmp_path: Path, serve: Serve) -> None:
    folder = KeyFolder(tmp_path / "keys")
    for name in ("server", "alice", "mallory"):
        folder.new(name)
    folder.allow("alice")
    config = ServerConfig("tcp://127.0.0.1:*", curve=True, keys=folder.path)
    with serve(config) as server:
        endpoint = server.endpoint

        async def work(client: AsyncClient) -> int:
            return len(await asyncio.gather(*(client.call("ping") for _ in range(50))))

        assert with_client(endpoint, work, curve=client_curve(folder.path, "alice", "server")) == 50
        refused = client_curve(folder.path, "mallory", "server")
        with pytest.raises(HandshakeError, match=r"refused this client's key.*\(1 try"):
            with_client(endpoint, work, curve=refused)
        with pytest.raises(HandshakeError, match="wants CURVE"):
            with_client(endpoint, work, tries=1, timeout_s=1.0)
