"""Models in the ONNX format: what they become, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from lpb_server.models import UnknownModelError, from_onnx
from lpb_server.operations import default_registry
from lpb_server.operations.answering import answer_here

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnx.reference")

Doubles = npt.NDArray[np.float64]


def model(
    nodes: list[tuple[str, list[str], str, dict[str, Any]]],
    constants: dict[str, Any],
    shape: tuple[int, ...],
) -> Any:
    """A model of these nodes: what they are, their inputs, their output, their attributes."""
    double = onnx.TensorProto.DOUBLE
    made = [
        onnx.helper.make_node(kind, inputs, [output], **said)
        for kind, inputs, output, said in nodes
    ]
    held = [
        onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    ]
    graph = onnx.helper.make_graph(
        made,
        "network",
        [onnx.helper.make_tensor_value_info("x", double, ("batch", *shape))],
        [onnx.helper.make_tensor_value_info(nodes[-1][2], double, None)],
        held,
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])


def numbers(*shape: int) -> Doubles:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


GEMM = ("Gemm", ["x", "w", "b"], "y", {"transB": 1})
MODELS: dict[str, Any] = {
    "Gemm": ([GEMM], {"w": numbers(3, 4), "b": numbers(3)}, (4,)),
    "Gemm, scaled": (
        [("Gemm", ["x", "w", "b"], "y", {"alpha": 0.5, "beta": 2.0})],
        {"w": numbers(4, 3), "b": numbers(1, 3)},
        (4,),
    ),
    "MatMul, Add, Relu": (
        [
            ("MatMul", ["x", "w"], "u", {}),
            ("Add", ["b", "u"], "v", {}),
            ("Relu", ["v"], "r", {}),
            ("MatMul", ["r", "w2"], "y", {}),
        ],
        {"w": numbers(4, 3), "b": numbers(3), "w2": numbers(3, 2)},
        (4,),
    ),
    "elementwise": (
        [
            ("Sub", ["x", "mean"], "u", {}),
            ("Div", ["u", "scale"], "v", {}),
            ("Mul", ["factor", "v"], "y", {}),
        ],
        {"mean": numbers(4), "scale": numbers(4), "factor": np.array(3.0)},
        (4,),
    ),
    "Conv, BatchNormalization, Flatten": (
        [
            ("Conv", ["x", "k", "c"], "u", {"pads": [1, 0, 0, 1], "strides": [2, 1]}),
            ("BatchNormalization", ["u", "s", "o", "m", "var"], "v", {"epsilon": 1e-3}),
            ("Relu", ["v"], "r", {}),
            ("Flatten", ["r"], "f", {}),
            ("Gemm", ["f", "w"], "y", {}),
        ],
        {
            "k": numbers(3, 2, 2, 3),
            "c": numbers(3),
            "s": numbers(3),
            "o": numbers(3),
            "m": numbers(3),
            "var": numbers(3) ** 2,
            "w": numbers(36, 2),
        },
        (2, 5, 5),
    ),
    "grouped Conv, Reshape": (
        [
            ("Conv", ["x", "k"], "u", {"group": 2, "dilations": [1, 2]}),
            ("Reshape", ["u", "to"], "y", {}),
        ],
        {"k": numbers(4, 1, 2, 2), "to": np.array([0, -1])},
        (2, 4, 4),
    ),
    "Identity, Dropout": (
        [
            ("Identity", ["x"], "u", {}),
            ("Dropout", ["u"], "v", {}),
            ("Gemm", ["v", "w", "b"], "y", {"transB": 1}),
        ],
        {"w": numbers(3, 4), "b": numbers(3)},
        (4,),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_what_onnx_gives(name: str, tmp_path: Path) -> None:
    nodes, constants, shape = MODELS[name]
    made = model(nodes, constants, shape)
    inputs = numbers(1, *shape)
    expected = onnx.reference.ReferenceEvaluator(made).run(None, {"x": inputs})[0]
    onnx.save(made, tmp_path / "model.onnx")
    for given in (made, tmp_path / "model.onnx", str(tmp_path / "model.onnx")):
        question = from_onnx(given).question(inputs)
        answer = answer_here(default_registry().find("network_inference"), question)
        np.testing.assert_allclose(answer.arrays["output"], expected.reshape(-1), rtol=1e-9)


W, B = {"w": numbers(3, 4), "b": numbers(3)}, numbers(3)


@pytest.mark.parametrize(
    ("nodes", "constants", "shape", "words"),
    [
        ([GEMM, ("Softmax", ["y"], "z", {})], W, (4,), "Softmax"),
        ([("Relu", ["x"], "y", {})], {}, (4,), "no layer before"),
        ([GEMM, ("Relu", ["y"], "z", {})], W, (4,), "does not end"),
        ([GEMM, ("Add", ["y", "y"], "z", {})], W, (4,), "no constant"),
        ([GEMM, ("Gemm", ["x", "w", "b"], "z", {})], W, (4,), "does not follow"),
        ([GEMM], W, (5,), "does not take"),
        ([("Add", ["x", "b"], "y", {})], {"b": B}, (4,), "another shape"),
        ([("Gemm", ["x", "w"], "y", {"transA": 1})], {"w": numbers(4, 3)}, (4,), "Gemm"),
        (
            [("Conv", ["x", "k"], "y", {"auto_pad": "SAME_UPPER"})],
            {"k": numbers(1, 1, 2, 2)},
            (1, 3, 3),
            "padded",
        ),
        (
            [("Reshape", ["x", "to"], "y", {})],
            {"to": np.array([-1, 2])},
            (4,),
            "moves examples",
        ),
    ],
    ids=[*"0123456789"],
)
def test_what_is_refused_by_name(
    nodes: Any, constants: dict[str, Any], shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(UnknownModelError, match=words):
        from_onnx(model(nodes, constants, shape))


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"builtins\.dict is no ONNX model"):
        from_onnx({})
    (tmp_path / "no.onnx").write_bytes(b"\xff\xff")
    for name in ("no.onnx", "missing.onnx"):
        with pytest.raises(UnknownModelError, match="cannot be read"):
            from_onnx(tmp_path / name)
