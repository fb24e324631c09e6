"""The one place to import from: everything is there, and importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import lean_python_bridge as lpb
import numpy as np
import pytest

SYSTEM = {"matrix": np.array([[4.0, 1.0], [1.0, 3.0]]), "right": np.array([1.0, 2.0])}


def test_every_name_is_there() -> None:
    for name in lpb.__all__:
        assert getattr(lpb, name) is not None
        assert name in dir(lpb)
    assert lpb.Client.__name__ == "BridgeClient"
    assert lpb.RemoteError is lpb.errors.RemoteError
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = lpb.nothing_of_ours


def test_importing_it_imports_nothing_large() -> None:
    code = "import sys, lean_python_bridge; print('numpy' in sys.modules, 'zmq' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def test_a_certified_answer_needs_no_server() -> None:
    answer = lpb.certified("solve", arrays=SYSTEM)
    assert np.allclose(SYSTEM["matrix"] @ answer.arrays["solution"], SYSTEM["right"])
    assert answer.certificate is not None
    assert answer.certificate["kind"] == "solve_enclosure"


def test_a_certified_answer_of_a_server(endpoint: str) -> None:
    here = lpb.certified("solve", arrays=SYSTEM)
    there = lpb.certified("solve", arrays=SYSTEM, endpoint=endpoint)
    assert there.certificate == here.certificate
    assert (there.arrays["solution"] == here.arrays["solution"]).all()


def test_what_cannot_be_certified_says_so() -> None:
    with pytest.raises(lpb.RemoteError, match="singular"):
        lpb.certified("solve", arrays={**SYSTEM, "matrix": np.zeros((2, 2))})
    with pytest.raises(lpb.BridgeError, match="no such operation"):
        lpb.certified("no_such_thing")
