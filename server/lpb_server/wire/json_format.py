"""JSON: RFC 8259, strictly, with the special floats as ``{"$float": …}``.

The encoder gives exactly the bytes of ``json.dumps(v, separators=(",", ":"), ensure_ascii=False)``
in UTF-8. NaN and the infinities are ``{"$float":"NaN"}``, ``"Infinity"`` and ``"-Infinity"``; the
payload of a NaN is lost here, and only here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from lpb_server.errors import JsonSyntaxError, WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import (
    MAX_INT,
    MIN_INT,
    UNBOUNDED,
    Frame,
    Value,
    check_value,
    too_many_values,
)

__all__ = ["FLOAT_KEY", "decode", "encode", "encode_checked"]

FLOAT_KEY: Final = "$float"
_SPECIALS: Final[dict[str, float]] = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}
_TEXT: Final = re.compile(r'"(?:[^"\\]+|\\.)*"?', re.DOTALL).sub
_EMPTY: Final = re.compile(r"\[[ \t\n\r]*\]|\{[ \t\n\r]*\}").sub
_LONGEST_INT: Final = len(str(MAX_INT))


def encode(value: Value) -> bytes:
    """Encode a value.

    Raises
    ------
    WireError
        When it is outside the data model, or a map has the reserved key ``$float``.
    """
    check_value(value)
    return encode_checked(value)


def encode_checked(value: Value) -> bytes:
    """Encode a value that is known to lie inside the data model.

    Raises
    ------
    WireError
        When a map has the reserved key ``$float``.
    """
    try:
        text = _ENCODER.encode(value)
    except ValueError:  # A NaN or an infinity.
        return _ENCODER.encode(_to_json(value)).encode("utf-8")
    if FLOAT_KEY in text:  # It may stand in any string, and must not be a key.
        text = _ENCODER.encode(_to_json(value))
    return text.encode("utf-8")


def _to_json(value: Any) -> Any:
    """Replace the special floats; share every part that has none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {FLOAT_KEY: _special_name(value)}
    if isinstance(value, list):
        # A row of a matrix: one pass in C finds that it has nothing to replace.
        if set(map(type, value)) == {float} and all(map(math.isfinite, value)):
            return value
        return [_to_json(item) for item in value]
    if isinstance(value, dict):
        if FLOAT_KEY in value:
            raise WireError(f"the key {FLOAT_KEY!r} is reserved in JSON")
        return {key: _to_json(item) for key, item in value.items()}
    return value


def _special_name(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def decode(data: Frame, values: int = UNBOUNDED) -> Value:
    """Decode a value.

    Parameters
    ----------
    data : frame
        Any bytes whatever.
    values : int
        How many values it may hold, in lists and maps.

    Raises
    ------
    WireError
        For anything but exactly one JSON value that lies inside the data model; ``too_large`` when
        it holds too many.
    """
    try:
        text = str(data, "utf-8")
        if len(text) > values and _separators(text) > values:
            _check_count(text, values)
        value: Value = _DECODER.decode(text)
        # The hooks have seen to ints and keys. What is left to look for shows in the text.
        if text.count("[") + text.count("{") < MAX_DEPTH and "\\u" not in text:
            return value
    except WireError:
        raise
    except UnicodeDecodeError as error:
        raise WireError(f"the JSON text is not UTF-8: byte {error.start}") from None
    except RecursionError:
        raise WireError("the JSON text nests too deeply") from None
    except ValueError as error:  # json.JSONDecodeError among them
        raise JsonSyntaxError(f"not JSON: {error}") from None
    check_value(value)
    return value


def _check_count(text: str, values: int) -> None:
    """Refuse a text with more values than it may hold, whatever stands in its strings."""
    strings = (text.count('"') - text.count('\\"')) // 2  # Or more: backslashes can be escaped.
    if strings <= 2 * values + 1:  # Each value can be a string and have another one as its key.
        bare = _TEXT('""', text)
        made = bare.count("[") + bare.count("{")
        few = made <= values + 1 and bare.count(",") <= values
        if few and _separators(_EMPTY("0", bare)) <= values:
            return
    raise too_many_values(values)


def _separators(text: str) -> int:
    """Count what stands before a value in a list or a map: each has as many as it has values."""
    return text.count(",") + text.count("[") + text.count("{")


def _object(pairs: list[tuple[str, Any]]) -> Any:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise WireError(f"the key {repeated[:64]!r} stands twice in one map")
    if FLOAT_KEY in result:
        name = result[FLOAT_KEY]
        if len(result) != 1 or not isinstance(name, str) or name not in _SPECIALS:
            raise WireError(
                f"a map with the key {FLOAT_KEY!r} must hold nothing but "
                "'NaN', 'Infinity' or '-Infinity'"
            )
        return _SPECIALS[name]
    return result


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise WireError("a number is too large for a double")
    return value


def _int(text: str) -> int:
    # The length is looked at first: converting a million digits takes quadratic time.
    if len(text) > _LONGEST_INT:
        raise WireError("an int must be at least -2^63 and less than 2^64")
    value = int(text)
    if not MIN_INT <= value <= MAX_INT:
        raise WireError("an int must be at least -2^63 and less than 2^64")
    return value


def _constant(text: str) -> NoReturn:
    raise WireError(f'the bare token {text} is not JSON; write {{"{FLOAT_KEY}":"{text}"}}')


# What holds itself nests without end: `check_value` has refused it.
_ENCODER: Final = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
)
