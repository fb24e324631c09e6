"""Fitted models of other libraries as arrays and a small description: what Lean can check."""

from lpb_server.models.description import Model, UnknownModelError
from lpb_server.models.from_onnx import from_onnx
from lpb_server.models.from_sklearn import from_sklearn
from lpb_server.models.from_torch import from_torch

__all__ = ["Model", "UnknownModelError", "from_onnx", "from_sklearn", "from_torch"]
