"""Fitted models and sparse matrices of other libraries as arrays: what Lean can check."""

from lpb_server.models.csr_arrays import csr_arrays
from lpb_server.models.description import Model, UnknownModelError
from lpb_server.models.from_onnx import from_onnx
from lpb_server.models.from_sklearn import from_sklearn
from lpb_server.models.from_torch import from_torch

__all__ = ["Model", "UnknownModelError", "csr_arrays", "from_onnx", "from_sklearn", "from_torch"]
