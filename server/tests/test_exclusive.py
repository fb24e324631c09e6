"""One client, and those who must not share it: threads, forks, pickles."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest
from lpb_server.client import BridgeClient
from lpb_server.errors import BridgeTimeout, ClientInUse

ServeScript = Callable[..., AbstractContextManager[str]]


@contextmanager
def a_call_under_way(serve_script: ServeScript) -> Iterator[BridgeClient]:
    """A client in a call of another thread, whose server is silent."""
    entered = threading.Event()

    def stay_silent(number: int, frames: list[bytes]) -> list[list[bytes]]:
        entered.set()
        return []

    def call() -> None:
        with pytest.raises(BridgeTimeout):
            client.ping()

    with serve_script(stay_silent) as endpoint:
        client = BridgeClient(endpoint, timeout_s=1.0, tries=1)
        other = threading.Thread(target=call, name="the other")
        other.start()
        try:
            assert entered.wait(10)
            yield client
        finally:
            other.join(10)
            client.close()


def test_two_threads_at_once_are_an_error_that_says_so(serve_script: ServeScript) -> None:
    with a_call_under_way(serve_script) as client:
        for use in (
            client.ping,
            client.close,
            lambda: client.exchange("ping"),
            lambda: client.call_raw([b"{}"], "1"),
            lambda: client.matrix_sum(np.zeros((1000, 1000))),
        ):
            with pytest.raises(ClientInUse, match="in a call of the other"):
                use()


def test_threads_one_after_the_other_may_use_it(endpoint: str) -> None:
    failures: list[BaseException] = []

    def call() -> None:
        try:
            client.ping()
        except BaseException as error:
            failures.append(error)

    with BridgeClient(endpoint) as client:
        for _ in range(3):
            thread = threading.Thread(target=call)
            thread.start()
            thread.join(10)
        client.ping()
    assert failures == []


def in_a_fork(work: Callable[[], object]) -> int:
    """Run something in a fork; return its exit code, 1 when it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_has_a_socket_of_its_own(endpoint: str) -> None:
    with BridgeClient(endpoint, timeout_s=10, tries=1) as client:
        matrix = np.ones((512, 512))
        assert client.matrix_sum(matrix).result["sum"] == matrix.size

        def work() -> None:
            for _ in range(3):
                assert client.matrix_sum(matrix).result["sum"] == matrix.size
            client.close()

        assert in_a_fork(work) == 0
        assert in_a_fork(client.close) == 0
        assert client.matrix_sum(matrix).result["sum"] == matrix.size


def test_a_fork_during_a_call_of_another_thread(serve_script: ServeScript) -> None:
    with a_call_under_way(serve_script) as client:

        def work() -> None:
            with pytest.raises(BridgeTimeout):
                client.ping()

        assert in_a_fork(work) == 0


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_cannot_be_pickled_and_says_so(copied: Callable[[object], object]) -> None:
    with (
        BridgeClient("tcp://127.0.0.1:1") as client,
        pytest.raises(TypeError, match="make one in each process or thread"),
    ):
        copied(client)
