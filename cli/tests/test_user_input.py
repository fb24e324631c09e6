"""What a user hands over, and where it is run: one clear error, an exit code, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PROJECT, RunLpb
from lpb_cli.commands import call as calls
from lpb_cli.commands.array_files import file_names, read_array, write_arrays
from lpb_cli.errors import EnvironmentLacksError, LpbError, UsageError
from lpb_cli.output.terminal import make_console, plain, print_error
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_server.client import CallResult


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ServerSupervisor(PROJECT) as server:
        yield server.endpoint


# Parameters: as strict as the wire.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 20_000 + "]" * 20_000, "deep"),
        ("[" * 65 + "]" * 65, "deep"),
        ("9" * 5000, "2\\^63"),
        ("1e400", "too large"),
        ("-1e400", "too large"),
        ("NaN", "bare token"),
        ("[Infinity]", "bare token"),
        ('{"a": 1, "a": 2}', "twice"),
        ('"\\ud800"', "surrogate"),
    ],
)
def test_what_the_wire_is_strict_about_the_command_line_is(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        calls.parse_param(f"x={text}")
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ('"1"', "1"),
        ("hello", "hello"),
        ("", ""),
        ("a=b", "a=b"),
        ("[1", "[1"),
        ("nan", "nan"),
    ],
)
def test_what_is_no_json_is_a_text(text: str, value: object) -> None:
    assert calls.parse_param(f"x={text}") == ("x", value)


def test_nothing_is_given_twice(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(1))
    with pytest.raises(UsageError, match="--param gives 'x' twice"):
        calls.parse_params(["x=1", "y=2", "x=1"])
    with pytest.raises(UsageError, match="--array gives 'x' twice"):
        calls.parse_arrays([f"x={tmp_path}/a.npy"] * 2)


# Arrays in files.


def broken_files(folder: Path) -> dict[str, str]:
    """Files that hold no array, and what is said of them."""
    np.savez(folder / "two.npz", a=np.ones(1), b=np.ones(1))
    np.savez(folder / "none.npz")
    np.save(folder / "whole.npy", np.ones((100, 100)))
    np.save(folder / "objects.npy", np.array([{}], object), allow_pickle=True)
    whole = (folder / "whole.npy").read_bytes()
    contents = {
        "empty.npy": b"",
        "text.npy": b"1, 2, 3\n",
        "cut.npy": whole[:500],
        "header.npy": whole[:20],
        "huge.npy": whole.replace(b"(100, 100)", b"(9999999999, 9999999999)"),
        "zip.npy": b"PK\x03\x04" + b"\0" * 30,
        "deep.npy": whole[:10] + b"(" * 118 + whole[128:],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {
        **dict.fromkeys(contents, ""),
        "objects.npy": "no .npy file of numbers",
        "two.npz": "write .*two.npz:NAME, of a, b",
        "none.npz": "no arrays",
        "two.npz:c": "no array 'c', but a, b",
        "whole.npy:c": "No such file",
        "absent.npy": "No such file",
        "absent.npz:c": "No such file",
        ".": "Is a directory",
        "nul\0.npy": "",
    }


def test_a_file_that_holds_no_array_is_named(tmp_path: Path) -> None:
    for name, said in broken_files(tmp_path).items():
        with pytest.raises(UsageError, match=said or None) as caught:
            read_array(f"{tmp_path}/{name}")
        assert str(tmp_path) in caught.value.message
        assert "\n" not in caught.value.message


def test_one_array_of_several(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=np.arange(3), b=np.ones(1))
    name, array = calls.parse_array(f"x={tmp_path}/two.npz:a")
    assert (name, array.tolist()) == ("x", [0, 1, 2])


@pytest.mark.parametrize("name", ["empty.npy", "zip.npy", "two.npz:c"])
def test_lpb_call_says_it_in_one_line_with_code_2(
    run_lpb: RunLpb, tmp_path: Path, name: str
) -> None:
    broken_files(tmp_path)
    result = run_lpb("call", "echo", "--array", f"x={tmp_path}/{name}")
    assert result.returncode == 2
    assert name.partition(":")[0] in result.stderr
    assert "Aborted" not in result.stderr


def test_an_array_that_cannot_be_sent_is_wrong_usage(run_lpb: RunLpb, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(1, complex))
    result = run_lpb("call", "echo", "--array", f"x={tmp_path}/x.npy")
    assert result.returncode == 2
    assert "complex128" in result.stderr


NAMES = [
    "x",
    "a/x",
    "b/x",
    "/x",
    "../x",
    "..",
    "",
    "x%2F",
    "X",
    "é" * 60,
    "y" * 500,
    "y" * 501,
    "\0",
]


def test_each_array_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = file_names(NAMES)
    assert len(set(files.values())) == len(NAMES)
    arrays: dict[str, Any] = {name: np.array([index]) for index, name in enumerate(NAMES)}
    written = write_arrays(tmp_path, arrays)
    assert len(list(tmp_path.iterdir())) == len(NAMES)
    for name, file in written.items():
        assert Path(file).parent == tmp_path
        assert np.load(file).tolist() == arrays[name].tolist()


def test_a_reply_is_printed_even_where_its_arrays_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = CallResult({"sum": 1.5}, {"x": np.ones(1)}, None, None)
    with pytest.raises(EnvironmentLacksError, match=r"x\.npy"):
        calls.print_result(result, make_console(), tmp_path / "none", as_json=True)
    assert json.loads(capsys.readouterr().out)["result"] == {"sum": 1.5}


def test_the_folder_is_made_before_the_call(run_lpb: RunLpb, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run_lpb("call", "ping", "--output", str(tmp_path / "file"), "--tries", "1")
    assert result.returncode == 2
    assert "file" in result.stderr


# Endpoints and durations.


@pytest.mark.parametrize(
    "arguments",
    [
        ["call", "ping", "--endpoint", "tcp://127.0.0.1:70991"],
        ["call", "ping", "--endpoint", "tcp://::1:5555"],
        ["verify", "--endpoint", "tcp://127.0.0.1:70991"],
        ["serve", "--endpoint", "tcp://127.0.0.1:65536"],
        ["serve", "--high-water-mark", "2147483648"],
        ["serve", "--handshake-s", "1e400"],
        ["worker", "--connect", "tcp://127.0.0.1:70991"],
        ["call", "ping", "--timeout", "nan"],
        ["top", "--interval", "nan"],
        ["top", "--interval", "inf"],
        ["bench", "--list", "--threshold", "nan"],
    ],
)
def test_what_is_out_of_range_is_wrong_usage(run_lpb: RunLpb, arguments: list[str]) -> None:
    result = run_lpb(*arguments)
    assert result.returncode == 2, result
    assert result.stderr.strip()


@pytest.mark.parametrize("timeout", ["inf", "1e300", "9999999999"])
def test_any_time_out(run_lpb: RunLpb, endpoint: str, timeout: str) -> None:
    assert run_lpb("call", "ping", "--endpoint", endpoint, "--timeout", timeout).returncode == 0


# What is printed.


@pytest.mark.parametrize("columns", ["0", "1"])
def test_no_width_is_no_reason_to_say_nothing(run_lpb: RunLpb, endpoint: str, columns: str) -> None:
    printed = run_lpb("call", "ping", "--endpoint", endpoint, COLUMNS=columns, LINES="0")
    assert "pong" in printed.stdout
    wrong = run_lpb("call", "ping", "--param", "x", COLUMNS=columns)
    assert (wrong.returncode, "--param takes" in wrong.stderr) == (2, True)
    assert "no-such" in run_lpb("no-such", COLUMNS=columns).stderr


def test_any_encoding_takes_what_came(run_lpb: RunLpb, endpoint: str) -> None:
    command = ["call", "echo", "--endpoint", endpoint, "--param", "x=π☃é"]
    printed = run_lpb(*command, PYTHONIOENCODING="ascii")
    assert (printed.returncode, "\\u2603" in printed.stdout) == (0, True)
    printed = run_lpb(*command, "--json", PYTHONIOENCODING="ascii")
    assert json.loads(printed.stdout)["result"] == {"x": "π☃é"}
    assert run_lpb("--help", PYTHONIOENCODING="ascii").returncode == 0
    assert run_lpb("doctor", PYTHONIOENCODING="ascii").returncode == 0


def test_text_from_outside_is_no_markup(run_lpb: RunLpb, tmp_path: Path) -> None:
    for name in (":key:[/]", "[red]x[/]\\"):
        result = run_lpb("call", "ping", "--array", f"x={tmp_path}/{name}.npy")
        assert result.returncode == 2
        assert f"{name}.npy" in result.stderr


def test_text_from_outside_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(LpbError("a\x1b[2Jb\x9b\rc", "d\x07"), make_console(stderr=True))
    said = capsys.readouterr().err
    assert "a\\x1b[2Jb\\x9b\\rc" in said
    assert "\\x07" in said
    assert plain("é\n\t[x]") == "é\n\t\\[x]"
