"""Reads settings from a TOML file, the environment and the command line, and notes from where."""

from __future__ import annotations

import argparse
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lpb_server.errors import ConfigError
from lpb_server.settings.config import DEFAULT_KEYS, Configuration
from lpb_server.settings.layers import SETTINGS, build, nearest
from lpb_server.wire.reading import read_toml_file

__all__ = ["DEFAULT_FILE", "Loaded", "add_source_flags", "load", "load_for"]

DEFAULT_FILE: Final = "lpb.toml"
_FILE_VARIABLE: Final = "LPB_CONFIG"
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force.

    Parameters
    ----------
    configuration : Configuration
        As the programs take it.
    values : dict
        Every setting's value, by key.
    origins : dict of str to str
        Where each came from: ``default``, ``FILE:LINE``, a variable or a flag.
    """

    configuration: Configuration
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


def add_source_flags(parser: argparse.ArgumentParser) -> None:
    """Give a parser the flags that say where settings are read from."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"a TOML file with settings (default: ${_FILE_VARIABLE}, else ./{DEFAULT_FILE} "
        "where there is one)",
    )
    parser.add_argument(
        "--no-config",
        action="store_true",
        help="read settings neither from a file nor from the environment",
    )


def load_for(
    options: argparse.Namespace, environment: Mapping[str, str], directory: Path, own: str = ""
) -> Loaded:
    """Put the settings together for a program whose parser has been given the flags; see `load`."""
    flags = {key: value for key, value in vars(options).items() if key in SETTINGS}
    return load(
        flags, environment, directory, file=options.config, isolated=options.no_config, own=own
    )


def load(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    directory: Path,
    *,
    file: str | None = None,
    isolated: bool = False,
    own: str = "",
) -> Loaded:
    """Put the settings together.

    Parameters
    ----------
    flags : mapping
        By key: texts as they were given, or bools.
    environment : mapping of str to str
        The environment variables.
    directory : Path
        Where ``./lpb.toml`` is looked for.
    file : str, optional
        The file that was named by a flag.
    isolated : bool
        Whether to read neither file nor environment.
    own : str
        The section whose name the flags leave out.

    Raises
    ------
    ConfigError
        For an unknown key, a value of the wrong type, or a file that cannot be read.
    """
    values = {key: item.default for key, item in SETTINGS.items()}
    origins = dict.fromkeys(SETTINGS, _DEFAULT)
    values["keys"], origins["keys"] = _default_keys(environment)
    path = None if isolated else _find_file(file, environment, directory)
    if path is not None:
        for key, (value, where) in _read_file(path).items():
            values[key], origins[key] = value, where
            if key == "keys":  # A path in a file is seen from where the file lies.
                expanded = _expand(value, environment)
                values[key] = expanded if _needs_home(expanded) else path.parent / expanded
    for key, item in SETTINGS.items():
        text = None if isolated else environment.get(item.variable)
        if text is not None:
            values[key], origins[key] = item.parse(text, item.variable), item.variable
        if key in flags:
            given, flag = flags[key], item.flag(own)
            values[key] = item.parse(given, flag) if isinstance(given, str) else given
            origins[key] = flag
    keys = _expand(values["keys"], environment)
    # One without a home directory stays as it is: only who uses a key needs it.
    values["keys"] = keys if _needs_home(keys) else directory / keys
    return Loaded(build(values), values, origins)


def _default_keys(environment: Mapping[str, str]) -> tuple[Path, str]:
    home = environment.get("XDG_CONFIG_HOME")
    if home:
        return Path(home) / DEFAULT_KEYS.relative_to("~/.config"), "XDG_CONFIG_HOME"
    return DEFAULT_KEYS, _DEFAULT


def _expand(path: Path, environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME")
    if home and path.parts[:1] == ("~",):
        return Path(home, *path.parts[1:])
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _needs_home(path: Path) -> bool:
    return path.parts[:1] != () and path.parts[0].startswith("~")


def _find_file(named: str | None, environment: Mapping[str, str], directory: Path) -> Path | None:
    name = named or environment.get(_FILE_VARIABLE)
    if name:
        return directory / name
    path = directory / DEFAULT_FILE
    if not path.is_file():
        return None
    _check_own(path)
    return path


def _check_own(path: Path) -> None:
    """Refuse a file that nobody has named, and that another user may have put there.

    Raises
    ------
    ConfigError
        It says how to read it all the same.
    """
    for item in (path, path.parent):
        status = item.stat()
        shared = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in (0, os.getuid()):
            problem = f"{item} belongs to another user"
        elif shared:
            problem = f"anybody may write to {item}"
        else:
            continue
        raise ConfigError(
            f"{path} is not read: {problem}. Name it by {_FILE_VARIABLE} or --config if it is "
            "meant, or work in another directory"
        )


def _read_file(path: Path) -> dict[str, tuple[Any, str]]:
    tables, text = read_toml_file(path)
    sections = {item.section for item in SETTINGS.values()}
    found: dict[str, Any] = {}
    for name, value in tables.items():
        if name in sections and isinstance(value, dict):
            found.update({f"{name}.{inner}": item for inner, item in value.items()})
        else:
            found[name] = value
    read: dict[str, tuple[Any, str]] = {}
    for key, value in found.items():
        where = f"{path}:{_line_of(text, key)}"
        if key not in SETTINGS:
            kind = "table" if isinstance(value, dict) else "setting"
            raise ConfigError(f"{where}: there is no {kind} {key!r}{nearest(key)}")
        read[key] = SETTINGS[key].check(value, where), where
    return read


def _line_of(text: str, key: str) -> int:
    """Find the line where a key stands; 1 when it is written in some unusual way."""
    section, _, name = key.rpartition(".")
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        table = re.match(r"\s*\[\s*([^\]]*?)\s*\]", line)
        if table is not None:
            current = table[1]
            if current == key:
                return number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
            return number
    return 1
