from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from lpb_server.sockets.busy_polling import BusyPoller

_A_WHILE_US = 60_000_000


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


class Clock:
    """Time that passes when it is asked for, or taken by others."""

    def __init__(self) -> None:
        self.wall_ns = self.own_ns = 0

    def perf_counter_ns(self) -> int:
        self.wall_ns += 100
        self.own_ns += 100
        return self.wall_ns

    def process_time_ns(self) -> int:
        return self.own_ns

    def others_run(self) -> None:
        self.wall_ns += 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time in which nobody else runs, unless the test says so."""
    fake = Clock()
    monkeypatch.setattr(time, "perf_counter_ns", fake.perf_counter_ns)
    monkeypatch.setattr(time, "process_time_ns", fake.process_time_ns)
    return fake


def waits_until_due(busy_poller: BusyPoller) -> int:
    """Return how many waits are made without busy polling."""
    return next(number for number in range(5000) if busy_poller.due())


def test_says_what_can_be_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"x")
    assert [where for where, _ in BusyPoller(reader, limit_us=1).watch()] == [reader]


def test_looks_out_until_something_comes(
    pipe: tuple[int, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    given: list[int] = []

    def gave_way() -> None:
        given.append(1)
        if len(given) == 3:
            os.write(writer, b"x")

    monkeypatch.setattr(os, "sched_yield", gave_way)
    assert BusyPoller(reader, limit_us=_A_WHILE_US).watch()
    assert len(given) == 3


def test_gives_up_in_time(pipe: tuple[int, int]) -> None:
    assert BusyPoller(pipe[0], limit_us=1).watch() == []


def test_looks_out_less_often_where_it_is_in_vain(pipe: tuple[int, int], clock: Clock) -> None:
    reader, writer = pipe
    busy_poller = BusyPoller(reader, limit_us=1)
    assert busy_poller.due()
    for _ in range(20):
        busy_poller.watch()
    os.write(writer, b"x")
    assert waits_until_due(busy_poller) == 64, "it polled busily soon, after twenty times in vain"
    assert busy_poller.watch()
    assert waits_until_due(busy_poller) == 32, "what came did not make it poll busily more often"
    for _ in range(6):
        assert busy_poller.watch()
    assert waits_until_due(busy_poller) == 0


def test_never_looks_out_when_there_is_no_time_for_it(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"x")
    busy_poller = BusyPoller(reader, limit_us=0)
    assert not any(busy_poller.due() for _ in range(200))


def test_time_of_threads_of_its_own_is_not_lost(
    pipe: tuple[int, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own_threads_run() -> None:
        clock.others_run()
        clock.own_ns = clock.wall_ns

    monkeypatch.setattr(os, "sched_yield", own_threads_run)
    busy_poller = BusyPoller(pipe[0], limit_us=5000)
    assert busy_poller.watch() == []
    assert waits_until_due(busy_poller) == 1


def test_leaves_the_processor_to_others_where_they_take_it(
    pipe: tuple[int, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    busy_poller = BusyPoller(reader, limit_us=100)
    with monkeypatch.context() as patched:
        patched.setattr(os, "sched_yield", clock.others_run)
        assert busy_poller.watch() == []
        assert waits_until_due(busy_poller) == 4
        busy_poller.watch()
        assert waits_until_due(busy_poller) == 36, "it polled busily as soon as the first time"
        for _ in range(9):
            busy_poller.watch()
        assert waits_until_due(busy_poller) == 4096
    os.write(writer, b"x")
    for _ in range(13):
        assert busy_poller.watch()
    assert waits_until_due(busy_poller) == 0


def test_what_comes_soon_does_not_hide_that_the_processor_is_shared(
    pipe: tuple[int, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = pipe
    busy_poller = BusyPoller(reader, limit_us=_A_WHILE_US)

    def others_run() -> None:
        clock.others_run()
        os.write(writer, b"x")

    monkeypatch.setattr(os, "sched_yield", others_run)
    assert busy_poller.watch()
    assert waits_until_due(busy_poller) == 4


def test_a_real_neighbour_is_seen(pipe: tuple[int, int]) -> None:
    before = os.sched_getaffinity(0)
    shared = {min(before)}
    command = [sys.executable, "-c", "print(flush=True)\nwhile True: pass"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as neighbour:
        try:
            os.sched_setaffinity(neighbour.pid, shared)
            os.sched_setaffinity(0, shared)
            assert neighbour.stdout is not None
            neighbour.stdout.readline()
            busy_poller = BusyPoller(pipe[0], limit_us=200_000)
            assert busy_poller.watch() == []
            assert waits_until_due(busy_poller) == 4
        finally:
            os.sched_setaffinity(0, before)
            neighbour.kill()
