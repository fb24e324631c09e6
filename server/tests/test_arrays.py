from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.arrays import DTYPES, decode_arrays, encode_array, encode_arrays
from lpb_server.wire.envelope import ArrayHeader
from lpb_server.wire.limits import Limits

MIB = 1 << 20


def address(frame: Any) -> int:
    return int(np.frombuffer(frame, np.uint8).ctypes.data)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (2, 3), (2, 1, 3, 1)])
def test_every_dtype_and_shape(dtype: str, shape: tuple[int, ...]) -> None:
    source = np.arange(int(np.prod(shape))).reshape(shape).astype(DTYPES[dtype])
    header, frame = encode_array("x", source)
    assert (header.dtype, header.shape, header.frames) == (dtype, shape, 1)
    assert bytes(frame) == source.tobytes()
    back = decode_arrays([header], [frame])["x"]
    assert back.dtype == source.dtype
    assert back.shape == shape
    assert back.tobytes() == source.tobytes()
    assert not back.flags.writeable


@given(
    st.sampled_from([">f8", ">i4", "<f4", "=u8", "?"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4))
    )
)
def test_byte_orders_and_layouts(source: Any) -> None:
    for view in (source, source.T, source[..., ::-1] if source.ndim else source):
        header, frame = encode_array("x", view)
        back = decode_arrays([header], [frame])["x"]
        assert back.shape == view.shape
        assert back.tobytes() == view.astype(DTYPES[header.dtype]).tobytes()


@pytest.mark.parametrize("elements", [1000, MIB // 8, 64 * MIB // 8])
def test_nothing_is_copied_either_way(elements: int) -> None:
    source = np.arange(elements)
    header, frame = encode_array("x", source)
    assert address(frame) == source.ctypes.data
    assert header.frames == 1
    assert len(frame) == source.nbytes
    back = decode_arrays([header], [frame])["x"]
    assert back.ctypes.data == source.ctypes.data


def test_a_reader_takes_any_cut() -> None:
    source = np.arange(10.0)
    data = source.tobytes()
    frames = [data[:3], b"", data[3:41], data[41:]]
    assert np.array_equal(decode_arrays([ArrayHeader("x", "f8", (10,), 4)], frames)["x"], source)
    bools = decode_arrays([ArrayHeader("x", "b1", (3,), 2)], [b"\1", b"\0\1"])["x"]
    assert bools.tolist() == [True, False, True]


def test_misaligned_frames_become_aligned_arrays() -> None:
    data = memoryview(b"?" + np.arange(4.0).tobytes())[1:]
    back = decode_arrays([ArrayHeader("x", "f8", (4,))], [data])["x"]
    assert back.flags.aligned
    assert back.tolist() == [0, 1, 2, 3]


def test_special_floats_keep_their_bits() -> None:
    bits = np.array([0x7FF0000000000001, 1 << 63, 1, 0xFFF8000000000000], np.uint64)
    header, frame = encode_array("x", bits.view(np.float64))
    assert decode_arrays([header], [frame])["x"].view(np.uint64).tolist() == bits.tolist()


@pytest.mark.parametrize("dtype", ["c16", "f2", "i2", "U3", "O", "M8[s]", "V8"])
def test_other_dtypes_are_refused(dtype: str) -> None:
    with pytest.raises(WireError, match="dtype"):
        encode_array("x", np.zeros(2, dtype))


@pytest.mark.parametrize(
    ("headers", "frames"),
    [
        ([("f8", (1,), 1)], []),
        ([("f8", (1,), 1)], [b"12345678", b""]),
        ([("f8", (1,), 1)], [b"1234567"]),
        ([("f8", (2,), 1)], [b"12345678"]),
        ([("f8", (0,), 1)], [b"12345678"]),
        ([("f8", (1,), 2)], [b"1234", b"567"]),
        ([("b1", (2,), 1)], [b"\1\2"]),
        ([("b1", (2,), 2)], [b"\1", b"\xff"]),
    ],
)
def test_frames_that_do_not_fit(headers: list[Any], frames: list[bytes]) -> None:
    with pytest.raises(WireError) as caught:
        decode_arrays([ArrayHeader(f"x{i}", *h) for i, h in enumerate(headers)], frames)
    assert caught.value.code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "shape", [(2**40,), (2**63, 2**63), (0, 2**64 - 1), (2**32, 0, 2**32)], ids=str
)
def test_shapes_beyond_the_limit_take_no_memory(shape: tuple[int, ...]) -> None:
    with pytest.raises(WireError) as caught:
        decode_arrays([ArrayHeader("x", "f8", shape)], [b""])
    assert caught.value.code is ErrorCode.TOO_LARGE


def test_the_limit_is_for_all_arrays_together() -> None:
    headers, frames = encode_arrays({"a": np.zeros(4), "b": np.zeros(4)})
    decode_arrays(headers, frames, Limits(array_bytes=64))
    with pytest.raises(WireError) as caught:
        decode_arrays(headers, frames, Limits(array_bytes=63))
    assert caught.value.code is ErrorCode.TOO_LARGE


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(DTYPES)),
            st.lists(st.integers(0, 5), max_size=3).map(tuple),
            st.integers(1, 3),
        ),
        max_size=3,
    ),
    st.lists(st.binary(max_size=40), max_size=6),
)
def test_any_frames_are_arrays_or_a_wire_error(headers: list[Any], frames: list[bytes]) -> None:
    named = [ArrayHeader(f"x{i}", *header) for i, header in enumerate(headers)]
    try:
        arrays = decode_arrays(named, frames)
    except WireError:
        return
    assert [arrays[header.name].shape for header in named] == [header.shape for header in named]
