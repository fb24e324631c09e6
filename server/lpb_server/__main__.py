"""``python -m lpb_server``: run the server in the foreground.

One JSON line on standard output says when it is ready; the log goes to standard error. Exit code
0 after a clean stop, 2 for wrong usage, 3 when the endpoint cannot be bound.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from lpb_server import __version__
from lpb_server.config import DEFAULT_ENDPOINT, DEFAULT_POOL, CacheLimits, PoolConfig, ServerConfig
from lpb_server.errors import BindError, InsecureBindError, MalformedEndpoint
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.transport import BridgeServer, Broker

__all__ = ["main"]

_EXIT_OK: Final = 0
_EXIT_USAGE: Final = 2
_EXIT_ENVIRONMENT: Final = 3

_LOG = logging.getLogger("lpb_server")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lpb_server", description="Run the bridge's server in the foreground."
    )
    parser.add_argument(
        "--endpoint",
        default=DEFAULT_ENDPOINT,
        help="where to listen; a port of * or 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="allow an endpoint beyond loopback with nothing to protect it",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=0,
        help="how many worker processes run the operations; 0 runs them in this process "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--restarts-per-minute",
        type=_count,
        default=DEFAULT_POOL.restarts_per_minute,
        help="how many dead workers are replaced in a minute (default: %(default)s)",
    )
    parser.add_argument(
        "--cache-count",
        type=_count,
        default=CacheLimits().count,
        help="how many replies are kept at most (default: %(default)s)",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="what is logged (default: %(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"lpb_server {__version__}")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server.

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
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    config = ServerConfig(
        options.endpoint, options.insecure, cache=CacheLimits(count=options.cache_count)
    )
    service = Service(default_registry(), config.limits)
    try:
        if options.workers:
            pool = PoolConfig(options.workers, restarts_per_minute=options.restarts_per_minute)
            with Broker(service.purity, config, pool) as broker, _stopped_by_signals(broker):
                broker.serve(lambda: _announce(broker.endpoint))
        else:
            with BridgeServer(service, config) as server, _stopped_by_signals(server):
                _announce(server.endpoint)
                server.serve()
    except (InsecureBindError, MalformedEndpoint) as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_USAGE
    except BindError as error:
        print(f"error: {error}", file=sys.stderr)
        return _EXIT_ENVIRONMENT
    _LOG.info("stopped")
    return _EXIT_OK


@contextmanager
def _stopped_by_signals(server: BridgeServer | Broker) -> Iterator[None]:
    """Stop cleanly on the first signal; the second one ends the process at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_DFL)
        server.stop()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    signal.set_wakeup_fd(server.wake_descriptor, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)


def _announce(endpoint: str) -> None:
    ready = {"event": "ready", "endpoint": endpoint, "pid": os.getpid(), "version": __version__}
    try:
        print(json.dumps(ready), flush=True)
    except BrokenPipeError:
        _LOG.warning("nobody reads standard output; listening on %s", endpoint)
    _LOG.info("listening on %s", endpoint)


if __name__ == "__main__":
    sys.exit(main())
