"""What an operation is: plain functions, and what callers may know about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lpb_server.errors import InvalidParams, RegistrationError
from lpb_server.operations.certificate import Certificate, Examples, Lies, check_lean_name
from lpb_server.operations.checker_file import find_checker_file
from lpb_server.operations.declaration import ArraySpec, ArraySpecs, check_arrays
from lpb_server.operations.question import ArrayMap, Evidence, Outcome
from lpb_server.operations.registration import (
    check_callable,
    check_name,
    checked_schema,
    declared,
)
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.validation import Validator
from lpb_server.wire.values import ValueMap

__all__ = ["Function", "Operation", "operation"]

Function: TypeAlias = Callable[[ValueMap, ArrayMap], Any]
"""Parameters and read-only arrays in; out an `Outcome`, or a map alone."""


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
    certificate : Certificate or None
        How its answers are certified; None when they are not.
    arrays : dict of str to ArraySpec, or None
        The arrays it takes; None for any.
    pure : bool
        Whether it may run twice for one request.
    validator : Validator
        The compiled `params`.
    checker : str or None
        The Lean module that checks its answers; also where there is nothing to certify and an
        answer follows from its question.
    checker_file : Path or None
        The file of that module, when it lies beside the Python file; None for the bridge's own.
    examples : callable or None
        Questions worth asking.
    lies : callable or None
        Answers that are nearly right.
    scaling : Scaling
        How its questions grow.
    """

    name: str
    summary: str
    params: dict[str, Any]
    function: Function
    certificate: Certificate | None
    arrays: dict[str, ArraySpec] | None
    pure: bool
    validator: Validator
    checker: str | None
    checker_file: Path | None
    examples: Examples | None
    lies: Lies | None
    scaling: Scaling

    @property
    def certified(self) -> bool:
        """Whether it can return a certificate."""
        return self.certificate is not None

    @property
    def theorem(self) -> str | None:
        """The Lean constant that its answers are checked by: a checker with its soundness."""
        return None if self.checker is None else f"{self.checker}.operation"

    def describe(self) -> ValueMap:
        """Return what the ``operations`` operation says about it."""
        arrays: Any = None
        if self.arrays is not None:
            arrays = [spec.describe(name) for name, spec in self.arrays.items()]
        return {
            "name": self.name,
            "summary": self.summary,
            "params": self.params,
            "arrays": arrays,
            "pure": self.pure,
            "certified": self.certified,
            "certificate": self.certificate.kind if self.certificate is not None else None,
            "theorem": self.theorem,
        }

    def check(self, params: ValueMap, arrays: ArrayMap, *, certify: bool) -> None:
        """Refuse a request that the operation cannot serve.

        Raises
        ------
        InvalidParams
            When the parameters break the schema, an array is not as declared, or a certificate
            is asked of an operation that has none.
        """
        problem = self.validator.problem(params)
        if problem is not None:
            raise InvalidParams(
                f"params of {self.name}: {problem}", {"path": problem.path, "rule": problem.rule}
            )
        if self.arrays is not None and (arrays or self.arrays):
            check_arrays(self.name, self.arrays, arrays)
        if certify and self.certificate is None:
            raise InvalidParams(f"{self.name} has no certificate: there is nothing to certify")

    def certify(self, params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
        """Make the evidence for an outcome; its entries begin with the certificate's kind.

        Raises
        ------
        InvalidParams
            When no certificate exists.
        TypeError
            When what makes it gave something else than evidence.
        """
        assert self.certificate is not None
        evidence = self.certificate.make(params, arrays, outcome)
        if not isinstance(evidence, Evidence):
            raise TypeError(f"the certificate's make gave {type(evidence).__name__}, no Evidence")
        for key in ("kind", "arrays"):
            if key in evidence.entries:
                raise TypeError(f"the evidence has an entry {key!r}, which the bridge writes")
        for name in evidence.arrays:
            if name in outcome.arrays:
                raise TypeError(f"result and certificate both have an array {name!r}")
        return Evidence({"kind": self.certificate.kind, **evidence.entries}, evidence.arrays)


def operation(
    name: str,
    *,
    params: dict[str, Any],
    summary: str,
    arrays: ArraySpecs | Sequence[str] | None = (),
    certificate: Certificate | None = None,
    checker: str | None = None,
    examples: Examples | None = None,
    lies: Lies | None = None,
    scaling: Scaling | None = None,
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
    arrays : mapping of str to ArraySpec, sequence of str, or None
        The arrays it takes, checked before the function is called. Names alone are needed arrays
        of any dtype and shape; None is for any arrays.
    certificate : Certificate, optional
        How its answers are certified; without it they are not.
    checker : str, optional
        The Lean module that checks an answer to which there is nothing to certify.
    examples : callable, optional
        Questions worth asking: what ``lpb verify`` asks. A checker needs some.
    lies : callable, optional
        Answers that are nearly right: what Lean must refuse. A certificate needs some.
    scaling : Scaling, optional
        How its questions grow: what ``lpb bench`` asks, and what Lean's kernel has room for.
    pure : bool
        Whether it may run twice for one request.

    Raises
    ------
    RegistrationError
        When anything is wrong that can be known before a call, by `operation` itself or when it is
        applied: see `registration`.

    Examples
    --------
    >>> @operation("double", params={"type": "object"}, summary="Twice x.")
    ... def double(params, arrays):
    ...     return Outcome({"x": 2 * params["x"]})
    >>> double.name
    'double'
    """
    check_name(name, summary)
    specs = declared(name, arrays)
    validator = checked_schema(name, params)
    if certificate is not None:
        if not isinstance(certificate, Certificate):
            raise RegistrationError(f"operation {name!r}: certificate must be a Certificate")
        if checker is not None:
            raise RegistrationError(f"operation {name!r}: its certificate names the checker")
        checker = certificate.checker
    if checker is not None:
        check_lean_name(checker)
        if examples is None:
            raise RegistrationError(f"operation {name!r}: a checker needs examples to be tried on")
    if examples is not None:
        check_callable(f"operation {name!r}: examples", examples, 2, may_yield=True)
    if lies is not None:
        check_callable(f"operation {name!r}: lies", lies, 2)
    if scaling is not None and not isinstance(scaling, Scaling):
        raise RegistrationError(f"operation {name!r}: scaling must be a Scaling")
    if (certificate is None) != (lies is None):
        raise RegistrationError(
            f"operation {name!r}: a certificate and lies, which must be refused, go together"
        )

    def register(function: Function) -> Operation:
        check_callable(f"operation {name!r}: the function", function, 2)
        file = None if checker is None else find_checker_file(name, checker, function)
        return Operation(
            name=name,
            summary=summary,
            params=params,
            function=function,
            certificate=certificate,
            arrays=specs,
            pure=pure,
            validator=validator,
            checker=checker,
            checker_file=file,
            examples=examples,
            lies=lies,
            scaling=scaling or Scaling(),
        )

    return register
