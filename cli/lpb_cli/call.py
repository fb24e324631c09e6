"""`lpb call`: one request from the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from lpb_server.client import BridgeClient, CallResult, ClientCurve
from lpb_server.wire.values import Value
from rich.console import Console
from rich.pretty import Pretty

from lpb_cli.errors import UsageError

__all__ = ["CallOptions", "call", "parse_array", "parse_param", "print_result"]


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
        When there is no ``=`` or no key.
    """
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UsageError(f"--param takes key=value, not {text!r}.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def parse_array(text: str) -> tuple[str, npt.NDArray[Any]]:
    """Read ``name=file.npy``.

    Raises
    ------
    UsageError
        When the file is not there or is no array of numbers.
    """
    name, separator, file = text.partition("=")
    if not separator or not name:
        raise UsageError(f"--array takes name=file.npy, not {text!r}.")
    try:
        array = np.load(Path(file), allow_pickle=False)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray):
        raise UsageError(f"{file} holds several arrays; --array takes an .npy file with one.")
    return name, array


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
    UsageError
        When the folder cannot be written to.
    """
    arrays: list[dict[str, Any]] = []
    for name, array in result.arrays.items():
        described: dict[str, Any] = {
            "name": name, "dtype": str(array.dtype), "shape": list(array.shape)
        }  # fmt: skip
        if output is not None:
            file = output / f"{Path(name).name}.npy"
            try:
                output.mkdir(parents=True, exist_ok=True)
                np.save(file, array)
            except OSError as error:
                raise UsageError(f"{file}: {error.strerror or error}") from error
            described["file"] = str(file)
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
        print(json.dumps(_json_safe(answer), ensure_ascii=False, allow_nan=False))
    else:
        console.print(Pretty(answer, expand_all=False))


def _json_safe(value: Any) -> Any:
    """Spell non-finite floats as the bridge's JSON does, so that any reader can parse them."""
    if isinstance(value, float) and not np.isfinite(value):
        name = "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"$float": name}
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_safe(item) for item in value]
    return value
