"""Servers that are ended and started again on the same port, while clients retry."""

from __future__ import annotations

import random
import signal
import socket
import threading

import pytest
from conditions import await_condition
from fault_helpers import LONG, WAIT_S, server_process
from lpb_server.client import Backoff, BridgeClient
from lpb_server.errors import BridgeError

CLIENTS = 4
RESTARTS = 20 if LONG else 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_clients_that_retry_do_not_notice(workers: str, how: signal.Signals) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    enough = threading.Event()
    right = [0] * CLIENTS
    most_tries = [0] * CLIENTS
    problems: list[object] = []

    def load(number: int) -> None:
        source = random.Random(number)
        backoff = Backoff(first_s=0.02, limit_s=0.2)
        try:
            with BridgeClient(endpoint, timeout_s=0.5, tries=200, backoff=backoff) as client:
                while not enough.is_set():
                    value = source.randrange(1000)
                    exchange = client.exchange("double", {"number": value})
                    code = exchange.reply.error.code if exchange.reply.error else None
                    most_tries[number] = max(most_tries[number], exchange.tries)
                    if exchange.reply.result == {"double": 2 * value}:
                        right[number] += 1
                    elif not (code == "overloaded" and how == signal.SIGTERM):
                        problems.append(exchange.reply)
        except BridgeError as error:
            problems.append(error)

    clients = [threading.Thread(target=load, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for turn in range(RESTARTS + 1):
            with server_process("--workers", workers, endpoint=endpoint) as (child, bound):
                assert bound == endpoint
                before = list(right)

                def came_back(before: list[int] = before) -> bool:
                    each = zip(right, before, strict=True)
                    return bool(problems) or all(now >= then + 5 for now, then in each)

                await_condition(came_back)
                assert not problems
                child.send_signal(how)
                assert child.wait(WAIT_S) == (-how if how == signal.SIGKILL else 0)
                if turn == RESTARTS:
                    enough.set()
        with server_process("--workers", workers, endpoint=endpoint):
            for client in clients:
                client.join(WAIT_S)
                assert not client.is_alive()
    finally:
        enough.set()
        for client in clients:
            client.join(2 * WAIT_S)
    print(f"\n{RESTARTS + 1} ends by {how.name}, {workers} workers: {sum(right)} calls, all right")
    assert problems == []
    assert max(most_tries) > 1
