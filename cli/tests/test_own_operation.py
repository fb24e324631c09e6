"""A certified operation of a user's own: two files, which nothing else names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb
from lpb_cli.commands.new import new_operation
from lpb_cli.errors import UsageError
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_server.operations import default_registry

ENGINE_TIMEOUT_S = 900
NAME = "root_of_test"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the pair of files, and what an installed package brings beside them."""
    new_operation(NAME, tmp_path)
    info = tmp_path / "root_of_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: root-of-test\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[lpb.operations]\nroot = {NAME}:{NAME}\n")
    return tmp_path


@pytest.fixture
def file_endpoint(package: Path) -> Iterator[str]:
    """A server that was given the file."""
    with ServerSupervisor(PROJECT, sources=str(package / f"{NAME}.py")) as server:
        yield server.endpoint


def test_serve_and_call_take_up_a_file(run_lpb: RunLpb, file_endpoint: str) -> None:
    called = run_lpb(
        "call", NAME, "--param", "n=10", "--certify", "--json", "--endpoint", file_endpoint
    )
    assert json.loads(called.stdout) == {
        "result": {"root": 3},
        "certificate": {"kind": NAME, "remainder": 1},
    }
    listed = run_lpb("call", "operations", "--json", "--endpoint", file_endpoint)
    found = {item["name"]: item for item in json.loads(listed.stdout)["result"]["operations"]}
    assert found[NAME]["certified"] is True
    assert found[NAME]["theorem"] == "RootOfTest.operation"
    helped = run_lpb("call", NAME, "--help", LPB_CLIENT_ENDPOINT=file_endpoint)
    assert "--param n: integer" in helped.stdout
    assert "RootOfTest.operation" in helped.stdout


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_verify_takes_up_an_installed_package(
    run_lpb: RunLpb, own_output: dict[str, str], package: Path
) -> None:
    others = os.environ.get("PYTHONPATH")
    path = f"{package}{os.pathsep}{others}" if others else str(package)
    result = run_lpb(
        "verify", "--engine", "embedded", "--seed", "5", "--requests", "1", "--json",
        "--operation", NAME, timeout_s=ENGINE_TIMEOUT_S, PYTHONPATH=path,
        **own_output,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    stages = {stage["name"]: stage for stage in json.loads(result.stdout)["stages"]}
    assert "RootOfTest" in {check["name"] for check in stages["proofs"]["checks"]}
    asked = {check["name"] for check in stages["transcript"]["checks"]}
    assert {f"{NAME}: ten, {name}" for name in ("json", "msgpack", "protobuf")} <= asked
    assert all(name.startswith(NAME) for name in asked)
    refused = {check["name"] for check in stages["lies"]["checks"]}
    assert f"{NAME}: one more (ten)" in refused
    assert len(refused) == 5


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_checker_that_lets_a_lie_through_is_found_out(
    run_lpb: RunLpb, own_output: dict[str, str], package: Path
) -> None:
    """A checker whose meaning is weak enough to be provable still has to refuse the lies."""
    checker = package / "RootOfTest.lean"
    text = checker.read_text()
    text = text.replace(" && decide (remainder ≤ 2 * root)", "")
    text = text.replace(
        " ∧\n    root * root ≤ n ∧ n < (root + 1) * (root + 1)", " ∧ root * root ≤ n"
    )
    text = text.replace("    refine ⟨n, root, number, result, by omega, ?_⟩\n", "")
    text = text.replace(
        "    rw [Nat.add_mul, Nat.mul_add]\n    omega\n",
        "    exact ⟨n, root, number, result, by omega⟩\n",
    )
    text = text.replace(
        "simp only [Bool.and_eq_true, beq_iff_eq, decide_eq_true_eq] at h",
        "simp only [beq_iff_eq] at h",
    )
    checker.write_text(text)
    file = package / f"{NAME}.py"
    result = run_lpb(
        "verify", "--engine", "embedded", "--requests", "0", "--operations", str(file),
        "--operation", NAME, "--skip", "transcript", "--json", timeout_s=ENGINE_TIMEOUT_S,
        **own_output,
    )  # fmt: skip
    assert result.returncode == 1, result.stdout
    stages = {stage["name"]: stage for stage in json.loads(result.stdout)["stages"]}
    assert stages["proofs"]["status"] == "passed", stages["proofs"]
    failed = {check["name"] for check in stages["lies"]["checks"] if check["status"] == "failed"}
    assert failed == {f"{NAME}: one less, with its remainder (ten)"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--operation", "unheard_of"), "There are: "),
        (("--operations", "absent.py"), "absent.py: there is no such file"),
    ],
)
def test_verify_says_at_once_what_it_does_not_know(
    run_lpb: RunLpb, arguments: tuple[str, ...], words: str
) -> None:
    result = run_lpb("verify", *arguments)
    assert result.returncode == 2
    assert words in result.stderr


def test_serve_says_what_it_cannot_load(run_lpb: RunLpb, package: Path) -> None:
    (package / "RootOfTest.lean").unlink()
    result = run_lpb("serve", "--operations", str(package / f"{NAME}.py"))
    assert result.returncode == 2
    assert "there is no Lean file of RootOfTest" in result.stderr


def test_new_writes_over_nothing(tmp_path: Path) -> None:
    new_operation("mine", tmp_path)
    with pytest.raises(UsageError, match="there already"):
        new_operation("mine", tmp_path)
    for name in ("", "Mine", "my-own", "class", "../up"):
        with pytest.raises(UsageError, match="no name"):
            new_operation(name, tmp_path)


def test_nothing_in_verify_names_an_operation() -> None:
    names = [item.name for item in default_registry() if item.certificate is not None]
    general = ("exchanges", "transcript", "lean_terms", "program", "lean_work", "lies", "checkers")
    for module in general:
        text = (PROJECT / "cli" / "lpb_cli" / "verify" / f"{module}.py").read_text()
        assert [name for name in names if re.search(rf"\b{name}\b", text)] == [], module
