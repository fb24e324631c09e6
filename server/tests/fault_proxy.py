"""A TCP proxy that does to connections what networks do."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["FATES", "Proxy", "running_proxy"]

FATES = ("pass", "delay", "cut", "truncate", "duplicate", "reorder")
_CHUNK = 4096
_HELD_S = 0.3


class Proxy:
    """Passes connections on to a server, each with a fate drawn at random.

    - delay: every chunk waits, both ways;
    - cut: the connection breaks after some bytes, both ways counted, between two chunks;
    - truncate: the same in the middle of a chunk, of which a part still arrives;
    - duplicate: what the client sends reaches the server over a second connection too;
    - reorder: what the client sends is held back until a later connection has been served, or a
      moment has passed.
    """

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._source = random.Random(seed)
        self._served = 0
        self.fates: Counter[str] = Counter()
        self.port = 0

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_CHUNK)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fate = self._source.choice(FATES)
        self.fates[fate] += 1
        budget = [self._source.randrange(20_000)] if fate in ("cut", "truncate") else [-1]
        writers = [writer]
        try:
            upstream, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
            writers.append(up_writer)
            copies = [up_writer]
            if fate == "duplicate":
                copy_reader, copy_writer = await asyncio.open_connection("127.0.0.1", self._port)
                writers.append(copy_writer)
                copies.append(copy_writer)
                drained = asyncio.create_task(self._pump(copy_reader, [], "pass", [-1]))
            if fate == "reorder":
                await self._hold()
            await asyncio.wait(
                [
                    asyncio.create_task(self._pump(reader, copies, fate, budget)),
                    asyncio.create_task(self._pump(upstream, [writer], fate, budget)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            if fate == "duplicate":
                drained.cancel()
        except OSError:
            pass
        finally:
            self._served += 1
            for item in writers:
                item.transport.abort()

    async def _hold(self) -> None:
        before = self._served
        for _ in range(10):
            if self._served > before:
                return
            await asyncio.sleep(_HELD_S / 10)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writers: list[asyncio.StreamWriter],
        fate: str,
        budget: list[int],
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if fate == "delay":
                    await asyncio.sleep(self._source.random() * 0.05)
                if budget[0] >= 0:
                    budget[0] -= len(chunk)
                    if budget[0] < 0:
                        if fate == "truncate":
                            writers[0].write(chunk[: len(chunk) // 2])
                            await writers[0].drain()
                        return
                for writer in writers:
                    writer.write(chunk)
                    await writer.drain()


@contextmanager
def running_proxy(port: int, seed: int) -> Iterator[Proxy]:
    """Run a proxy before a port in a thread of its own."""
    proxy = Proxy(port, seed)
    started = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy.run(started)))
    thread.start()
    try:
        assert started.wait(10)
        yield proxy
    finally:
        proxy.stop()
        thread.join(30)
    assert not thread.is_alive()
