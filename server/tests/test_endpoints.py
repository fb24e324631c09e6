from __future__ import annotations

import pytest
from lpb_server.errors import MalformedEndpoint
from lpb_server.sockets.endpoints import check_endpoint

CONNECTS = [
    "tcp://127.0.0.1:1",
    "tcp://host.example:65535",
    "tcp://[::1]:5555",
    "tcp://[fe80::1%eth0]:5555",
    "ipc:///run/bridge",
    "ipc://relative path",
    "ipc://@abstract",
    "ipc://" + "x" * 107,
]


@pytest.mark.parametrize("endpoint", CONNECTS)
def test_what_one_can_connect_to_one_can_bind(endpoint: str) -> None:
    assert check_endpoint(endpoint, binds=False) == endpoint
    assert check_endpoint(endpoint, binds=True) == endpoint


@pytest.mark.parametrize("endpoint", ["tcp://*:1", "tcp://[::1]:*", "tcp://eth0:0", "ipc://*"])
def test_what_only_a_server_can_have(endpoint: str) -> None:
    assert check_endpoint(endpoint, binds=True) == endpoint
    with pytest.raises(MalformedEndpoint):
        check_endpoint(endpoint, binds=False)


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("", "no transport"),
        ("localhost:1", "no transport"),
        ("http://localhost:1", "no transport 'http'"),
        ("inproc://x", "no transport 'inproc'"),
        ("tcp://localhost", "no host and port"),
        ("tcp://:1", "no host and port"),
        ("tcp://a;b:1", "no host and port"),
        ("tcp://a b:1", "no host and port"),
        ("tcp://127.0.0.1:١", "no host and port"),
        ("tcp://127.0.0.1:-1", "no host and port"),
        ("tcp://127.0.0.1:65536", "beyond 65535"),
        ("tcp://127.0.0.1:70991", "beyond 65535"),
        ("tcp://127.0.0.1:999999", "no host and port"),
        ("tcp://::1:5555", "in brackets"),
        ("tcp://[::1:5555", "no host and port"),
        ("tcp://[1:2]:5555", "no IPv6 address"),
        ("ipc://", "no file"),
        ("ipc://" + "x" * 108, "108 bytes"),
        ("ipc://" + "é" * 60, "120 bytes"),
        ("ipc://a\0b", "zero byte"),
        ("ipc://\ud800", "cannot be a file's"),
    ],
)
@pytest.mark.parametrize("binds", [True, False])
def test_what_is_none_is_said(endpoint: str, said: str, binds: bool) -> None:
    with pytest.raises(MalformedEndpoint, match=said) as caught:
        check_endpoint(endpoint, binds=binds)
    assert "write tcp://host:port" in str(caught.value)
    assert len(str(caught.value)) < 300
