"""Conformance vectors: messages with their exact bytes, for every implementation to agree on."""

from lpb_server.conformance.notation import from_notation, to_notation
from lpb_server.conformance.vectors import VECTORS_NAME, load_vectors

__all__ = ["VECTORS_NAME", "from_notation", "load_vectors", "to_notation"]
