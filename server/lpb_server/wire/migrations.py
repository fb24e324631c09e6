"""Older schema versions: a chain of steps v → v+1, each a function of the header map.

Only requests migrate: the reply is always of the current version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire import msgpack_format
from lpb_server.wire.validation import packaged_validator
from lpb_server.wire.values import ValueMap

__all__ = ["NEWEST_VERSION", "OLDEST_VERSION", "migrate_request"]

OLDEST_VERSION: Final = 1
NEWEST_VERSION: Final = 2


def migrate_request(value: ValueMap) -> ValueMap:
    """Bring a request's header map to the newest version.

    Returns
    -------
    dict
        The map itself when it is of the newest version already; it is not validated here.

    Raises
    ------
    WireError
        ``unsupported_schema_version`` with the range that is accepted; ``bad_message`` when the
        version cannot be read or the map breaks the schema of the older version it names.
    """
    version = value.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise WireError("the header has no schema_version, or it is no int")
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        raise WireError(
            f"schema version {version} is not supported; "
            f"versions {OLDEST_VERSION} to {NEWEST_VERSION} are",
            {"minimum": OLDEST_VERSION, "maximum": NEWEST_VERSION},
            code=ErrorCode.UNSUPPORTED_SCHEMA_VERSION,
        )
    while version < NEWEST_VERSION:
        value = _STEPS[version](value)
        version += 1
    return value


def _from_version_1(value: ValueMap) -> ValueMap:
    """``{schema_version: 1, matrix, model}`` is the sum of a matrix.

    Version 1 had no id. Its stand-in is drawn from the content, so that this stays a function of
    the message, and a request that is sent again keeps its id. The model played no part.
    """
    problem = packaged_validator("request-v1").problem(value)
    if problem is not None:
        raise WireError(
            f"request header, schema version 1: {problem}",
            {"path": problem.path, "rule": problem.rule},
        )
    digest = hashlib.sha256(msgpack_format.encode(value)).hexdigest()
    return {
        "schema_version": 2,
        "id": f"v1-{digest[:32]}",
        "op": "matrix_sum",
        "params": {"matrix": value["matrix"]},
    }


_STEPS: Final[dict[int, Callable[[ValueMap], ValueMap]]] = {1: _from_version_1}
