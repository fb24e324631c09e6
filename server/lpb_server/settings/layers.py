"""Where settings come from: one TOML file, environment variables, flags, in rising order.

The table `SETTINGS` is made of the fields of the classes in `config`. A setting with the key
``limits.frame_bytes`` is ``frame_bytes`` in the TOML table ``[limits]``, the environment variable
``LPB_LIMITS_FRAME_BYTES`` and the flag ``--limits-frame-bytes``.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from lpb_server.errors import ConfigError, MalformedEndpoint
from lpb_server.settings.config import (
    CacheLimits,
    ClientConfig,
    Configuration,
    PoolConfig,
    ServerConfig,
    WorkerConfig,
)
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
_LONGEST_SHOWN: Final = 64
_BOOLS: Final = {"yes": True, "on": True, "no": False, "off": False}
"""Beside true, false, 1 and 0, which `msgspec` knows."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Parameters
    ----------
    section : str
        Its TOML table; empty for the top level.
    name : str
        Its name there.
    owner : type
        The class that has it as a field.
    kind : type
        ``bool``, ``int``, ``float``, ``str``, ``Path`` or a ``Literal`` of strings.
    meta : msgspec.Meta
        The range of a number. Whether an endpoint is one to ``bind`` or to ``connect`` to; it may
        be empty where that is the default.
    default : object
        What holds when nobody says otherwise.
    help : str
        What it does.
    """

    section: str
    name: str
    owner: type[Any]
    kind: Any
    meta: msgspec.Meta
    default: Any
    help: str

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
        known = _BOOLS.get(text.lower(), text) if self.kind is bool else text
        return self.check(known, where, strict=False)

    def check(self, value: Any, where: str, *, strict: bool = True) -> Any:
        """Return a value in its own type; a text stands for one of another type if not `strict`.

        Raises
        ------
        ConfigError
            When it is of another type or out of range; `where` is named.
        """
        try:
            found = msgspec.convert(
                value, Annotated[self.kind, self.meta], strict=strict, dec_hook=_construct
            )
            if self.endpoint and found != self.default:
                check_endpoint(found, binds=self.endpoint == "bind")
        except (msgspec.ValidationError, UnicodeError):
            raise ConfigError(
                f"{where}: {self.key} must be {self.allowed}, not {_cut(value)}"
            ) from None
        except MalformedEndpoint as error:
            raise ConfigError(f"{where}: {self.key}: {error}") from None
        return found

    @property
    def allowed(self) -> str:
        """What it may be, to go after "must be"."""
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(get_args(self.kind))}"
        said = _KINDS[self.kind]
        return said if self.meta.ge is None else f"{said} from {self.meta.ge} to {self.meta.le}"

    @property
    def endpoint(self) -> str:
        """For an endpoint, ``bind`` or ``connect``."""
        return str((self.meta.extra or {}).get("endpoint", ""))


def _construct(kind: type[Path], value: Any) -> Path:
    return kind(value)


def _cut(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # An int of thousands of digits.
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _settings() -> Iterator[Setting]:
    for section, owner in _SECTIONS:
        hints, said = get_type_hints(owner, include_extras=True), _parameter_texts(owner)
        for item in dataclasses.fields(owner):
            kind, meta = hints[item.name], msgspec.Meta()
            if dataclasses.is_dataclass(kind):
                continue  # A section of its own.
            if get_origin(kind) is Annotated:
                kind, meta = get_args(kind)
            factory = item.default_factory
            default = item.default if factory is dataclasses.MISSING else factory()
            yield Setting(section, item.name, owner, kind, meta, default, said.get(item.name, ""))


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
    parts: dict[type[Any], dict[str, Any]] = defaultdict(dict)
    for key, value in values.items():
        parts[SETTINGS[key].owner][SETTINGS[key].name] = value
    limits, cache = Limits(**parts[Limits]), CacheLimits(**parts[CacheLimits])
    return Configuration(
        ServerConfig(**parts[ServerConfig], limits=limits, cache=cache),
        PoolConfig(**parts[PoolConfig]),
        WorkerConfig(**parts[WorkerConfig]),
        ClientConfig(**parts[ClientConfig]),
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
    item, server = SETTINGS[key], configuration.server
    parts = (server, server.limits, server.cache)
    others = (configuration.pool, configuration.worker, configuration.client)
    return next(getattr(p, item.name) for p in (*parts, *others) if type(p) is item.owner)
