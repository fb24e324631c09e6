"""What NumPy would convert with a loss is refused, by name of what is lost."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.client import BridgeClient
from lpb_server.errors import RemoteError, WireError
from lpb_server.operations import Outcome, Registry, default_registry, operation
from lpb_server.service import Service
from lpb_server.wire.arrays import encode_array
from lpb_server.wire.exact_arrays import exact_array, exact_floats

BEYOND = 2**53 + 1
MASKED = np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]])
LARGE_MASKED = np.ma.masked_array(np.ones((512, 512)), mask=np.eye(512, dtype=bool))
THIRD = np.array([[1]], np.longdouble) / 3

EXACT: list[Any] = [
    [[1, 2.5]],
    [[True]],
    [[2**60]],
    [[-(2**63)]],
    [[2**62, 0.5]],
    np.array([[-(2**63), 2**53]]),
    np.array([[2**64 - 2**11]], np.uint64),
    np.array([[1.5]], np.float16),
    np.array([[1.5]], ">f8"),
    np.array([[1.5]], np.longdouble),
    np.ma.masked_array([[1.0, 2.0]]),
    np.array([[np.nan, -0.0]]),
    [np.array([1.0]), np.array([2])],
]

LOST: list[tuple[Any, str]] = [
    (MASKED, "mask would be lost"),
    ([MASKED[0]], "mask would be lost"),
    ([[np.ma.masked, 1.0]], "mask would be lost"),
    ([[BEYOND]], "beyond 2.53"),
    ([[BEYOND, 0.5]], "beyond 2.53"),
    ([[-BEYOND, 0.5]], "beyond 2.53"),
    ([[np.int64(BEYOND), 0.5]], "beyond 2.53"),
    ([np.array([BEYOND]), np.array([0.5])], "beyond 2.53"),
    (np.array([[2**53 + 2, -BEYOND]]), "beyond 2.53"),
    (np.array([[2**64 - 1]], np.uint64), "beyond 2.53"),
    ([[2**70]], "more than 64 bits"),
    ([[1j]], "imaginary part"),
    ([["1.5"]], "texts"),
    ([[b"1.5"]], "bytes"),
    ([[1, "x"]], "texts"),
    ([[Fraction(1, 3)]], "objects"),
    ([[None, 1.0]], "objects"),
    (object(), "objects"),
    (np.array([["2020"]], "M8[Y]"), "dates"),
    (np.array([[3]], "m8[s]"), "time spans"),
    (np.zeros((1, 1), "f8,i4"), "records"),
    ([[1.0], [2.0, 3.0]], "is none: .*inhomogeneous"),
]
if np.finfo(np.longdouble).nmant > 52:
    LOST.append((THIRD, "cannot hold"))


@pytest.mark.parametrize("matrix", EXACT, ids=repr)
def test_what_a_float64_holds_is_taken(matrix: Any) -> None:
    floats = exact_floats("matrix", matrix)
    assert floats.dtype == np.float64
    for given, taken in zip(np.ravel(np.asarray(matrix)), floats.ravel(), strict=True):
        assert given == taken or (np.isnan(given) and np.isnan(taken))


@pytest.mark.parametrize(("matrix", "said"), LOST)
def test_what_would_be_lost_is_said_before_anything_is_sent(matrix: Any, said: str) -> None:
    with (
        BridgeClient("tcp://127.0.0.1:1", tries=1) as client,
        pytest.raises(WireError, match=f"'matrix'.*{said}"),
    ):
        client.matrix_sum(matrix, certify=True)


@pytest.mark.parametrize("array", [MASKED, LARGE_MASKED, [[BEYOND, 0.5]], [[2**70]], [[1j]]])
def test_so_it_is_for_every_call(array: Any) -> None:
    with (
        BridgeClient("tcp://127.0.0.1:1", tries=1) as client,
        pytest.raises(WireError, match="'x'"),
    ):
        client.call("echo", arrays={"x": array})


def test_integers_stay_integers_where_they_are_sent_as_such(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        sent = client.call("echo", arrays={"x": [[BEYOND]]}).arrays["x"]
    assert sent.dtype == np.int64
    assert sent[0, 0] == BEYOND


def test_an_operation_cannot_lose_a_mask_either(serve: Any) -> None:
    @operation("masked", params={}, summary="")
    def masked(params: Any, arrays: Any) -> Outcome:
        return Outcome({}, {"x": MASKED})

    registry = Registry([masked, *(item for item in default_registry() if item.name == "ping")])
    with (
        serve(service=Service(registry)) as server,
        BridgeClient(server.endpoint) as client,
        pytest.raises(RemoteError, match="masked elements"),
    ):
        client.call("masked")


def test_an_ndarray_is_not_looked_through() -> None:
    array = np.ones(3)
    assert exact_array("x", array) is array
    assert encode_array("x", array)[0].dtype == "f8"
