"""What an operation is: plain functions, and what callers may know about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from lpb_server.errors import InvalidParams
from lpb_server.operations.registration import check_callable, check_names, checked_schema
from lpb_server.wire.arrays import Array
from lpb_server.wire.validation import Validator
from lpb_server.wire.values import ValueMap

__all__ = ["ArrayMap", "Certifier", "Function", "Operation", "Outcome", "operation"]

ArrayMap: TypeAlias = Mapping[str, Array]


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


Function: TypeAlias = Callable[[ValueMap, ArrayMap], Outcome]
"""Parameters and read-only arrays in, outcome out."""

Certifier: TypeAlias = Callable[[ValueMap, ArrayMap, Outcome], ValueMap]
"""The same arguments and their outcome in, certificate out."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the registry holds it; built by `operation`.

    Parameters
    ----------
    name : str
        What requests call it.
    summary : str
        One sentence.
    params : dict
        JSON Schema (draft 2020-12) of the parameters.
    function : callable
        Computes the outcome. It may raise `InvalidParams`.
    certifier : callable or None
        Makes the certificate of an outcome; None when the operation has none.
    array_names : tuple of str or None
        The arrays it takes; None for any.
    pure : bool
        Whether it may run twice for one request.
    validator : Validator
        The compiled `params`.
    optional_arrays : tuple of str
        The arrays that a request may leave out.
    """

    name: str
    summary: str
    params: dict[str, Any]
    function: Function
    certifier: Certifier | None
    array_names: tuple[str, ...] | None
    pure: bool
    validator: Validator
    optional_arrays: tuple[str, ...] = ()

    @property
    def certified(self) -> bool:
        """Whether it can return a certificate."""
        return self.certifier is not None

    def describe(self) -> ValueMap:
        """Return what the ``operations`` operation says about it."""
        return {
            "name": self.name,
            "summary": self.summary,
            "params": self.params,
            "pure": self.pure,
            "certified": self.certified,
        }

    def check(self, params: ValueMap, arrays: ArrayMap, *, certify: bool) -> None:
        """Refuse a request that the operation cannot serve.

        Raises
        ------
        InvalidParams
            When the parameters break the schema, an array is missing or has a name the operation
            does not know, or a certificate is asked of an operation that has none.
        """
        problem = self.validator.problem(params)
        if problem is not None:
            raise InvalidParams(
                f"params of {self.name}: {problem}", {"path": problem.path, "rule": problem.rule}
            )
        if self.array_names is not None:
            for name in arrays:
                if name not in self.array_names:
                    raise InvalidParams(f"{self.name} takes no array {name!r}", {"array": name})
            for name in self.array_names:
                if name not in arrays and name not in self.optional_arrays:
                    raise InvalidParams(f"{self.name} needs an array {name!r}", {"array": name})
        if certify and self.certifier is None:
            raise InvalidParams(f"{self.name} has no certificate")


def operation(
    name: str,
    *,
    params: dict[str, Any],
    summary: str,
    arrays: tuple[str, ...] | None = (),
    optional_arrays: tuple[str, ...] = (),
    certifier: Certifier | None = None,
    pure: bool = True,
) -> Callable[[Function], Operation]:
    """Turn a plain function into an operation.

    Parameters
    ----------
    name : str
        What requests call it.
    params : dict
        JSON Schema of the parameters: validated before the function is called.
    summary : str
        One sentence.
    arrays : tuple of str or None
        The arrays it takes; None for any.
    optional_arrays : tuple of str
        Those of them that a request may leave out.
    certifier : callable, optional
        Makes the certificate; without it the operation has none.
    pure : bool
        Whether it may run twice for one request.

    Raises
    ------
    RegistrationError
        When anything is wrong that can be known before a call: see `registration`.

    Examples
    --------
    >>> @operation("double", params={"type": "object"}, summary="Twice x.")
    ... def double(params, arrays):
    ...     return Outcome({"x": 2 * params["x"]})
    >>> double.name
    'double'
    """
    check_names(name, summary, arrays, optional_arrays)
    validator = checked_schema(name, params)
    if certifier is not None:
        check_callable(name, "certifier", certifier, 3)

    def register(function: Function) -> Operation:
        check_callable(name, "function", function, 2)
        return Operation(
            name, summary, params, function, certifier, arrays, pure, validator, optional_arrays
        )

    return register
