from __future__ import annotations

import pytest
from lpb_server.errors import InsecureBindError, MalformedEndpoint
from lpb_server.security.access import check_bind
from lpb_server.sockets.endpoints import is_loopback


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://127.0.0.1:5555",
        "tcp://127.1.2.3:*",
        "tcp://localhost:0",
        "tcp://[::1]:5555",
        "ipc:///tmp/bridge",
    ],
)
def test_loopback(endpoint: str) -> None:
    assert is_loopback(endpoint)
    check_bind(endpoint, insecure=False)


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://*:5555",
        "tcp://0.0.0.0:5555",
        "tcp://192.168.1.1:5555",
        "tcp://[::]:5555",
        "tcp://eth0:5555",
        "tcp://localhost.example:1",
        "tcp://127.0.0.1.example:1",
    ],
)
def test_beyond_loopback(endpoint: str) -> None:
    assert not is_loopback(endpoint)
    with pytest.raises(InsecureBindError, match="--insecure"):
        check_bind(endpoint, insecure=False)
    check_bind(endpoint, insecure=True)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "nonsense",
        "tcp://127.0.0.1",
        "tcp://:1",
        "tcp://localhost:65536",
        "http://localhost:1",
        "ipc://",
        "inproc://x",
    ],
)
def test_what_is_no_endpoint(endpoint: str) -> None:
    with pytest.raises(MalformedEndpoint, match="write tcp"):
        check_bind(endpoint, insecure=True)


def test_insecure_is_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    check_bind("tcp://127.0.0.1:1", insecure=True)
    check_bind("tcp://0.0.0.0:1", insecure=True, curve=True)
    assert caplog.text == ""
    check_bind("tcp://0.0.0.0:1", insecure=True)
    assert "nothing protects it" in caplog.text
