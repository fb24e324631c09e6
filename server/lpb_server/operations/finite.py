"""Arrays that must be finite."""

from __future__ import annotations

import numpy as np

from lpb_server.errors import InvalidParams
from lpb_server.operations.question import ArrayMap

__all__ = ["require_finite"]


def require_finite(arrays: ArrayMap, *names: str) -> None:
    """Refuse arrays with an element that is not finite.

    Parameters
    ----------
    names : str
        Which of the arrays; the first one that is refused is named.

    Raises
    ------
    InvalidParams
        When one has such an element.
    """
    for name in names:
        if not bool(np.isfinite(arrays[name]).all()):
            raise InvalidParams(f"an element of {name} is not finite", {"array": name})
