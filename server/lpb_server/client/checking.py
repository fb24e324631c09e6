"""Certificates checked in Python, at once: a convenience. Lean's kernel is the judge.

Each operation brings a checker that computes in exact integers and is of the same mind as Lean's:
a test holds the two against each other.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lpb_server.client.exchange import CallResult
from lpb_server.errors import InvalidParams, RequestError, UnprovenError
from lpb_server.operations import Answer, Question, Registry, default_registry
from lpb_server.operations.certificate import Checker
from lpb_server.wire.arrays import DTYPES, Array, dtype_name
from lpb_server.wire.certificate_arrays import CERTIFICATE_ARRAYS
from lpb_server.wire.values import ValueMap

__all__ = ["checker_of", "doubt", "installed_registry", "require_proof"]


@functools.cache
def installed_registry() -> Registry:
    """Return the operations that are installed, which are looked for once."""
    return default_registry()


def checker_of(op: str, registry: Registry | None) -> Checker:
    """Return Python's checker of an operation's certificates.

    Parameters
    ----------
    registry : Registry, optional
        The operations that are known here; those that are installed by default.

    Raises
    ------
    InvalidParams
        When there is none: the operation is not known here, or brings no checker.
    """
    try:
        found = (registry or installed_registry()).find(op)
    except RequestError:
        raise InvalidParams(
            f"{op} cannot be checked here: no such operation is installed"
        ) from None
    if found.certificate is None or found.certificate.check is None:
        raise InvalidParams(f"{op} cannot be checked in Python: it brings no checker for it")
    return found.certificate.check


def doubt(
    check: Checker, params: ValueMap, arrays: Mapping[str, npt.ArrayLike], called: CallResult
) -> str:
    """Say why an answer is not proven; empty when its certificate holds.

    Parameters
    ----------
    check : callable
        The operation's checker.
    params, arrays
        What was asked.
    called : CallResult
        What came back.
    """
    if called.certificate is None:
        return "the reply has no certificate"
    entries = dict(called.certificate)
    if called.certificate_arrays:
        del entries[CERTIFICATE_ARRAYS]
    question = Question(params, {name: _sent(name, array) for name, array in arrays.items()})
    answer = Answer(called.result, called.arrays, entries, called.certificate_arrays)
    try:
        holds = check(question, answer)
    except Exception as error:  # What a server sent can be of any form.
        return f"the checker cannot read the answer: {type(error).__name__}: {error}"
    return "" if holds else "the certificate does not hold"


def require_proof(
    check: Checker,
    op: str,
    params: ValueMap,
    arrays: Mapping[str, npt.ArrayLike] | None,
    called: CallResult,
    *,
    endpoint: str,
    tries: int,
) -> None:
    """Refuse an answer whose certificate does not hold; of another, note that it was checked.

    Parameters
    ----------
    check, params, arrays, called
        As for `doubt`.
    op, endpoint, tries
        The operation, the server, and how often it was asked: for what is said.

    Raises
    ------
    UnprovenError
        With the reason.
    """
    reason = doubt(check, params, arrays or {}, called)
    if reason:
        raise UnprovenError(f"{op} is not proven: {reason}", endpoint=endpoint, tries=tries)
    called.checked = True


def _sent(name: str, array: npt.ArrayLike) -> Array:
    """Return an array as it went over the wire: little endian, in C order."""
    source = np.asarray(array)
    return np.asarray(source, DTYPES[dtype_name(name, source)], order="C")
