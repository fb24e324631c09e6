"""Permutations as the switches of a Beneš network, which Lean's kernel applies to whole frames.

2ᵏ words are permuted in 2k - 1 stages. In each, words whose indices differ in one bit change places
where a switch says so: first the highest bit, then the next, down to the lowest, and back up.
Bit j of word i of the switches is that of words i and i + stride in stage j. See
``LeanPythonBridge.Certificate.Network``.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["permute", "rounds_for", "switches_for"]

Indices: TypeAlias = npt.NDArray[np.int64]


def rounds_for(count: int) -> int:
    """Return the least k for which 2ᵏ is at least `count`; `count` is positive."""
    return (count - 1).bit_length()


def switches_for(order: Indices) -> npt.NDArray[np.uint64]:
    """Return the switches that bring word ``order[i]`` to place i.

    Parameters
    ----------
    order : ndarray of int64, shape (n,)
        A permutation of 0 … n - 1; n is at least 1. Words from n on stay where they are.

    Returns
    -------
    ndarray of uint64, shape (2ᵏ,)
        With 2ᵏ ≥ n as small as it can be.
    """
    rounds = rounds_for(order.size)
    places = np.arange(1 << rounds)
    goal = places.copy()
    goal[order] = places[: order.size]
    switches = np.zeros(1 << rounds, np.uint64)
    # From the outside inwards: which words pass through which half of the network between the
    # stages j and -j. Partners before it must part, and so must partners behind it.
    for stage, bit in enumerate(range(rounds - 1, 0, -1)):
        stride = 1 << bit
        origin = np.empty_like(goal)
        origin[goal] = places
        upper = _parted(origin[goal[places ^ stride] ^ stride], bit)
        lower_places = places[(places & stride) == 0]
        switches[lower_places] |= upper[lower_places].astype(np.uint64) << np.uint64(stage)
        last = 2 * (rounds - 1) - stage
        behind = upper[origin[lower_places]].astype(np.uint64)
        switches[lower_places] |= behind << np.uint64(last)
        inner = np.empty_like(goal)
        half = np.where(upper, stride, 0)
        inner[(places & ~stride) | half] = (goal & ~stride) | half
        goal = inner
    if rounds:
        even = places[::2]
        switches[even] |= (goal[even] != even).astype(np.uint64) << np.uint64(rounds - 1)
    return switches


def _parted(same: Indices, bit: int) -> npt.NDArray[np.bool_]:
    """Choose a half for every word: one for all words of a cycle of `same`, the other for partners.

    Of two cycles that are partners, the one with the least word passes through the lower half.
    """
    least, jump = np.arange(same.size), same
    for _ in range(bit):  # Cycles have 2^bit words at most; seen are 1, 2, 4, … of them.
        least = np.minimum(least, least[jump])
        jump = jump[jump]
    partners = np.arange(same.size) ^ (1 << bit)
    return np.asarray(least > least[partners])


def permute(
    words: npt.NDArray[np.uint64], switches: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    """Return the words that come out of the network; words that are not there are zero.

    Parameters
    ----------
    words : ndarray of uint64, shape (n,)
        n is at least 1.
    switches : ndarray of uint64
        Any number of them; those beyond 2ᵏ words, and those that are not there, are of no account.

    Returns
    -------
    ndarray of uint64, shape (2ᵏ,)
    """
    rounds = rounds_for(words.size)
    size = 1 << rounds
    out, states = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    out[: words.size] = words
    states[: min(size, switches.size)] = switches[:size]
    for stage in range(2 * rounds - 1):
        stride = 1 << abs(rounds - 1 - stage)
        on = (states >> np.uint64(stage)) & np.uint64(1) == 1
        on[size - stride :] = False
        # Where two exchanges overlap, Lean leaves the upper one out.
        overlapped = np.zeros(size, np.bool_)
        overlapped[stride:] = on[:-stride]
        lower = np.flatnonzero(on & ~overlapped)
        out[lower], out[lower + stride] = out[lower + stride], out[lower]
    return out
