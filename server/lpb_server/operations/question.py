"""What an operation is asked and what it answers: the same words as in Lean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, cast

import msgspec

from lpb_server.errors import WireError
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = [
    "CERTIFICATE_ARRAYS",
    "CERTIFICATE_KIND",
    "Answer",
    "ArrayMap",
    "Evidence",
    "Example",
    "Outcome",
    "Question",
    "answer_of",
    "certificate_on_the_wire",
    "split_arrays",
]

ArrayMap: TypeAlias = Mapping[str, Array]

CERTIFICATE_KIND: Final = "kind"
"""The first entry of every certificate: which kind it is."""

CERTIFICATE_ARRAYS: Final = "arrays"
"""The last entry of a certificate that has arrays: their names. They follow the result's arrays in
the reply, so that a reader who knows nothing of them still reads the reply."""


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


def certificate_on_the_wire(certificate: ValueMap, arrays: ArrayMap) -> ValueMap:
    """Return a certificate as it stands in a reply, whose arrays end with these."""
    if not arrays:
        return certificate
    return {**certificate, CERTIFICATE_ARRAYS: list[Value](arrays)}


def split_arrays(
    arrays: dict[str, Array], certificate: ValueMap | None
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Part the arrays of a reply: those of its result, and those of its certificate.

    Raises
    ------
    WireError
        When the certificate names an array that is not there.
    """
    names = (certificate or {}).get(CERTIFICATE_ARRAYS)
    if not isinstance(names, list):
        return arrays, {}
    for name in names:
        if not isinstance(name, str) or name not in arrays:
            raise WireError(f"the certificate names an array {name!r}, which did not come")
    chosen = cast("list[str]", names)
    return (
        {name: array for name, array in arrays.items() if name not in chosen},
        {name: arrays[name] for name in chosen},
    )


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
