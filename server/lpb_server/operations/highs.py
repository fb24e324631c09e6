"""SciPy's HiGHS, which solves linear programs in double precision; imported where it is used."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.linear_program import LinearProgram
from lpb_server.errors import InvalidParams

__all__ = ["has_scipy", "require_scipy", "solve_in_doubles"]

Doubles = npt.NDArray[np.float64]


def has_scipy() -> bool:
    """Say whether SciPy is installed."""
    return find_spec("scipy") is not None


def require_scipy(who: str) -> None:
    """Refuse what needs SciPy, where it is not installed.

    Raises
    ------
    InvalidParams
        It names the operation that asks, `who`, and the extra.
    """
    if not has_scipy():
        raise InvalidParams(f"{who} needs SciPy: pip install 'lean-python-bridge[scipy]'")


def solve_in_doubles(program: LinearProgram, who: str) -> tuple[Doubles, Doubles] | None:
    """Solve a linear program.

    Parameters
    ----------
    who : str
        The operation that asks, for what is said when SciPy is missing.

    Returns
    -------
    tuple of ndarray or None
        The solution, float64 of shape (n,), and the multipliers of the rows, of shape (m,): what a
        unit more of a bound costs. None when HiGHS finds no optimum.

    Raises
    ------
    InvalidParams
        When SciPy is not installed.
    """
    require_scipy(who)
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    equal = program.row_lower == program.row_upper
    above = np.isfinite(program.row_lower) & ~equal
    below = np.isfinite(program.row_upper) & ~equal
    stored = program.matrix
    matrix: Any = csr_array((stored.data, stored.indices, stored.indptr), shape=stored.shape)
    found: Any = linprog(
        program.cost,
        A_ub=vstack([-matrix[above], matrix[below]]),
        b_ub=np.concatenate([-program.row_lower[above], program.row_upper[below]]),
        A_eq=matrix[equal],
        b_eq=program.row_lower[equal],
        bounds=np.column_stack([program.lower, program.upper]),
        method="highs-ds",
    )
    if found.status != 0:
        return None
    multipliers = np.zeros(stored.shape[0])
    split = int(above.sum())
    multipliers[above] -= found.ineqlin.marginals[:split]
    multipliers[below] += found.ineqlin.marginals[split:]
    multipliers[equal] = found.eqlin.marginals
    return np.asarray(found.x, np.float64), multipliers
