"""The envelope: requests and replies as structures, and as header maps in canonical key order.

Encoding gives the keys in one fixed order and leaves out what is empty, so that a request has one
encoding in each format. Decoding accepts any order and refuses unknown and missing keys.

Every call makes a dozen of such objects. They are structures of `msgspec`, which makes one in a
quarter of the time that a dataclass takes, and reads and writes a request as it stands: see
`plain_headers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, cast

import msgspec

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.migrations import migrate_request
from lpb_server.wire.validation import Validator, packaged_validator
from lpb_server.wire.values import ValueMap

__all__ = [
    "DTYPE_NAMES",
    "SCHEMA_VERSION",
    "UNKNOWN_ID",
    "ArrayHeader",
    "ErrorInfo",
    "Reply",
    "Request",
    "Timing",
    "readable_id",
]

SCHEMA_VERSION: Final = 2

UNKNOWN_ID: Final = "?"
"""The id of an error reply to a request whose own id could not be read."""

DTYPE_NAMES: Final = frozenset({"f8", "f4", "i8", "i4", "u8", "b1"})

_ID_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
)
_ID_LENGTH: Final = 64
_VALIDATORS: Final[dict[str, Validator]] = {}


_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Natural = Annotated[int, msgspec.Meta(ge=0)]
_Positive = Annotated[int, msgspec.Meta(ge=1)]


class ArrayHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the frames of one array hold.

    Parameters
    ----------
    name : str
        Unique within a message.
    dtype : str
        ``f8``, ``f4``, ``i8``, ``i4``, ``u8`` or ``b1``; little endian, one byte for a ``b1``.
    shape : tuple of int
        Empty for an array of no dimensions, which has one element.
    frames : int
        How many consecutive frames hold it; at least one, also when it has no elements.
    """

    name: _Name
    dtype: str
    shape: Annotated[tuple[_Natural, ...], msgspec.Meta(max_length=32)]
    frames: _Positive = 1

    def to_value(self) -> ValueMap:
        """Return the header as a map in canonical order."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "frames": self.frames,
        }


def _no_params() -> dict[str, Any]:
    """Return what a request has by default. `msgspec` would omit what is a default of its own."""
    return {}


class Request(
    msgspec.Struct,
    tag_field="schema_version",
    tag=SCHEMA_VERSION,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A request, schema version 2, its fields in canonical order."""

    id: str
    op: _Name
    params: dict[str, Any] = msgspec.field(default_factory=_no_params)
    arrays: tuple[ArrayHeader, ...] = ()
    deadline_ms: _Positive | None = None
    certify: bool = False

    def to_value(self) -> ValueMap:
        """Return the request as a map in canonical order."""
        value: ValueMap = {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "op": self.op,
            "params": self.params,
        }
        if self.arrays:
            value["arrays"] = [header.to_value() for header in self.arrays]
        if self.deadline_ms is not None:
            value["deadline_ms"] = self.deadline_ms
        if self.certify:
            value["certify"] = True
        return value

    @classmethod
    def from_value(cls, value: ValueMap) -> Request:
        """Read a request from its header map, migrating it from an older version.

        Raises
        ------
        WireError
            ``unsupported_schema_version`` or ``bad_message``.
        """
        raw: dict[str, Any] = migrate_request(value)
        _check(raw, "request-v2")
        return cls(
            id=raw["id"],
            op=raw["op"],
            params=raw["params"],
            arrays=_array_headers(raw.get("arrays")),
            deadline_ms=raw.get("deadline_ms"),
            certify=raw.get("certify", False),
        )


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a request has no result."""

    code: str
    message: str
    details: ValueMap = field(default_factory=dict)


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a request waited and ran, in microseconds."""

    queue_us: _Natural
    compute_us: _Natural


class Reply(msgspec.Struct):
    """A reply: it holds either a result or an error."""

    id: str
    result: ValueMap | None = None
    arrays: tuple[ArrayHeader, ...] = ()
    certificate: ValueMap | None = None
    error: ErrorInfo | None = None
    timing: Timing | None = None

    @property
    def status(self) -> str:
        """``ok`` or ``error``."""
        return "ok" if self.error is None else "error"

    def to_value(self) -> ValueMap:
        """Return the reply as a map in canonical order."""
        value: ValueMap = {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "status": self.status,
        }
        if self.result is not None:
            value["result"] = self.result
        if self.arrays:
            value["arrays"] = [header.to_value() for header in self.arrays]
        if self.certificate is not None:
            value["certificate"] = self.certificate
        if self.error is not None:
            value["error"] = {
                "code": str(self.error.code),
                "message": self.error.message,
                "details": self.error.details,
            }
        if self.timing is not None:
            value["timing"] = {
                "queue_us": self.timing.queue_us,
                "compute_us": self.timing.compute_us,
            }
        return value

    @classmethod
    def from_value(cls, value: ValueMap) -> Reply:
        """Read a reply from its header map.

        Raises
        ------
        WireError
            ``bad_message`` when it is no reply.
        """
        raw: dict[str, Any] = cast(dict[str, Any], value)
        _check(value, "reply")
        get = raw.get
        error, timing = get("error"), get("timing")
        return cls(
            raw["id"],
            get("result"),
            _array_headers(raw["arrays"]) if "arrays" in raw else (),
            get("certificate"),
            ErrorInfo(**error) if error is not None else None,
            Timing(timing["queue_us"], timing["compute_us"]) if timing is not None else None,
        )


def readable_id(value: ValueMap) -> str:
    """Return the id of a header map, valid or not; ``"?"`` when it holds none."""
    candidate = value.get("id")
    if (
        isinstance(candidate, str)
        and 1 <= len(candidate) <= _ID_LENGTH
        and _ID_CHARACTERS.issuperset(candidate)
    ):
        return candidate
    return UNKNOWN_ID


def _check(value: ValueMap, schema: str) -> None:
    validator = _VALIDATORS.get(schema)
    if validator is None:  # Not at import: compiling takes longer than starting should.
        validator = _VALIDATORS[schema] = packaged_validator(schema)
    problem = validator.problem(value)
    if problem is not None:
        raise WireError(
            f"{schema.split('-')[0]} header: {problem}",
            {"path": problem.path, "rule": problem.rule},
        )


def _array_headers(raw: list[dict[str, Any]] | None) -> tuple[ArrayHeader, ...]:
    if not raw:
        return ()
    headers = tuple(
        [
            ArrayHeader(item["name"], item["dtype"], tuple(item["shape"]), item["frames"])
            for item in raw
        ]
    )
    if len(headers) < 2:
        return headers
    names = [header.name for header in headers]
    if len(set(names)) != len(names):
        seen: set[str] = set()
        repeated = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise WireError(f"two arrays have the name {repeated!r}", code=ErrorCode.BAD_MESSAGE)
    return headers
