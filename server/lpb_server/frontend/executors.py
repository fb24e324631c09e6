"""Executors of others that run operations: Dask's."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Final

from lpb_server.errors import ConfigError, ExecutorError, MalformedEndpoint
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.sockets.endpoints import check_endpoint
from lpb_server.wire.intake import Rejected
from lpb_server.wire.limits import Limits
from lpb_server.wire.refusal import code_of

__all__ = ["DASK", "PROCESS", "check_executor", "opened_executor", "run_elsewhere"]

PROCESS: Final = "process"
DASK: Final = "dask://"
_CONNECT_S: Final = 5.0


def check_executor(address: str) -> str:
    """Return the address of an executor.

    Raises
    ------
    ConfigError
        When it is none.
    """
    if address != PROCESS:
        try:
            if not address.startswith(DASK):
                raise MalformedEndpoint(address, "there is no such executor")
            check_endpoint(address.replace(DASK, "tcp://", 1), binds=False)
        except MalformedEndpoint as error:
            said = f"executor is {PROCESS} or {DASK}HOST:PORT, not {address[:128]!r}"
            raise ConfigError(f"{said}: {error.problem}") from None
    return address


@contextmanager
def opened_executor(address: str) -> Iterator[Executor]:
    """Connect to what runs operations.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT``, a scheduler; its workers need this package and the same plug-ins.

    Raises
    ------
    ExecutorError
        When it is not installed, or does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ExecutorError(
            f"{address} needs Dask: pip install 'lean-python-bridge[dask]'"
        ) from None
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            "tcp://" + address.removeprefix(DASK), timeout=_CONNECT_S, set_as_default=False
        )
    except (OSError, TimeoutError) as error:
        raise ExecutorError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        yield client.get_executor(pure=False)


@functools.cache
def _service(limits: Limits, operations: str) -> Service:
    return Service(default_registry(operations), limits)


def run_elsewhere(
    frames: list[bytes], waited_s: float, limits: Limits, operations: str = ""
) -> tuple[list[bytes], bool, str]:
    """Run a request, in whatever process this is called.

    Parameters
    ----------
    frames : list of bytes
        The request as it came.
    waited_s : float
        How long it has waited.
    limits : Limits
        Those of the server.
    operations : str
        The server's setting; the files and modules must be found here as well.

    Returns
    -------
    tuple of list of bytes, bool and str
        The reply, whether the operation was called, and the code of the error, if it is one.
    """
    service = _service(limits, operations)
    opened = service.open(frames)
    if isinstance(opened, Rejected):  # The server lets none through that it would reject.
        return [bytes(frame) for frame in opened.reply], False, code_of(opened.reply)
    handled = service.run(opened, waited_s)
    return [bytes(frame) for frame in handled.reply], handled.ran, code_of(handled.reply)
