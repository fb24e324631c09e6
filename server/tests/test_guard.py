"""Who may use a client's transport, without a socket."""

from __future__ import annotations

import threading

import pytest
from client_support import NOWHERE, ScriptedTransport
from lpb_server.client.guard import Guard
from lpb_server.errors import ClientClosed, ClientInUse


class Counted(ScriptedTransport):
    """Counts how often it was closed."""

    def __init__(self) -> None:
        super().__init__(lambda number, frames: [])
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def outcome_elsewhere(guard: Guard) -> str:
    """What comes of beginning in another thread."""
    outcome: list[str] = []

    def use() -> None:
        try:
            guard.begin()
        except ClientInUse as error:
            outcome.append(error.message)
        else:
            guard.end()
            outcome.append("begun")

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(10)
    return outcome[0]


def test_one_thread_at_a_time() -> None:
    guard = Guard(Counted(), NOWHERE)
    guard.begin()
    assert "in a call of MainThread" in outcome_elsewhere(guard)
    guard.end()
    assert outcome_elsewhere(guard) == "begun"


def test_what_is_closed_stays_closed_and_can_be_closed_again() -> None:
    transport, other = Counted(), Counted()
    guard = Guard(transport, NOWHERE)
    guard.close(other)
    assert (transport.closed, other.closed) == (1, 1)
    for _ in range(2):  # The refusal leaves nothing taken.
        with pytest.raises(ClientClosed) as caught:
            guard.begin()
        assert (caught.value.endpoint, caught.value.tries) == (NOWHERE, 0)
    guard.close()


def test_it_is_not_closed_under_a_call() -> None:
    transport = Counted()
    guard = Guard(transport, NOWHERE)
    guard.begin()
    with pytest.raises(ClientInUse):
        guard.close()
    assert transport.closed == 0
    guard.end()
