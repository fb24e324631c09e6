"""The operations: plain functions of parameters and arrays, and the registry that names them."""

from lpb_server.operations.definition import ArrayMap, Operation, Outcome, operation
from lpb_server.operations.registry import ENTRY_POINT_GROUP, Registry, default_registry

__all__ = [
    "ENTRY_POINT_GROUP",
    "ArrayMap",
    "Operation",
    "Outcome",
    "Registry",
    "default_registry",
    "operation",
]
