"""What the tests of certified operations share: their own examples hold, and their lies do not."""

from __future__ import annotations

import numpy as np
from lpb_server.operations import Operation
from lpb_server.operations.answering import answer_here


def assert_only_truth_holds(operation: Operation, seed: int, count: int, least: int = 8) -> None:
    """Python's checker accepts the examples, `count` random ones among them, and refuses every lie.

    There are `least` lies or more about each.
    """
    assert operation.examples is not None
    assert operation.lies is not None
    assert operation.certificate is not None
    check = operation.certificate.check
    assert check is not None
    for example in operation.examples(np.random.default_rng(seed), count):
        honest = answer_here(operation, example.question)
        assert check(example.question, honest), example.name
        lies = operation.lies(example.question, honest)
        assert len(lies) >= least
        for what, lie in lies.items():
            assert not check(example.question, lie), (example.name, what)
