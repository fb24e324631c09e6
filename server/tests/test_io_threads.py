from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from conditions import await_condition
from lpb_server.sockets import io_threads
from lpb_server.sockets.io_threads import IoThreads

pytestmark = pytest.mark.skipif(
    not os.access("/proc/self/schedstat", os.R_OK), reason="the system does not count waiting"
)


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


@pytest.fixture
def threads(context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[IoThreads]:
    """Yield threads that have begun: the last thing that they do before is to take their names."""
    made = IoThreads(context)
    assert made._threads
    await_condition(lambda: all(map(has_name, made._threads)))
    yield made
    made.close()


def has_name(thread: int) -> bool:
    return Path(f"/proc/self/task/{thread}/comm").read_text().startswith("ZMQ")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Hold how long the threads wait in each turn, and look at every turn."""
    each_ns = [0]
    waited_ns: Counter[int] = Counter()

    def waited(counter: int) -> int:
        waited_ns[counter] += each_ns[0]
        return waited_ns[counter]

    monkeypatch.setattr(io_threads, "_waited_ns", waited)
    monkeypatch.setattr(io_threads, "_LOOK_NS", 0)
    return each_ns


def policies(threads: IoThreads) -> set[int]:
    return {os.sched_getscheduler(thread) for thread in threads._threads}


def turns_until_patient(threads: IoThreads) -> int:
    for number in range(5000):
        if threads.patient:
            return number
        threads.give_way()
    raise AssertionError("they never are")


def test_makes_them_wait_after_the_first_turn(threads: IoThreads) -> None:
    mine = os.sched_getscheduler(0)
    assert policies(threads) == {os.SCHED_OTHER}
    threads.give_way()
    assert threads.patient
    assert policies(threads) == {os.SCHED_BATCH}
    assert os.sched_getscheduler(0) == mine, "it changed the thread that answers"


def test_leaves_them_alone_where_another_program_has_the_processor(
    threads: IoThreads, waits: list[int]
) -> None:
    threads.give_way()
    threads.give_way()
    assert threads.patient
    waits[0] = 4_000_000
    threads.give_way()
    assert not threads.patient
    assert policies(threads) == {os.SCHED_OTHER}
    assert turns_until_patient(threads) == 4
    threads.give_way()
    assert turns_until_patient(threads) == 36, "it tried again as soon as the first time"
    for _ in range(5):
        threads.give_way()
        turns_until_patient(threads)
    threads.give_way()
    assert turns_until_patient(threads) == 4096
    waits[0] = 0
    for _ in range(13):
        threads.give_way()
    assert policies(threads) == {os.SCHED_BATCH}
    waits[0] = 4_000_000
    threads.give_way()
    assert turns_until_patient(threads) == 4, "it did not forget that there was another program"


def test_changes_nothing_where_the_system_does_not_count(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io_threads, "_TASKS", "/nowhere")
    threads = IoThreads(context)
    for _ in range(10):
        threads.give_way()
    assert not threads.patient
    threads.close()


def test_changes_nothing_where_that_is_forbidden(
    threads: IoThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    for _ in range(10):
        threads.give_way()
    assert not threads.patient
