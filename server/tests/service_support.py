"""What the tests of the service share: operations that fail, and a service that has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from lpb_server.errors import InvalidParams
from lpb_server.operations import (
    Outcome,
    default_registry,
    operation,
)
from lpb_server.service import Service
from lpb_server.wire import (
    Limits,
    Reply,
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)

SECRET = "the password is 1234"


@operation("fail", params={"type": "object"}, summary="Fail.")
def fail(params: Any, arrays: Any) -> Outcome:
    raise ValueError(SECRET)


@operation("unsendable", params={"type": "object"}, summary="Give what cannot be sent.")
def unsendable(params: Any, arrays: Any) -> Outcome:
    return Outcome({"x": 1j})  # type: ignore[dict-item]


@operation("numpy", params={"type": "object"}, summary="Give what NumPy gives.")
def numpy_types(params: Any, arrays: Any) -> Any:
    values: Any = {
        "a": np.float64(0.5),
        "b": np.bool_(True),
        "c": np.array(3),
        "d": (np.float32(1), 2),
    }
    arrays = {"x": np.float64(2), "y": [1.0, 2.0]}
    return values if "map" in params else Outcome(values, arrays)


@operation("unsendable_array", params={"type": "object"}, summary="Give what cannot be sent.")
def unsendable_array(params: Any, arrays: Any) -> Outcome:
    return Outcome({}, {"x": np.zeros(1, np.complex128)})


@operation("picky", params={"type": "object"}, summary="Refuse.")
def picky(params: Any, arrays: Any) -> Outcome:
    raise InvalidParams("not today", {"day": 1})


def service(**limits: int) -> Service:
    registry = default_registry()
    for item in (fail, unsendable, unsendable_array, numpy_types, picky):
        registry.add(item)
    return Service(registry, Limits(**limits))


def ask(
    request: Request,
    frames: Sequence[Any] = (),
    *,
    to: Service | None = None,
    wire_format: WireFormat = WireFormat.JSON,
    queued_s: float = 0.0,
) -> Reply:
    answer = (to or service()).handle(encode_message(request, wire_format, frames), queued_s)
    message = decode_reply(answer)
    assert message.wire_format is wire_format
    return message.reply


def code_of(reply: Reply) -> str:
    assert reply.error is not None
    return reply.error.code
