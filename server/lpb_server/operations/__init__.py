"""The operations: plain functions of parameters and arrays, and the registry that names them."""

from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import Operation, operation
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.registry import ENTRY_POINT_GROUP, Registry, default_registry
from lpb_server.operations.scaling import Scaling

__all__ = [
    "ENTRY_POINT_GROUP",
    "Answer",
    "ArrayMap",
    "ArraySpec",
    "Certificate",
    "Evidence",
    "Example",
    "Operation",
    "Outcome",
    "Question",
    "Registry",
    "Scaling",
    "default_registry",
    "operation",
]
