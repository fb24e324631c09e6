"""The unit: what is checked at registration, and certificates as they travel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lpb_server.errors import RegistrationError, Uncertifiable, WireError
from lpb_server.operations import (
    Answer,
    Certificate,
    Evidence,
    Example,
    Operation,
    Outcome,
    Registry,
    default_registry,
    operation,
)
from lpb_server.operations.answering import answer_here
from lpb_server.operations.question import answer_of
from lpb_server.service import Service
from lpb_server.wire.certificate_arrays import certificate_on_the_wire
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import decode_reply, encode_message

OWN = "LeanPythonBridge.Certificate.Solve"


def examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    return [Example("one")]


def lies(question: Any, answer: Answer) -> dict[str, Answer]:
    return {}


def make(params: Any, arrays: Any, outcome: Outcome) -> Evidence:
    return Evidence({"bound": 0.5}, {"factor": np.eye(2)})


def solve(params: Any, arrays: Any) -> Outcome:
    return Outcome({"x": 1.0}, {"solution": np.ones(2)})


def registered(function: Any = solve, **changes: Any) -> Operation:
    given: dict[str, Any] = {
        "certificate": Certificate("enclosure", make, OWN),
        "examples": examples,
        "lies": lies,
        **changes,
    }
    return operation("solve", params={"type": "object"}, summary="Solve.", **given)(function)


@pytest.mark.parametrize("wire_format", WireFormat)
def test_certificate_arrays_follow_those_of_the_result(wire_format: WireFormat) -> None:
    request = encode_message(Request("1", "solve", certify=True), wire_format)
    message = decode_reply(Service(Registry([registered()])).handle(request))
    assert [header.name for header in message.reply.arrays] == ["solution", "factor"]
    assert message.reply.certificate == {"kind": "enclosure", "bound": 0.5, "arrays": ["factor"]}
    answer = answer_of(message.reply.result or {}, message.arrays, message.reply.certificate)
    assert answer.certificate == {"kind": "enclosure", "bound": 0.5}
    assert list(answer.arrays) == ["solution"]
    assert np.array_equal(answer.certificate_arrays["factor"], np.eye(2))
    here = answer_here(registered(), Example("one").question)
    assert certificate_on_the_wire(here.certificate, here.certificate_arrays) == (
        message.reply.certificate
    )


def test_a_certificate_that_names_what_is_not_there_is_no_answer() -> None:
    with pytest.raises(WireError, match="'factor'"):
        answer_of({}, {}, {"kind": "enclosure", "arrays": ["factor"]})


@pytest.mark.parametrize(
    "evidence",
    [
        {"bound": 0.5},
        Evidence({"kind": "another"}),
        Evidence({"arrays": []}),
        Evidence({}, {"solution": np.ones(2)}),
    ],
)
def test_evidence_that_cannot_be_sent_is_the_server_s_fault(evidence: Any) -> None:
    certificate = Certificate("enclosure", lambda params, arrays, outcome: evidence, OWN)
    with pytest.raises(TypeError):
        answer_here(registered(certificate=certificate), Example("one").question)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"certificate": "enclosure"}, "must be a Certificate"),
        ({"examples": None}, "needs examples"),
        ({"lies": None}, "go together"),
        ({"certificate": None}, "go together"),
        ({"checker": OWN}, "names the checker"),
        ({"certificate": None, "lies": None, "checker": "Not a name"}, "no name of a Lean module"),
        ({"function": 3}, "cannot be called"),
        ({"function": lambda params: Outcome({})}, "has to take 2 arguments"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_registration(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(RegistrationError, match=words):
        registered(**changes)


@pytest.mark.parametrize(
    "given",
    [
        ("", make, OWN),
        ("\ud800", make, OWN),
        ("kind", None, OWN),
        ("kind", lambda params, arrays: None, OWN),
        ("kind", make, "a..b"),
        ("kind", make, OWN, 1),
        ("kind", make, OWN, lambda question: True),
    ],
)
def test_a_certificate_that_cannot_be_meant_is_refused(given: Any) -> None:
    with pytest.raises(RegistrationError):
        Certificate(*given)


def test_a_checker_of_one_s_own_lies_beside_the_python_file() -> None:
    certificate = Certificate("enclosure", make, "My.Absent")
    with pytest.raises(RegistrationError, match=r"My/Absent\.lean or .*/Absent\.lean"):
        registered(certificate=certificate)


PAIR = """
from lpb_server.operations import Example, operation


@operation("hail", params={"type": "object"}, summary="Hail.", checker="My.Hail",
           examples=lambda random, count: [Example("one")])
def hail(params, arrays):
    return {"hail": True}
"""


@pytest.mark.parametrize("place", ["My/Hail.lean", "Hail.lean"])
def test_operations_are_loaded_from_files(tmp_path: Path, place: str) -> None:
    file, checker = tmp_path / "hailing.py", tmp_path / place
    file.write_text(PAIR)
    with pytest.raises(RegistrationError, match=r"hailing\.py: operation 'hail'"):
        default_registry(str(file))
    checker.parent.mkdir(exist_ok=True)
    checker.write_text("module\n")
    assert default_registry(str(file)).find("hail").checker_file == checker


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("x = 1\n", "defines no operation"),
        ("1/0\n", "ZeroDivisionError"),
        ("x =\n", "SyntaxError"),
    ],
)
def test_what_cannot_be_loaded_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "wrong.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(RegistrationError, match=f"wrong.py.*{words}"):
        default_registry(str(file))
    with pytest.raises(RegistrationError, match="no_such_module"):
        default_registry("no_such_module")


def test_no_lie_is_true_and_no_example_false() -> None:
    """Python's own checkers; that Lean is of the same mind is tested with the engine."""
    for item in default_registry():
        if item.certificate is None or item.certificate.check is None:
            continue
        assert item.examples is not None
        assert item.lies is not None
        told = 0
        for example in item.examples(np.random.default_rng(3), 9):
            answer = answer_here(item, example.question)
            assert item.certificate.check(example.question, answer), example.name
            for name, lie in item.lies(example.question, answer).items():
                assert not item.certificate.check(example.question, lie), (example.name, name)
                told += 1
        assert told >= 8


def test_what_is_uncertifiable_is_said() -> None:
    item = default_registry().find("matrix_sum")
    with pytest.raises(Uncertifiable, match="no certificate exists"):
        answer_here(item, Example("NaN", {"matrix": [[float("nan")]]}).question)
