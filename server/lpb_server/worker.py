"""``python -m lpb_server.worker``: one worker process, for a broker here or elsewhere.

Exit code 0 when the broker let it go or it was told to leave, 1 when its parent died, 2 for wrong
usage.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType

import zmq

from lpb_server.config import DEFAULT_POOL, PoolConfig, ServerConfig
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.transport.fork_server import serve_forks
from lpb_server.transport.worker import Worker

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lpb_server.worker", description="Run one worker in the foreground."
    )
    parser.add_argument("--connect", required=True, help="the broker's endpoint for workers")
    parser.add_argument("--identity", default=None, help="a unique name (default: random)")
    parser.add_argument("--heartbeat", type=float, default=DEFAULT_POOL.heartbeat_s, help="seconds")
    parser.add_argument("--liveness", type=float, default=DEFAULT_POOL.liveness_s, help="seconds")
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
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; that of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=options.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s",
    )
    service = Service(default_registry(), ServerConfig().limits)
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
        options.connect,
        identity.encode(),
        PoolConfig(heartbeat_s=options.heartbeat, liveness_s=options.liveness),
        lifeline,
    )

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        worker.leave()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    signal.set_wakeup_fd(worker.wake_descriptor, warn_on_full_buffer=False)
    try:
        worker.run()
    except zmq.ZMQError as error:
        print(f"error: cannot connect to {options.connect}: {error}", file=sys.stderr)
        return 2
    finally:
        signal.set_wakeup_fd(-1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
