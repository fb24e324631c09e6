from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from lpb_server.transport.alertness import Alertness

_A_WHILE_US = 60_000_000


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_says_what_can_be_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"x")
    assert [where for where, _ in Alertness(reader, limit_us=1).watch()] == [reader]


def test_looks_out_until_something_comes(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    later = threading.Timer(0.05, os.write, (writer, b"x"))
    later.start()
    assert Alertness(reader, limit_us=_A_WHILE_US).watch()
    later.join()


def test_gives_up_in_time(pipe: tuple[int, int]) -> None:
    assert Alertness(pipe[0], limit_us=1).watch() == []


def test_looks_out_less_often_where_it_is_in_vain(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    alertness = Alertness(reader, limit_us=1)
    for _ in range(20):
        alertness.watch()
    os.write(writer, b"x")
    looked = [bool(alertness.watch()) for _ in range(64)]
    first = looked.index(True)
    assert first > 0, "it looked out at once, after twenty times in vain"
    assert all(looked[first:]), "what came did not make it look out each time again"


def test_never_looks_out_when_there_is_no_time_for_it(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"x")
    alertness = Alertness(reader, limit_us=0)
    assert not any(alertness.watch() for _ in range(200))
