"""The tactic `certified`: what it asks is answered, what it leaves needs nobody, and lies fail."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PROJECT, RunLpb
from dishonest import altering_reply, dishonest_server, off_by_twice_the_bound
from lpb_cli.commands.answer import Answerer, read_question
from lpb_cli.errors import UsageError
from lpb_cli.toolchain.questions import answer_questions, asks
from lpb_cli.verify.lean_terms import lean_bits
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import encode_message

ENGINE_TIMEOUT_S = 900
EXAMPLE = PROJECT / "examples" / "lake-project" / "Asked.lean"
BEFORE = """import LeanPythonBridge.Certificate.SolveOperation
import LeanPythonBridge.Certificate.MatrixSum
import LeanPythonBridge.Certificate.Ping
import LeanPythonBridge.Client.Certified
import LeanPythonBridge.Tactic
open LeanPythonBridge Certificate

def system : Question where
  arrays := [.matrix "matrix" [[4, 1], [2, 3.5]], .vector "right" [0.1, -2e-3]]

def singular : Question where
  arrays := [.matrix "matrix" [[1, 2], [2, 4]], .vector "right" [1, 1]]

def ragged : Question where
  arrays := [.matrix "matrix" [[1, 2], [2]], .vector "right" [1, 1]]

def numbers : Question where
  arrays := [.matrix "matrix" [[0.1, 0.2, 0.3]]]

def machine : Question where
  arrays := [.ofFloats "matrix" [1, 1] ⟨#[1.0]⟩]

"""
GOAL = "∃ a, {0}.operation.Meaning {1} a"
WRONG = [
    (GOAL.format("SolveOperation", "system"), "dot", "is about the operation solve, and not"),
    (GOAL.format("SolveOperation", "singular"), "solve", "the matrix is singular"),
    (GOAL.format("SolveOperation", "ragged"), "solve", "not the bytes that its shape asks for"),
    (GOAL.format("MatrixSum", "machine"), "matrix_sum", "cannot be evaluated by the kernel"),
    ("∀ q, " + GOAL.format("SolveOperation", "q"), "solve", "the question is not closed"),
    ("1 = 1", "solve", "not of the form"),
    (GOAL.format("Ping", "{}"), "ping", "has no certificate"),
]


def message(op: str, params: Any = None, **arrays: Any) -> str:
    """Give a question as the tactic writes it."""
    headers, frames = encode_arrays(arrays)
    request = Request("question", op, params or {}, headers, certify=True)
    header, *rest = map(bytes, encode_message(request, WireFormat.MSGPACK, frames))
    parts = [int.from_bytes(part + bytes([1]), "little") for part in (header[::-1], *rest)]
    return "\n".join(f"00{part:x}" for part in parts)


def test_a_question_is_read_as_it_is_written() -> None:
    matrix = np.array([[1.0, -2.0], [0.0, 5e-324]])
    op, question = read_question(message("solve", {"x": 0.5}, matrix=matrix, none=np.empty(0)))
    assert (op, question.params, list(question.arrays)) == ("solve", {"x": 0.5}, ["matrix", "none"])
    assert np.array_equal(question.arrays["matrix"], matrix)
    for text in ("", "xyz", "0", "1", message("solve", matrix=matrix).splitlines()[0]):
        with pytest.raises(UsageError, match="cannot be read"):
            read_question(text)


def test_what_is_answered() -> None:
    numbers = np.array([[1.0, 2.0]])
    bits = struct.unpack("<Q", struct.pack("<d", 3.0))[0]
    said = Answerer()(message("matrix_sum", matrix=numbers))
    assert said.startswith(f'answer\n{{ result := [("sum", .float {bits:#x})]')
    assert "\n" not in said.removeprefix("answer\n")
    assert Answerer()(message("unheard_of")).startswith("error\nThere is no operation")
    gone = Answerer(endpoint="tcp://127.0.0.1:9")(message("matrix_sum", matrix=numbers))
    assert gone.startswith("error\n")
    assert "tcp://127.0.0.1:9" in gone


def test_each_question_is_answered_once(tmp_path: Path) -> None:
    assert not answer_questions(tmp_path, str.upper)
    (tmp_path / "1f.question").write_text("q")
    assert answer_questions(tmp_path, str.upper)
    assert (tmp_path / "1f.answer").read_text() == "Q"
    assert not answer_questions(tmp_path, str.upper)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('  certified "solve"', True),
        ('by certified? "solve"', True),
        ('-- certified "solve"', False),
        ("MatrixSum.certified x", False),
    ],
)
def test_which_files_ask(text: str, expected: bool) -> None:
    assert asks(text) is expected


def test_the_page_shows_the_example() -> None:
    shown = re.findall(r"^```lean\n(.*?)^```$", (PROJECT / "docs/lean.md").read_text(), re.M | re.S)
    assert EXAMPLE.read_text() in shown


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_is_printed_needs_nobody(
    run_lpb: RunLpb, own_output: dict[str, str], tmp_path: Path
) -> None:
    def check(text: str, **environment: str) -> dict[str, Any]:
        file = tmp_path / "Asked.lean"
        file.write_text(text)
        result = run_lpb(
            "check", str(file), "--engine", "embedded", "--json",
            timeout_s=ENGINE_TIMEOUT_S, **own_output, **environment,
        )  # fmt: skip
        assert file.read_text() == text
        found: dict[str, Any] = json.loads(result.stdout)["files"][0]
        return found

    asked = check(EXAMPLE.read_text().replace("certified ", "certified? "))
    assert asked["holds"], asked["diagnostics"]
    assert [each["name"] for each in asked["theorems"]] == ["system_solved"]
    (said,) = asked["output"]
    proof = re.search(r"exact ⟨.*⟩", said["message"])
    assert proof is not None
    frozen = EXAMPLE.read_text().replace('certified "solve"', proof[0])
    frozen = frozen.replace("LeanPythonBridge.Tactic", "LeanPythonBridge.Certificate.Literals")
    assert "certified" not in frozen
    nobody = {"LPB_CERTIFIED_ENDPOINT": "tcp://127.0.0.1:9"}
    alone = check(frozen, **nobody)
    assert alone["holds"], alone["diagnostics"]
    gone = check(EXAMPLE.read_text(), **nobody)
    assert not gone["holds"]
    assert "tcp://127.0.0.1:9" in gone["diagnostics"][0]["message"]
    other = frozen.replace("[[4, 1]", "[[4, 1.5]")  # Not what was answered.
    assert not check(other)["holds"]


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_is_wrong_is_said_and_a_lie_is_refused(
    run_lpb: RunLpb, own_output: dict[str, str], tmp_path: Path
) -> None:
    text, lines = BEFORE, {}
    for number, (goal, name, words) in enumerate(WRONG):
        introduced = "intro q; " if goal.startswith("∀") else ""
        text += f'theorem wrong{number} : {goal} := by {introduced}certified "{name}"\n'
        lines[text.count("\n")] = words
    good = text.count("\n") + 1
    text += (
        'theorem spelled : ∃ a, SolveOperation.Meaning system a := by certified "solve"\n'
        'def kept : CertifiedAnswer SolveOperation.operation system := by certified "solve"\n'
        f"theorem twice : ({GOAL.format('SolveOperation', 'system')}) ∧ "
        f"{GOAL.format('SolveOperation', '{ system with params := [] }')} := by\n"
        '  constructor\n  · certified "solve"\n  · certified "solve"\n'
    )
    for literal in ("0.1", "-2e-3", "-0", "5e-324", "3e-324", "9007199254740993", "1e308", "1e400"):
        bits = lean_bits(float(literal))
        text += f"example : (({literal} : Double).bits == {bits:#x}) = true := by decide +kernel\n"
    (tmp_path / "Wrong.lean").write_text(text)
    lie = tmp_path / "Lie.lean"
    lie.write_text(
        f"{BEFORE}theorem lie : {GOAL.format('MatrixSum', 'numbers')} := by\n"
        '  certified "matrix_sum"\n'
    )
    command = ("check", "--engine", "embedded", "--json")
    wrong = str(tmp_path / "Wrong.lean")
    result = run_lpb(*command, wrong, timeout_s=ENGINE_TIMEOUT_S, **own_output)
    assert result.returncode == 1, result.stderr
    found = {d["line"]: d["message"] for d in json.loads(result.stdout)["files"][0]["diagnostics"]}
    assert found.keys() == lines.keys(), found
    assert max(found) < good
    for line, words in lines.items():
        assert words in found[line]
    with dishonest_server(altering_reply(off_by_twice_the_bound)) as endpoint:
        result = run_lpb(
            *command, "--endpoint", endpoint, str(lie), timeout_s=ENGINE_TIMEOUT_S, **own_output
        )  # fmt: skip
    (refused,) = json.loads(result.stdout)["files"][0]["diagnostics"]
    assert "it says no" in refused["message"]
    assert refused["line"] == BEFORE.count("\n") + 2
