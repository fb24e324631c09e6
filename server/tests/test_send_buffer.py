from __future__ import annotations

import pytest
import zmq
from lpb_server.sockets.send_buffer import bound_send_buffer

_LEFT_TO_THE_SYSTEM = -1


@pytest.mark.parametrize(
    ("endpoint", "near"),
    [
        ("tcp://127.0.0.1:5555", True),
        ("tcp://[::1]:5555", True),
        ("ipc:///run/bridge", True),
        ("tcp://192.0.2.1:5555", False),
        ("tcp://0.0.0.0:5555", False),
        ("tcp://bridge.example:5555", False),
        ("nonsense", False),
    ],
)
def test_only_what_stays_on_this_host_is_bounded(endpoint: str, near: bool) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as connection:
        bound_send_buffer(connection, endpoint)
        assert (connection.sndbuf != _LEFT_TO_THE_SYSTEM) == near
