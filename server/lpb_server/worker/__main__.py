"""``python -m lpb_server.worker``: one worker process, for a broker here or elsewhere.

Exit code 0 when the broker let it go or it was told to leave, 1 when its parent died or it cannot
compute any more, 2 for wrong usage.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import zmq

from lpb_server.errors import ConfigError, KeyFileError, RegistrationError
from lpb_server.observability.logs import configure_logging
from lpb_server.operations import default_registry
from lpb_server.process.memory import keep_freed_memory
from lpb_server.security.keys import client_curve
from lpb_server.service import Service
from lpb_server.settings.layers import WORKER_SETTINGS, add_flags
from lpb_server.settings.parser import Parser
from lpb_server.settings.sources import add_source_flags, load_for
from lpb_server.wire.shared_memory import opened_segments
from lpb_server.worker.fork_server import serve_forks
from lpb_server.worker.loop import Worker

__all__ = ["main"]

_SWITCH_S: Final = 0.001
"""How long a request that keeps the interpreter busy holds up the reply to the one before it."""


def make_parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Run one worker in the foreground, for a broker here or elsewhere.",
        allow_abbrev=False,
    )
    add_source_flags(parser)
    add_flags(parser, WORKER_SETTINGS, own="worker")
    parser.add_argument("--identity", default=None, help="a unique name (default: random)")
    parser.add_argument(
        "--end-with-stdin",
        action="store_true",
        help="end at once when standard input closes: so no worker outlives its broker",
    )
    parser.add_argument(
        "--fork-server",
        action="store_true",
        help="fork workers for the broker that standard input is connected to",
    )
    return parser


def _load_before_forks() -> None:
    """Import what some requests need and starting does not: forked workers have it in common."""
    from lpb_server.wire import protobuf_format, reference_validation  # noqa: F401


def main(
    arguments: Sequence[str] | None = None, program: str = "python -m lpb_server.worker"
) -> int:
    """Run a worker.

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
    options = make_parser(program).parse_args(arguments)
    try:
        loaded = load_for(options, os.environ, Path.cwd(), own="worker").configuration
        config, server = loaded.worker, loaded.server
        if not config.connect:
            raise ConfigError("--connect must say where the broker waits for workers")
        curve = client_curve(server.keys, config.curve_key, config.curve_server_key)
        registry = default_registry(server.operations)
    except (ConfigError, KeyFileError, RegistrationError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    configure_logging(server.log_level, server.log_format)
    keep_freed_memory()
    sys.setswitchinterval(_SWITCH_S)
    segments = opened_segments(server.limits, wanted=server.shared_memory)
    _load_before_forks()
    service = Service(registry, server.limits, segments=segments)
    identity = options.identity or secrets.token_hex(8)
    lifeline = sys.stdin.fileno() if options.end_with_stdin else None
    if options.fork_server:
        with socket.socket(fileno=sys.stdin.fileno()) as control:
            forked = serve_forks(control)
        if forked is None:
            return 0
        identity, lifeline = forked.name, forked.lifeline
    worker = Worker(
        service,
        config.connect,
        identity.encode(),
        loaded.pool,
        lifeline,
        curve,
    )

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        worker.leave()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave)
    signal.set_wakeup_fd(worker.wake_descriptor, warn_on_full_buffer=False)
    try:
        worker.run()
    except zmq.ZMQError as error:
        print(f"error: cannot connect to {config.connect}: {error}", file=sys.stderr)
        return 2
    finally:
        signal.set_wakeup_fd(-1)
    return 1 if worker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
