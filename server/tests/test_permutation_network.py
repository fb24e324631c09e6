"""Permutation networks: every permutation has its switches, and switches only permute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.certificates.permutation_network import permute, rounds_for, switches_for


@given(st.integers(1, 70).flatmap(lambda n: st.permutations(range(n))))
def test_switches_bring_words_to_their_places(order: list[int]) -> None:
    indices = np.array(order, np.int64)
    words = np.arange(5, 5 + indices.size, dtype=np.uint64)
    permuted = permute(words, switches_for(indices))
    assert permuted.size == 1 << rounds_for(indices.size)
    assert permuted[: indices.size].tolist() == words[indices].tolist()
    assert not permuted[indices.size :].any()


@given(st.integers(1, 40), st.lists(st.integers(0, 2**64 - 1), max_size=70))
def test_whatever_the_switches_words_are_permuted(count: int, switches: list[int]) -> None:
    words = np.arange(1, count + 1, dtype=np.uint64)
    permuted = permute(words, np.array(switches, np.uint64))
    assert sorted(permuted.tolist()) == [0] * (permuted.size - count) + words.tolist()


@pytest.mark.parametrize(("count", "rounds"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10)])
def test_rounds(count: int, rounds: int) -> None:
    assert rounds_for(count) == rounds
