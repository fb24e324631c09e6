"""The client for asyncio against a real server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from async_client_support import id_of, sums, with_client
from client_support import ServeScript, honest
from lpb_server.client import BridgeClient
from lpb_server.client.async_client import AsyncClient
from lpb_server.client.window import split_item
from lpb_server.errors import (
    CertificateMissing,
    RemoteError,
    WireError,
)


@pytest.mark.parametrize("format", ["auto", "json", "msgpack", "protobuf"])
def test_many_calls_at_once_get_each_its_own_answer(endpoint: str, format: str) -> None:
    async def work(client: AsyncClient) -> list[Any]:
        return await asyncio.gather(*(client.call("matrix_sum", item) for item in sums(200)))

    results = with_client(endpoint, work, format=format)
    assert [called.result["sum"] for called in results] == [n + 1.0 for n in range(200)]


def test_arrays_and_certificates_and_their_check(endpoint: str) -> None:
    async def work(client: AsyncClient) -> Any:
        return await client.call("matrix_sum", arrays={"matrix": np.ones((300, 300))}, check=True)

    called = with_client(endpoint, work)
    assert called.result["sum"] == 90000.0
    assert called.certificate is not None


def test_map_keeps_the_order_and_the_bound(serve_script: ServeScript) -> None:
    """The answers come in the opposite order, four at a time: no more are under way."""
    held: list[list[bytes]] = []
    most = []

    def backwards(number: int, frames: list[bytes]) -> list[list[bytes]]:
        held.append(frames)
        most.append(len(held))
        if len(held) < 4:
            return []
        replies = [honest(frames) for frames in reversed(held)]
        held.clear()
        return replies

    async def work(client: AsyncClient) -> list[Any]:
        return [c.result["sum"] async for c in client.map("matrix_sum", sums(12))]

    with serve_script(backwards) as endpoint:
        assert with_client(endpoint, work, in_flight=4) == [n + 1.0 for n in range(12)]
    assert max(most) == 4


def test_map_without_a_loop(endpoint: str) -> None:
    drawn: list[int] = []

    def items() -> Iterator[dict[str, Any]]:
        for n in range(300):
            drawn.append(n)
            yield {"matrix": np.array([[float(n)]])}

    with BridgeClient(endpoint) as client:
        results = client.map("matrix_sum", items(), in_flight=8)
        assert next(results).result["sum"] == 0.0
        assert len(drawn) < 300  # They are drawn as the calls get their turn.
        assert [c.result["sum"] for c in results] == [float(n) for n in range(1, 300)]
        assert list(client.map("ping", [])) == []
        broken = client.map("matrix_sum", [{"matrix": [[1.0]]}, {}, {"matrix": [[2.0]]}])
        assert next(broken).result["sum"] == 1.0
        with pytest.raises(RemoteError, match="invalid_params"):
            list(broken)
        abandoned = client.map("ping", ({} for _ in range(1000)))
        next(abandoned)
        abandoned.close()  # type: ignore[attr-defined]
    assert [t for t in threading.enumerate() if t.name == "lpb-map"] == []


def test_map_without_a_loop_inside_of_one(endpoint: str) -> None:
    """A notebook has a loop that runs already."""

    async def cell() -> int:
        with BridgeClient(endpoint) as client:
            return len(list(client.map("ping", [{}] * 5)))

    assert asyncio.run(cell()) == 5


def test_what_is_refused_before_anything_is_sent(endpoint: str) -> None:
    async def work(client: AsyncClient) -> None:
        with pytest.raises(WireError):
            await client.call("ping", {"x": object()})
        items: list[Any] = [3]
        with pytest.raises(TypeError, match="a mapping of names, not int"):
            [called async for called in client.map("ping", items)]

    with_client(endpoint, work)
    for options in ({"tries": 0}, {"in_flight": 0}, {"timeout_s": 0.0}, {"format": "xml"}):
        with pytest.raises(ValueError, match=next(iter(options))):
            AsyncClient("tcp://127.0.0.1:1", **options)


def test_a_certificate_that_was_asked_for_must_come(serve_script: ServeScript) -> None:
    def bare(number: int, frames: list[bytes]) -> list[list[bytes]]:
        reply = {"schema_version": 2, "id": id_of(frames), "status": "ok", "result": {"sum": 1.0}}
        return [[json.dumps(reply).encode()]]

    with serve_script(bare) as endpoint, pytest.raises(CertificateMissing):
        with_client(
            endpoint, lambda c: c.call("matrix_sum", {"matrix": [[1.0]]}, certify=True),
            format="json",
        )  # fmt: skip


def test_what_an_item_is_made_of() -> None:
    params, arrays = split_item({"n": 3, "x": np.zeros(2), "scale": np.float64(2.0), "rows": [1]})
    assert params == {"n": 3, "scale": 2.0, "rows": [1]}
    assert list(arrays) == ["x"]
