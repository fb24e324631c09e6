"""Reads what a user hands over: JSON as strictly as the wire does, and TOML.

Whatever stands in such a file ends in one sentence that names it: a repeated key is no choice of
the last one, a number that does not fit is not rounded, and what nests a thousand deep, or does not
end, is refused before it takes the process with it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from lpb_server.errors import ConfigError, WireError
from lpb_server.wire import json_format
from lpb_server.wire.values import Value

__all__ = ["read_json", "read_json_file", "read_toml_file"]

_LONGEST_BYTES: Final = 64 << 20


def read_json(text: str) -> Value:
    """Read one JSON value.

    Raises
    ------
    JsonSyntaxError
        When it is no JSON at all.
    WireError
        When it is, and breaks a rule of the wire: a key that stands twice, a bare ``NaN``, a
        number that does not fit, nesting that is too deep, text that is not Unicode.
    """
    # Bytes of a command line that are not UTF-8 come as surrogates: they are not UTF-8 here either.
    return json_format.decode(text.encode("utf-8", "surrogatepass"))


def read_json_file(path: Path) -> Value:
    """Read a file with one JSON value.

    Raises
    ------
    ConfigError
        With the file's name.
    """
    try:
        return json_format.decode(_content(path))
    except WireError as error:
        raise ConfigError(f"{path}: {error.message}") from None


def read_toml_file(path: Path) -> tuple[dict[str, Any], str]:
    """Read a TOML file; return its tables, and its text for whoever looks for a line.

    Raises
    ------
    ConfigError
        With the file's name.
    """
    try:
        text = _content(path).decode("utf-8")
        return tomllib.loads(text), text
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: it nests too deeply") from None
    except ValueError:  # Python converts no text of more than 4,300 digits to an int.
        raise ConfigError(f"{path}: it holds a number of thousands of digits") from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # Not `read_bytes`: /dev/zero does not end.
            content = file.read(_LONGEST_BYTES + 1)
    except (OSError, ValueError) as error:  # A ValueError for a name with a zero byte.
        reason = error.strerror if isinstance(error, OSError) else None
        raise ConfigError(f"{path}: {reason or error}") from None
    if len(content) > _LONGEST_BYTES:
        raise ConfigError(f"{path}: it has more than {_LONGEST_BYTES} bytes")
    return content
