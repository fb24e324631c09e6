"""`lpb call`: one request from the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lpb_server.client import BridgeClient, CallResult, ClientCurve
from lpb_server.errors import JsonSyntaxError, WireError
from lpb_server.wire.reading import read_json
from lpb_server.wire.values import Value
from rich.console import Console

from lpb_cli.errors import EnvironmentLacksError, UsageError
from lpb_cli.output.terminal import print_json

if TYPE_CHECKING:  # NumPy takes longer to import than an answer to come.
    import numpy.typing as npt

__all__ = [
    "CallOptions",
    "call",
    "parse_array",
    "parse_arrays",
    "parse_param",
    "parse_params",
    "print_result",
]

_Given = TypeVar("_Given")
_LONGEST_SHOWN = 64
_MOST_ELEMENTS = 12


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What to call, where, and how long to wait.

    Attributes
    ----------
    timeout_s
        For each try.
    curve
        The keys for a server that wants CURVE.
    shared_memory
        Whether large arrays go through shared memory, where that works.
    """

    operation: str
    endpoint: str
    params: dict[str, Value] = field(default_factory=dict)
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    certify: bool = False
    format: str = "auto"
    timeout_s: float = 10.0
    tries: int = 3
    curve: ClientCurve | None = None
    shared_memory: bool = True


def parse_param(text: str) -> tuple[str, Value]:
    """Read ``key=value``: the value as JSON where it is JSON, as a string elsewhere.

    Raises
    ------
    UsageError
        When there is no ``=`` or no key, or the JSON breaks a rule of the wire.
    """
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UsageError(f"--param takes key=value, not {_cut(text)}.")
    try:
        return key, read_json(value)
    except JsonSyntaxError:
        return key, value
    except WireError as error:
        raise UsageError(
            f"--param {_cut(key)}: {error.message}.", "Quote what is a text, as JSON does."
        ) from None


def parse_params(texts: Sequence[str]) -> dict[str, Value]:
    """Read parameters, each given once; see `parse_param`."""
    return _once("--param", [parse_param(text) for text in texts])


def parse_array(text: str) -> tuple[str, npt.NDArray[Any]]:
    """Read ``name=file.npy``, or ``name=file.npz:array``.

    Raises
    ------
    UsageError
        When the file is not there or is no array of numbers.
    """
    name, separator, file = text.partition("=")
    if not separator or not name or not file:
        raise UsageError(f"--array takes name=file.npy, not {_cut(text)}.")
    from lpb_cli.commands.array_files import read_array

    return name, read_array(file)


def parse_arrays(texts: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Read arrays, each given once; see `parse_array`."""
    return _once("--array", [parse_array(text) for text in texts])


def _once(option: str, pairs: list[tuple[str, _Given]]) -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    for name, value in pairs:
        if name in found:
            raise UsageError(f"{option} gives {_cut(name)} twice.")
        found[name] = value
    return found


def _cut(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def call(options: CallOptions) -> CallResult:
    """Send the request and wait for its reply.

    Raises
    ------
    BridgeError
        When there is no result.
    """
    with BridgeClient(
        options.endpoint,
        format=options.format,  # type: ignore[arg-type]
        timeout_s=options.timeout_s,
        tries=options.tries,
        curve=options.curve,
        shared_memory=options.shared_memory,
    ) as client:
        return client.call(
            options.operation, options.params, options.arrays, certify=options.certify
        )


def print_result(
    result: CallResult, console: Console, output: Path | None, *, as_json: bool
) -> None:
    """Print a reply, and write its arrays when a folder is named.

    Raises
    ------
    EnvironmentLacksError
        When a file cannot be written; the rest of the reply is printed first.
    """
    files: dict[str, str] = {}
    failure: EnvironmentLacksError | None = None
    if output is not None:
        from lpb_cli.commands.array_files import write_arrays

        try:
            files = write_arrays(output, result.arrays)
        except EnvironmentLacksError as error:
            failure = error
    arrays: list[dict[str, Any]] = []
    for name, array in result.arrays.items():
        described: dict[str, Any] = {
            "name": name, "dtype": str(array.dtype), "shape": list(array.shape)
        }  # fmt: skip
        if name in files:
            described["file"] = files[name]
        arrays.append(described)
    answer: dict[str, Any] = {"result": result.result}
    if arrays:
        answer["arrays"] = arrays
    if result.certificate is not None:
        answer["certificate"] = result.certificate
    if result.timing is not None:
        answer["timing"] = {
            "queue_us": result.timing.queue_us,
            "compute_us": result.timing.compute_us,
        }
    if as_json:
        print_json(_json_safe(answer), allow_nan=False)
    else:
        from rich.pretty import Pretty  # It takes longer to import than an answer to come.

        for described in arrays:
            described["values"] = _summary(result.arrays[described["name"]])
        console.print(Pretty(answer, expand_all=False))
        if arrays and output is None:
            console.print("[dim]→ --output FOLDER writes the arrays as .npy files.[/]")
    if failure is not None:
        raise failure


def _summary(array: npt.NDArray[Any]) -> str:
    """Show an array in one line, with the middle left out of a long one."""
    import numpy as np

    shown = np.array2string(
        array, threshold=_MOST_ELEMENTS, edgeitems=2, precision=6, max_line_width=10_000
    )
    return " ".join(shown.split())


def _json_safe(value: Any) -> Any:
    """Spell non-finite floats as the bridge's JSON does, so that any reader can parse them."""
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"$float": name}
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_safe(item) for item in value]
    return value
