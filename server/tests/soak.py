"""``python server/tests/soak.py --minutes 10``: servers under load for long; nothing may grow.

A server that runs everything in its own process and a broker with two workers, each with clients
that call, err, reconnect and repeat. Resident memory and descriptors of each are sampled every
second. Exit code 1 when, after a warm-up, memory grew by more than 2 % or descriptors at all.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from fault_helpers import descriptors, fork_server_of, memory_bytes, server_process, workers_of
from lpb_server.client import BridgeClient, new_id
from lpb_server.errors import ClientError

__all__ = ["Samples", "main"]

WARM_UP = 0.2
GROWTH = 1.02
CLIENTS = 2
PAUSE_S = 0.002
KEPT_REPLIES = 500
"""The reply cache holds what it may within the warm-up; its default would grow for ten minutes."""


@dataclass
class Samples:
    """What was measured of one server's processes, once a second."""

    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def take(self, pids: Sequence[int]) -> None:
        self.memory.append(sum(map(memory_bytes, pids)))
        self.descriptors.append(sum(map(descriptors, pids)))

    def parts(self, values: list[int]) -> tuple[float, float]:
        """Return the medians of the tenth after the warm-up, and of the last tenth."""
        tenth = max(1, len(values) // 10)
        start = int(len(values) * WARM_UP)
        return statistics.median(values[start : start + tenth]), statistics.median(values[-tenth:])

    def problems(self) -> list[str]:
        """Return what has grown."""
        found = []
        before, after = self.parts(self.memory)
        if after > before * GROWTH:
            found.append(f"resident memory grew from {before:.0f} to {after:.0f} bytes")
        before, after = self.parts(self.descriptors)
        if after > before:
            found.append(f"descriptors grew from {before:.0f} to {after:.0f}")
        return found


class Client:
    """Calls in every way there is, until it is told that it is enough."""

    def __init__(self, endpoint: str, seed: int) -> None:
        self.endpoint = endpoint
        self.source = random.Random(seed)
        self.enough = threading.Event()
        self.calls = 0
        self.problems: list[str] = []
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                with BridgeClient(self.endpoint, timeout_s=60, tries=1) as client:
                    for _ in range(200):
                        self.call(client)
                        time.sleep(PAUSE_S)
        except (ClientError, AssertionError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def call(self, client: BridgeClient) -> None:
        self.calls += 1
        kind = self.source.randrange(5)
        if kind == 0:
            client.ping()
        elif kind == 1:
            array = self.source.random() * np.ones(self.source.randrange(1, 30_000))
            assert np.array_equal(client.call("echo", arrays={"x": array}).arrays["x"], array)
        elif kind == 2:
            total = client.matrix_sum(np.ones((4, self.source.randrange(1, 50))), certify=True)
            assert total.certificate is not None
        elif kind == 3:
            request_id = new_id()
            once = client.exchange("echo", {"a": 1}, request_id=request_id)
            again = client.exchange("echo", {"a": 1}, request_id=request_id)
            assert once.reply_frames == again.reply_frames
        else:
            wrong = client.exchange("matrix_sum", {"matrix": "none"}).reply.error
            assert wrong is not None
            assert wrong.code == "invalid_params"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; print what was measured; return 1 when something grew."""
    parser = argparse.ArgumentParser(description="Servers under load for long; nothing may grow.")
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes: float = parser.parse_args(arguments).minutes
    good = True
    with ExitStack() as stack:
        servers = {}
        for workers in ("0", "2"):
            child, endpoint = stack.enter_context(
                server_process("--workers", workers, "--cache-count", str(KEPT_REPLIES))
            )
            clients = [Client(endpoint, seed) for seed in range(CLIENTS)]
            servers[workers] = (child, clients, Samples())
            for client in clients:
                client.thread.start()
        end_s = time.monotonic() + 60 * minutes
        while time.monotonic() < end_s:
            time.sleep(1)
            for child, _, samples in servers.values():
                fork_server = fork_server_of(child.pid)
                more = [fork_server] if fork_server is not None else []
                samples.take([child.pid, *more, *workers_of(child.pid)])
        for workers, (child, clients, samples) in servers.items():
            for client in clients:
                client.enough.set()
            for client in clients:
                client.thread.join(120)
            problems = samples.problems() + [text for item in clients for text in item.problems]
            if child.poll() is not None:
                problems.append(f"the server ended with code {child.returncode}")
            before, after = samples.parts(samples.memory)
            files = samples.parts(samples.descriptors)
            print(
                f"{workers} workers: {len(samples.memory)} samples in {minutes:g} min, "
                f"{sum(item.calls for item in clients)} calls; resident {before / 1024:.0f} KiB "
                f"after the warm-up, {after / 1024:.0f} KiB at the end "
                f"({100 * (after / before - 1):+.2f} %); descriptors {files[0]:.0f}, {files[1]:.0f}"
            )
            for problem in problems:
                print(f"  did not hold: {problem}")
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
