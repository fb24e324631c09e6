"""What certificates cost: made and checked, by operation and size, in Python and in Lean."""

from __future__ import annotations

from typing import Final

from lpb_server.operations import default_registry
from lpb_server.operations.scaling import sizes_of

from lpb_benchmarks.measure.cases import Case, Contender
from lpb_benchmarks.measure.certified import (
    ANSWER,
    CERTIFIED,
    PYTHON_CHECK,
    CertificateCase,
    LeanCheckCase,
)
from lpb_benchmarks.scenarios.base import Plan, Scenario

__all__ = ["CERTIFICATES"]

_QUICK_SIZES: Final = 2
_PYTHON: Final = (
    Contender(ANSWER, "numpy"),
    Contender(CERTIFIED, "bridge", ANSWER),
    Contender(PYTHON_CHECK, "bridge", ANSWER),
)


def _certificates(plan: Plan) -> list[Case]:
    operations = plan.operations or [item for item in default_registry() if item.certified]
    lean = tuple(Contender(name, "bridge") for name in plan.lean_checks)
    asked = [
        (place, size, operation)
        for operation in sorted(operations, key=lambda item: item.name)
        for place, size in enumerate(sizes_of(operation)[: _QUICK_SIZES if plan.quick else None])
    ]
    python: list[Case] = [
        CertificateCase(
            name=f"{operation.name}, n = {size}",
            contenders=_PYTHON,
            pinned=False,
            series=operation.name,
            size=size,
            operation=operation,
        )
        for _, size, operation in asked
    ]
    if not lean:
        return python
    # What has no time in a quick run is what is large, of all operations alike.
    checked: list[Case] = [
        LeanCheckCase(
            name=f"{operation.name}, n = {size}, in Lean",
            contenders=lean,
            pinned=False,
            rounds=1,
            series=operation.name,
            size=size,
            operation=operation,
            checks=plan.lean_checks,
        )
        for _, size, operation in sorted(asked, key=lambda item: (item[0], item[2].name))
    ]
    return python + checked


CERTIFICATES: Final = Scenario(
    "certificates", "What certificates cost to make and to check, by size", _certificates
)
