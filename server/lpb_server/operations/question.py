"""What an operation is asked and what it answers: the same words as in Lean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from lpb_server.wire.arrays import Array
from lpb_server.wire.certificate_arrays import CERTIFICATE_ARRAYS, split_arrays
from lpb_server.wire.values import ValueMap

__all__ = [
    "Answer",
    "ArrayMap",
    "Evidence",
    "Example",
    "Outcome",
    "Question",
    "answer_of",
]

ArrayMap: TypeAlias = Mapping[str, Array]


class Question(msgspec.Struct):
    """What an operation is asked.

    Parameters
    ----------
    params : dict
        A map of the data model.
    arrays : mapping of str to ndarray
        In the order of their frames.
    """

    params: ValueMap = {}
    arrays: ArrayMap = {}


class Example(msgspec.Struct):
    """A question that is worth asking, with the name that reports call it by.

    Parameters
    ----------
    name : str
        What is special about it.
    params, arrays
        As in `Question`.
    """

    name: str
    params: ValueMap = {}
    arrays: ArrayMap = {}

    @property
    def question(self) -> Question:
        """The question alone."""
        return Question(self.params, self.arrays)


class Outcome(msgspec.Struct):
    """What an operation gives back.

    Parameters
    ----------
    result : dict
        A map of the data model.
    arrays : mapping of str to ndarray
        Of the dtypes that the wire carries.
    """

    result: ValueMap
    arrays: ArrayMap = {}


class Evidence(msgspec.Struct):
    """What makes an outcome checkable; its kind is said by the `Certificate` that it belongs to.

    Parameters
    ----------
    entries : dict
        A map of the data model, without ``kind`` and ``arrays``.
    arrays : mapping of str to ndarray
        What is as large as the data; no name is that of an array of the outcome.
    """

    entries: ValueMap = {}
    arrays: ArrayMap = {}


class Answer(msgspec.Struct):
    """What came back: the outcome, and the certificate when one was asked for.

    Parameters
    ----------
    result, arrays
        As in `Outcome`.
    certificate : dict
        What the certificate says, ``kind`` included, but for the names of its arrays.
    certificate_arrays : mapping of str to ndarray
        The arrays of the certificate.
    """

    result: ValueMap
    arrays: ArrayMap = {}
    certificate: ValueMap = {}
    certificate_arrays: ArrayMap = {}


def answer_of(result: ValueMap, arrays: dict[str, Array], certificate: ValueMap | None) -> Answer:
    """Return what a reply answers.

    Parameters
    ----------
    arrays : dict of str to ndarray
        All arrays of the reply.
    certificate : dict or None
        As it stands in the reply.

    Raises
    ------
    WireError
        When the certificate names an array that is not there.
    """
    own, others = split_arrays(arrays, certificate)
    entries = dict(certificate or {})
    if others:
        del entries[CERTIFICATE_ARRAYS]
    return Answer(result, own, entries, others)
