"""A broker here and workers elsewhere, as processes, with CURVE between them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import fault_helpers
import pytest
from conditions import await_condition
from fault_helpers import ENVIRONMENT, WAIT_S
from lpb_server.client import BridgeClient, client_curve
from lpb_server.errors import HandshakeError
from lpb_server.security.keys import KeyFolder, Role
from lpb_server.wire.values import ValueMap

FREE_PORT = "tcp://127.0.0.1:*"


def process(module: str, *flags: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return fault_helpers.process(module, "--no-config", *flags, stderr=subprocess.PIPE)


@contextmanager
def broker(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    ends = ("--endpoint", FREE_PORT, "--workers-endpoint", FREE_PORT)
    with process("lpb_server", "--broker", *ends, "--log-level", "error", *flags) as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        yield child, ready["endpoint"], ready["workers_endpoint"]


def test_a_worker_elsewhere_runs_what_the_broker_is_sent(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    path: ValueMap = {"path": str(gate)}
    with broker() as (queue, endpoint, workers_endpoint):
        connect = ("lpb_server.worker", "--connect", workers_endpoint)
        with process(*connect) as first, BridgeClient(endpoint, timeout_s=WAIT_S) as client:
            assert client.call("wait_for", path).result == {"pid": first.pid}
            assert client.call("double", {"number": 4}).result == {"double": 8}
            first.send_signal(signal.SIGTERM)
            assert first.wait(WAIT_S) == 0
        with process(*connect) as second, BridgeClient(endpoint, timeout_s=WAIT_S) as client:
            assert client.call("wait_for", path).result == {"pid": second.pid}
            queue.send_signal(signal.SIGTERM)
            assert queue.wait(WAIT_S) == 0
            assert second.wait(WAIT_S) == 0


def test_workers_show_their_keys_and_a_client_s_key_is_none(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys")
    for name in ("server", "client", "worker"):
        folder.new(name)
    folder.allow("client")
    keys = ("--keys", str(folder.path))
    curve = client_curve(folder.path, "client", "server")
    with broker("--curve", *keys) as (_, endpoint, workers_endpoint):
        connect = ("--connect", workers_endpoint, *keys, "--liveness-s", "2")

        def answers(timeout_s: float = 10.0) -> bool:
            with BridgeClient(endpoint, curve=curve, timeout_s=timeout_s, tries=1) as client:
                try:
                    client.call("double", {"number": 1})
                except Exception:
                    return False
            return True

        with (
            process("lpb_server.worker", *connect),
            process("lpb_server.worker", *connect, "--curve-key", "client"),
            process("lpb_server.worker", *connect, "--curve-key", "worker"),
        ):
            # Neither without a key, nor with a client's, nor an unknown one.
            assert not answers(3.0)  # Each has tried by then.
            folder.allow("worker", Role.WORKER)
            await_condition(answers)
            folder.revoke("worker", Role.WORKER)
            # A heartbeat, at the latest, shows that the key is not allowed.
            await_condition(lambda: not answers(1.0))
        worker_as_client = client_curve(folder.path, "worker", "server")
        with (
            BridgeClient(endpoint, curve=worker_as_client, timeout_s=5, tries=1) as client,
            pytest.raises(HandshakeError),
        ):
            client.ping()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--broker", "--workers-endpoint", "tcp://0.0.0.0:*"], "nothing protects it"),
        (["--workers", "1", "--workers-endpoint", "tcp://0.0.0.0:*"], "nothing protects it"),
        (["--broker", "--workers-endpoint", "nonsense"], "is no endpoint"),
        (["--curve", "--keys", "/nonexistent"], "lpb keys new server"),
        (
            ["--workers", "many"],
            "--workers: workers must be a whole number from 0 to 1024, not 'many'",
        ),
        (["--config", "/nonexistent.toml"], "No such file"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(flags: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lpb_server", "--endpoint", FREE_PORT, *flags],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env=ENVIRONMENT,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_a_worker_without_a_broker_s_address_or_key_is_exit_2(tmp_path: Path) -> None:
    for flags, said in (
        ([], "--connect"),
        (["--connect", "tcp://x:1", "--curve-key", "k"], "server.key"),
    ):
        with process("lpb_server.worker", *flags, "--keys", str(tmp_path)) as child:
            _, log = child.communicate(timeout=WAIT_S)
        assert child.returncode == 2
        assert said in log
        assert "Traceback" not in log
