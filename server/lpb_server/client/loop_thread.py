"""Pipelined calls for programs without an event loop: the loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from lpb_server.client.async_client import AsyncClient
from lpb_server.client.exchange import CallResult
from lpb_server.client.window import Item, Window

__all__ = ["call_each"]


def call_each(
    make: Callable[[], AsyncClient], op: str, items: Iterable[Item], **options: Any
) -> Iterator[CallResult]:
    """Call an operation for each item, many of them at once; results in their order.

    The items are drawn here, in the caller's thread, as the calls get their turn.

    Parameters
    ----------
    make : callable
        Makes the client that calls.
    op : str
        The operation.
    options
        Of its calls.

    Raises
    ------
    BridgeError
        As the client does.
    """
    client = make()
    window = client.window(op, **options)
    source = iter(items)
    with _loop_in_a_thread() as run:
        try:
            while True:
                batch = list(islice(source, window.room))
                results = run(_step(window, batch))
                if not results:
                    return
                yield from results
        finally:
            run(_end(client, window))


async def _step(window: Window, items: list[Item]) -> list[CallResult]:
    window.begin(items)
    return await window.take()


async def _end(client: AsyncClient, window: Window) -> None:
    await window.cancel()
    await client.close()


@contextmanager
def _loop_in_a_thread() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run an event loop for as long as the context lasts; yield what runs a coroutine in it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="lpb-map", daemon=True)
    thread.start()

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C, above all
            future.cancel()
            raise

    try:
        yield run
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
