"""``python -m lpb_server``: run the server in the foreground.

One JSON line on standard output says when it is ready; the log goes to standard error. Exit code
0 after a clean stop, 2 for wrong usage, 3 when the endpoint cannot be bound.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from lpb_server import __version__
from lpb_server.errors import (
    BindError,
    ConfigError,
    ExecutorError,
    KeyFileError,
    MalformedEndpoint,
    RegistrationError,
    ServerError,
)
from lpb_server.frontend.executors import PROCESS, check_executor, opened_executor
from lpb_server.observability.logs import configure_logging
from lpb_server.observability.systemd import READY, STOPPING, notify
from lpb_server.operations import default_registry
from lpb_server.process.memory import keep_freed_memory
from lpb_server.process.supervision import journal_of_parent, supervise
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.settings.layers import SERVER_SETTINGS, add_flags
from lpb_server.settings.parser import Parser
from lpb_server.settings.sources import add_source_flags, load_for
from lpb_server.sockets.socket_files import WORKERS_SOCKET, private_folder
from lpb_server.wire.shared_memory import opened_segments

if TYPE_CHECKING:  # A server imports the one that it is.
    from lpb_server.broker.broker import Broker
    from lpb_server.frontend.in_process_server import BridgeServer

__all__ = ["main", "make_parser"]

_EXIT_OK: Final = 0
_EXIT_USAGE: Final = 2
_EXIT_ENVIRONMENT: Final = 3

_LOG = logging.getLogger("lpb_server")


def make_parser(program: str) -> Parser:
    """Return the parser of the server's command line.

    Parameters
    ----------
    program : str
        What usage messages call it.
    """
    parser = Parser(
        prog=program,
        description="Run the bridge's server in the foreground.",
        allow_abbrev=False,
    )
    add_source_flags(parser)
    add_flags(parser, SERVER_SETTINGS)
    parser.add_argument("--version", action="version", version=f"lpb_server {__version__}")
    return parser


def main(arguments: Sequence[str] | None = None, program: str = "python -m lpb_server") -> int:
    """Run the server.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; that of the process by default.
    program : str
        What usage messages call it.

    Returns
    -------
    int
        The exit code.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = make_parser(program).parse_args(given)
    try:
        loaded = load_for(options, os.environ, Path.cwd())
        config, pool = loaded.configuration.server, loaded.configuration.pool
        if pool.broker:
            # Unless it is told: where no other user of this machine can pass for a worker.
            elsewhere = pool.workers_endpoint or f"ipc://{private_folder()}/{WORKERS_SOCKET}"
            pool = replace(pool, workers=0, workers_endpoint=elsewhere)
        configure_logging(config.log_level, config.log_format)
        if config.supervise:
            return supervise(given)
        journal = journal_of_parent()
        keep_freed_memory()
        segments = opened_segments(config.limits, wanted=config.shared_memory)
        service = Service(default_registry(config.operations), config.limits, segments=segments)
        if check_executor(pool.executor) != PROCESS:
            from lpb_server.frontend.executor_server import ExecutorServer

            with (
                opened_executor(pool.executor) as executor,
                ExecutorServer(service, config, executor, pool.drain_s, journal) as dispatcher,
                _running(dispatcher, config),
            ):
                _announce(dispatcher.endpoint)
                dispatcher.serve()
        elif pool.workers or pool.workers_endpoint:
            from lpb_server.broker.broker import Broker

            with Broker(service.purity, config, pool, journal) as broker, _running(broker, config):
                broker.serve(lambda: _announce(broker.endpoint, broker.workers_endpoint))
        else:
            from lpb_server.frontend.in_process_server import BridgeServer

            with BridgeServer(service, config, journal) as server, _running(server, config):
                _announce(server.endpoint)
                server.serve()
    except (BindError, ExecutorError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_ENVIRONMENT
    except OSError as error:  # No descriptors left, no room for a folder, and the like.
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return _EXIT_ENVIRONMENT
    except (
        ConfigError,
        KeyFileError,
        MalformedEndpoint,
        RegistrationError,
        ServerError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_USAGE
    _LOG.info("stopped")
    return _EXIT_OK


@contextmanager
def _running(server: BridgeServer | Broker, config: ServerConfig) -> Iterator[None]:
    with ExitStack() as stack:
        if config.metrics_port:
            from lpb_server.observability.metrics_endpoint import serving_metrics

            stack.enter_context(serving_metrics(server.metrics, config.metrics_port))
        stack.enter_context(_stopped_by_signals(server))
        yield


@contextmanager
def _stopped_by_signals(server: BridgeServer | Broker) -> Iterator[None]:
    """Stop cleanly on the first signal; the second one ends the process at once."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # As nohup has it.
        numbers.append(signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        for name in numbers:
            signal.signal(name, signal.SIG_DFL)
        notify(STOPPING)
        server.stop()

    for name in numbers:
        signal.signal(name, stop)
    signal.set_wakeup_fd(server.wake_descriptor, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)


def _announce(endpoint: str, workers_endpoint: str = "") -> None:
    ready = {"event": "ready", "endpoint": endpoint, "pid": os.getpid(), "version": __version__}
    if workers_endpoint:
        ready["workers_endpoint"] = workers_endpoint
    try:
        print(json.dumps(ready) + "\n", end="", flush=True)  # In one: the log may share the pipe.
    except OSError as error:  # Nobody reads it, or the disk is full.
        _LOG.warning("standard output: %s; listening on %s", error.strerror, endpoint)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())  # What is left in its buffer goes there, at the end.
        os.close(null)
    _LOG.info("listening on %s", endpoint)
    notify(READY)


if __name__ == "__main__":
    sys.exit(main())
