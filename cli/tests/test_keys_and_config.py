"""`lpb keys`, `lpb config`, `lpb serve --curve` and `lpb call`, as a user types them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import lpb_command
from lpb_server.security.keys import KeyFolder

RunLpb = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def serving(directory: Path, *flags: str, **environment: str) -> Iterator[str]:
    command = lpb_command("serve", "--endpoint", "tcp://127.0.0.1:0", "--workers", "0", *flags)
    with subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())["endpoint"]
        finally:
            child.terminate()


def test_keys_from_drawing_to_revoking(run_lpb: RunLpb, tmp_path: Path) -> None:
    def lpb(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_lpb(*arguments, directory=tmp_path, LPB_KEYS="keys")

    KeyFolder(tmp_path / "keys").new("server")
    made = lpb("keys", "new", "alice")
    assert (made.returncode, len(made.stdout)) == (0, 41)
    secret = tmp_path / "keys" / "alice.key_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    again = lpb("keys", "new", "alice")
    assert again.returncode == 2
    assert "--force" in again.stderr
    with serving(tmp_path, "--curve", LPB_KEYS="keys") as endpoint:
        call = ("call", "ping", "--endpoint", endpoint, "--json", "--curve-key", "alice")
        refused = lpb(*call)
        assert refused.returncode == 3
        assert "lpb keys allow" in refused.stderr
        assert lpb("keys", "allow", "alice").returncode == 0
        assert json.loads(lpb(*call).stdout)["result"] == {"pong": True}
        listed = json.loads(lpb("keys", "list", "--json").stdout)
        assert [(row["name"], row["may be"]) for row in listed] == [
            ("alice", ["client"]),
            ("server", []),
        ]
        assert lpb("keys", "revoke", "alice").returncode == 0
        assert lpb(*call).returncode == 3


def test_a_client_s_settings_come_from_file_and_environment(
    run_lpb: RunLpb, tmp_path: Path
) -> None:
    folder = KeyFolder(tmp_path / "keys")
    for name in ("server", "alice"):
        folder.new(name)
    folder.allow("alice")
    (tmp_path / "lpb.toml").write_text("keys = 'keys'\ncurve = true\n[client]\ncurve_key='alice'\n")
    with serving(tmp_path) as endpoint:
        done = run_lpb("call", "ping", "--json", directory=tmp_path, LPB_CLIENT_ENDPOINT=endpoint)
        assert json.loads(done.stdout)["result"] == {"pong": True}


def test_config_says_where_each_value_came_from(run_lpb: RunLpb, tmp_path: Path) -> None:
    (tmp_path / "lpb.toml").write_text("[limits]\nframes = 7\n")
    flags = ("config", "--json", "--queue-length", "9")
    done = run_lpb(*flags, directory=tmp_path, LPB_WORKERS="3")
    found = json.loads(done.stdout)
    said = {key: (item["value"], item["from"]) for key, item in found.items()}
    assert said["limits.frames"] == (7, f"{tmp_path}/lpb.toml:2")
    assert said["workers"] == (3, "LPB_WORKERS")
    assert said["queue_length"] == (9, "--queue-length")
    assert said["curve"] == (False, "default")
    table = run_lpb("config", directory=tmp_path, LPB_WORKERS="3").stdout
    assert "LPB_LIMITS_FRAMES" in table
    assert "lpb.toml:2" in table


@pytest.mark.parametrize("command", ["serve", "call"])
def test_a_mistake_in_the_file_is_one_clear_error(
    run_lpb: RunLpb, tmp_path: Path, command: str
) -> None:
    (tmp_path / "lpb.toml").write_text("\nworkrs = 2\n")
    done = run_lpb(command, *(["ping"] if command == "call" else []), directory=tmp_path)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "lpb.toml:2: there is no setting 'workrs'; did you mean workers?" in said


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("serve --workers-e", "--workers-endpoint"),
        ("serve --rel", "--reload"),
        ("serve --workers 2 --metrics-p", "--metrics-port"),
        ("worker --conn", "--connect"),
        ("config --js", "--json"),
    ],
)
def test_a_shell_completes_the_flags_of_the_server(typed: str, completed: str) -> None:
    words = f"lpb {typed}"
    asked = {"_LPB_COMPLETE": "complete_bash", "COMP_WORDS": words}
    found = subprocess.run(
        [Path(sys.executable).with_name("lpb")],
        env={**os.environ, **asked, "COMP_CWORD": str(words.count(" "))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.split() == [completed]


def test_wrong_flags_are_wrong_usage(run_lpb: RunLpb, tmp_path: Path) -> None:
    for flags in (["serve", "--work", "2"], ["config", "x"]):
        done = run_lpb(*flags, directory=tmp_path)
        assert done.returncode == 2, flags
        assert "error" in done.stderr
