"""Where settings come from: one TOML file, environment variables, flags, in rising order.

The table `SETTINGS` is made of the fields of the classes in `config`. A setting with the key
``limits.frame_bytes`` is ``frame_bytes`` in the TOML table ``[limits]``, the environment variable
``LPB_LIMITS_FRAME_BYTES`` and the flag ``--limits-frame-bytes``.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from lpb_server.errors import ConfigError, MalformedEndpoint
from lpb_server.settings.config import (
    CacheLimits,
    ClientConfig,
    Configuration,
    PoolConfig,
    ServerConfig,
    WorkerConfig,
)
from lpb_server.sockets.durations import LEAST_S, MOST_MS, MOST_S
from lpb_server.sockets.endpoints import check_endpoint
from lpb_server.wire.limits import Limits

__all__ = [
    "POOLED_SETTINGS",
    "SERVER_SETTINGS",
    "SETTINGS",
    "WORKER_SETTINGS",
    "Setting",
    "add_flags",
    "build",
    "flags_of",
    "nearest",
    "value_of",
]

_SECTIONS: Final[tuple[tuple[str, type[Any]], ...]] = (
    ("", ServerConfig),
    ("", PoolConfig),
    ("limits", Limits),
    ("cache", CacheLimits),
    ("worker", WorkerConfig),
    ("client", ClientConfig),
)
_KINDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
}
_INT_LIMIT: Final = 1 << 64
_LONGEST_SHOWN: Final = 64
_BOOLS: Final = {"true": True, "1": True, "yes": True, "on": True}
_BOOLS_OFF: Final = {"false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Parameters
    ----------
    section : str
        Its TOML table; empty for the top level.
    name : str
        Its name there.
    kind : type
        ``bool``, ``int``, ``float``, ``str``, ``Path`` or a ``Literal`` of strings.
    default : object
        What holds when nobody says otherwise.
    least, most : float or None
        The range of a number. Without them a count is from 1 to what a C int takes, and a duration
        from a millisecond to a million seconds.
    help : str
        What it does.
    endpoint : str
        For an endpoint, ``bind`` or ``connect``; it may be empty where that is the default.
    """

    section: str
    name: str
    kind: Any
    default: Any
    least: float | None
    most: float | None
    help: str
    endpoint: str = ""

    @property
    def key(self) -> str:
        """Its name in full."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "LPB_" + self.key.upper().replace(".", "_")

    def flag(self, own: str = "") -> str:
        """Return its flag; a program leaves out the name of its own section."""
        name = self.name if self.section == own else self.key.replace(".", "-")
        return "--" + name.replace("_", "-")

    def parse(self, text: str, where: str) -> Any:
        """Read a value from an environment variable or a flag.

        Raises
        ------
        ConfigError
            When it is none; `where` is named.
        """
        value: Any = text
        try:
            if self.kind is bool:
                value = {**_BOOLS, **_BOOLS_OFF}[text.lower()]
            elif self.kind in (int, float):
                value = self.kind(text) if text.isascii() and "_" not in text else None
        except (KeyError, ValueError):
            raise self._wrong(text, where) from None
        return self.check(value, where)

    def check(self, value: Any, where: str) -> Any:
        """Return a value from a TOML file in its own type.

        Raises
        ------
        ConfigError
            When it is of another type or out of range; `where` is named.
        """
        if self.kind is float and type(value) is int:
            # One that is beyond every range need not be one that a float can hold.
            value = float(min(value, _INT_LIMIT))
        if get_origin(self.kind) is Literal:
            if value not in get_args(self.kind):
                choices = ", ".join(get_args(self.kind))
                raise ConfigError(f"{where}: {self.key} is one of {choices}, not {value!r}")
            return value
        if type(value) is not (str if self.kind is Path else self.kind):
            raise self._wrong(value, where)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self._check_range(value, where)
        if self.endpoint and value != self.default:
            try:
                check_endpoint(value, binds=self.endpoint == "bind")
            except MalformedEndpoint as error:
                raise ConfigError(f"{where}: {self.key}: {error}") from None
        return Path(value) if self.kind is Path else value

    def _check_range(self, value: float, where: str) -> None:
        least, most = self.range
        if not value >= least:  # A NaN is not, either.
            raise ConfigError(f"{where}: {self.key} must be at least {least}, not {_cut(value)}")
        if value > most:
            raise ConfigError(f"{where}: {self.key} must be at most {most}, not {_cut(value)}")

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value of a number."""
        usual = (1, MOST_MS) if self.kind is int else (LEAST_S, MOST_S)
        return (
            usual[0] if self.least is None else self.least,
            usual[1] if self.most is None else self.most,
        )

    def _wrong(self, value: Any, where: str) -> ConfigError:
        return ConfigError(f"{where}: {self.key} must be {_KINDS[self.kind]}, not {_cut(value)}")


def _cut(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # An int of thousands of digits.
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _settings() -> Iterator[Setting]:
    for section, owner in _SECTIONS:
        hints, said = get_type_hints(owner), _parameter_texts(owner)
        for item in dataclasses.fields(owner):
            kind = hints[item.name]
            if dataclasses.is_dataclass(kind):
                continue  # A section of its own.
            factory = item.default_factory
            default = item.default if factory is dataclasses.MISSING else factory()
            bounds = item.metadata.get("least"), item.metadata.get("most")
            text, endpoint = said.get(item.name, ""), item.metadata.get("endpoint", "")
            yield Setting(section, item.name, kind, default, *bounds, text, endpoint)


def _parameter_texts(owner: type[Any]) -> dict[str, str]:
    """Read what a class's docstring says of its parameters."""
    # Python 3.13 takes the indentation away by itself.
    parts = re.split(r"^(\w+) : .*$", cleandoc(owner.__doc__ or ""), flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2])}  # noqa: B905


SETTINGS: Final[Mapping[str, Setting]] = {item.key: item for item in _settings()}
"""Every setting, by its key."""


SERVER_SETTINGS: Final = tuple(
    key for key, item in SETTINGS.items() if item.section in ("", "limits", "cache")
)
"""What a server takes."""

POOLED_SETTINGS: Final = (
    *("heartbeat_s", "liveness_s", "log_level", "log_format", "shared_memory", "operations"),
    *(key for key, item in SETTINGS.items() if item.section == "limits"),
)
"""What a worker has to have as its broker has it."""

WORKER_SETTINGS: Final = (
    *(key for key, item in SETTINGS.items() if item.section == "worker"),
    *("keys", *POOLED_SETTINGS),
)
"""What a worker takes."""


def nearest(key: str) -> str:
    """Return the known key that is most like an unknown one, as a question; maybe nothing."""
    found = get_close_matches(key, SETTINGS, n=1)
    found = found or [known for known in SETTINGS if known.endswith("." + key)]
    return f"; did you mean {found[0]}?" if found else ""


def build(values: Mapping[str, Any]) -> Configuration:
    """Make the configuration of all values by key; what is missing has its default."""

    def part(section: str, owner: type[Any], **more: Any) -> Any:
        fields = {item.name for item in dataclasses.fields(owner)}
        chosen = {
            SETTINGS[key].name: value
            for key, value in values.items()
            if SETTINGS[key].section == section and SETTINGS[key].name in fields
        }
        return owner(**chosen, **more)

    limits, cache = part("limits", Limits), part("cache", CacheLimits)
    return Configuration(
        part("", ServerConfig, limits=limits, cache=cache),
        part("", PoolConfig),
        part("worker", WorkerConfig),
        part("client", ClientConfig),
    )


def add_flags(parser: argparse.ArgumentParser, keys: Sequence[str], own: str = "") -> None:
    """Give a parser the flags of settings.

    Parameters
    ----------
    parser : ArgumentParser
        What it parses are texts, or bools, under the settings' keys.
    keys : sequence of str
        Which settings.
    own : str
        The section whose name the flags leave out.
    """
    for key in keys:
        item = SETTINGS[key]
        said = f"{item.help} (default: {item.default})".replace("%", "%%").replace("``", "")
        options: dict[str, Any] = {"dest": key, "default": argparse.SUPPRESS, "help": said}
        if item.kind is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif get_origin(item.kind) is Literal:
            options["choices"] = get_args(item.kind)
        else:
            options["metavar"] = {int: "N", float: "X", Path: "PATH"}.get(item.kind, "TEXT")
        parser.add_argument(item.flag(own), **options)


def flags_of(configuration: Configuration, keys: Sequence[str], own: str = "") -> list[str]:
    """Return the flags that give these settings the values they have here."""
    flags: list[str] = []
    for key in keys:
        item, value = SETTINGS[key], value_of(configuration, key)
        flag = item.flag(own)
        if item.kind is bool:
            flags.append(flag if value else "--no-" + flag[2:])
        else:
            flags.append(f"{flag}={value}")
    return flags


def value_of(configuration: Configuration, key: str) -> Any:
    """Return the value of a setting."""
    item = SETTINGS[key]
    server = configuration.server
    parts: dict[str, Sequence[object]] = {
        "": (server, configuration.pool),
        "limits": (server.limits,),
        "cache": (server.cache,),
        "worker": (configuration.worker,),
        "client": (configuration.client,),
    }
    return next(
        cast(Any, getattr(part, item.name))
        for part in parts[item.section]
        if hasattr(part, item.name)
    )
