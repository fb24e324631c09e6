"""``network_inference``: what a network gives, with a bound on the rounding errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, cast

import numpy as np
from msgspec.structs import replace

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.certificates.network_boxes import boxes_hold, layer_boxes
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.networks import (
    KIND,
    LAYERS,
    box_evidence,
    box_heap,
    boxes_of,
    layer_arrays,
    layers_of,
    lies_about_boxes,
    random_layers,
    read_layers,
    scaled_sizes,
    tampered,
)
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["network_inference"]

_INPUT: Final = "input"
_OUTPUT: Final = "output"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    layers, output = layers_of(arrays), outcome.arrays[_OUTPUT]
    if not bool(np.isfinite(output).all()):
        raise Uncertifiable("an output is not finite")
    boxes, _, _ = layer_boxes(layers, arrays[_INPUT], arrays[_INPUT])
    least, greatest = boxes[-1].sums(layers[-1])
    stated = [exact_integer(x) for x in output.tolist()]
    off = max(max(y - low, high - y) for y, low, high in zip(stated, least, greatest, strict=True))
    try:
        bound = upper_double(off, UNIT_EXPONENT)
    except OverflowError:
        raise Uncertifiable("no double is large enough for the bound") from None
    evidence = box_evidence(boxes)
    return Evidence({"bound": bound, **evidence.entries}, evidence.arrays)


def _check(question: Question, answer: Answer) -> bool:
    arrays, bound = question.arrays, answer.certificate.get("bound")
    if answer.certificate.get("kind") != KIND or answer.result or _INPUT not in arrays:
        return False
    if type(bound) is not float or not math.isfinite(bound) or list(answer.arrays) != [_OUTPUT]:
        return False
    n = arrays[_INPUT].size
    given, layers = doubles(arrays[_INPUT], n), read_layers(arrays, n)
    if given is None or layers is None or not bool(np.isfinite(given).all()):
        return False
    output = doubles(answer.arrays[_OUTPUT], len(layers[-1].bias))
    boxes = boxes_of(answer, layers)
    if output is None or boxes is None or not bool(np.isfinite(output).all()):
        return False
    found, off = boxes_hold(layers, boxes, given, given), exact_integer(bound)
    return found is not None and all(
        exact_integer(y) - off <= lowest and highest <= exact_integer(y) + off
        for y, lowest, highest in zip(output.tolist(), *found, strict=True)
    )


def _question(random: np.random.Generator, *sizes: int) -> dict[str, Array]:
    given = random.random(sizes[0])
    return {**layer_arrays(random_layers(random, *sizes)), _INPUT: given}


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, _question(random, *scaled_sizes(n)))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("3 × 4 × 2", arrays=_question(random, 3, 4, 2))
    one = (np.array([[-0.3]]), np.array([0.1]))
    yield Example("1 × 1", arrays={**layer_arrays([one]), _INPUT: np.array([0.7])})
    cancelling = (np.array([[1e16, 1.0, -1e16]]), np.array([0.1]))
    yield Example("cancellation", arrays={**layer_arrays([cancelling]), _INPUT: np.ones(3)})
    tiny = {name: array * 1e-300 for name, array in _question(random, 2, 2, 2).items()}
    yield Example("tiny numbers", arrays=tiny)
    zeros = {name: array * 0 for name, array in _question(random, 2, 2, 1).items()}
    yield Example("zeros", arrays=zeros)
    yield Example(
        "exact", arrays={**layer_arrays([(np.eye(2), np.ones(2))] * 2), _INPUT: np.ones(2)}
    )
    yield Example("64 × 16 × 10", arrays=_question(random, 64, 16, 10))
    for index in range(count):
        sizes = [int(x) for x in random.integers(1, 9, random.integers(2, 5))]
        name = f"random {index + 1}: {' × '.join(map(str, sizes))}"
        yield Example(name, arrays=_question(random, *sizes))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    output, bound = answer.arrays[_OUTPUT], cast(float, answer.certificate["bound"])

    def giving(values: Array) -> Answer:
        return replace(answer, arrays={_OUTPUT: values})

    def stating(value: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, "bound": value})

    step = 4 * bound + 4 * np.spacing(np.abs(output) + bound)
    lies = {
        **lies_about_boxes(answer),
        "an output beyond the bound": giving(output + step),
        "an output that is NaN": giving(np.full_like(output, np.nan)),
        "an output that is infinite": giving(np.full_like(output, np.inf)),
        "outputs of single precision": giving(output.astype(np.float32)),
        "one output more": giving(np.append(output, 0.0)),
        "a column of outputs": giving(output[:, None]),
        "a result": replace(answer, result={"class": 0}),
        "another name": replace(answer, arrays={"outputs": output}),
        "a negative bound": stating(-1.0),
        "a bound that is NaN": stating(math.nan),
        "a bound that is infinite": stating(math.inf),
        "a bound that is an integer": stating(1),
    }
    if bound:
        lies["a bound one unit in the last place smaller"] = stating(math.nextafter(bound, 0))
    other = tampered(question, network_inference.function, _make)
    if not _check(question, other):
        lies["the answer for a tampered weight"] = other
    return lies


@operation(
    "network_inference",
    params={"type": "object", "additionalProperties": False},
    summary="Evaluate a network of rectified layers, with a bound on the rounding errors.",
    arrays={**LAYERS, _INPUT: ArraySpec("f8", ("h0",))},
    certificate=Certificate(
        KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.NetworkInferenceOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(16, 64, 256, 784), heap_bytes=box_heap),
)
def network_inference(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Multiply, add and rectify, layer by layer."""
    layers, values = layers_of(arrays), arrays[_INPUT]
    if not bool(np.isfinite(values).all()):
        raise InvalidParams("an element of input is not finite", {"array": _INPUT})
    with np.errstate(all="ignore"):
        for index, layer in enumerate(layers):
            values = layer.weight @ (np.maximum(values, 0.0) if index else values) + layer.bias
    return Outcome({}, {_OUTPUT: values})
