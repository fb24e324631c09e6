"""The server's settings, with their defaults; where they come from is decided in `settings`.

Each field of these classes is a setting: its docstring is what ``--help`` says about it, and its
type is what `msgspec` checks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

from lpb_server.observability.logs import LogFormat
from lpb_server.sockets.durations import LEAST_S, MOST_MS, MOST_S
from lpb_server.wire.limits import REQUEST_LIMITS, Count, LargeCount, Limits

__all__ = [
    "BUSY_POLL_US",
    "DEFAULT_ENDPOINT",
    "DEFAULT_KEYS",
    "DEFAULT_POOL",
    "CacheLimits",
    "ClientConfig",
    "Configuration",
    "LogLevel",
    "PoolConfig",
    "ServerConfig",
    "WorkerConfig",
    "default_workers",
    "half_of_memory",
]

DEFAULT_ENDPOINT: Final = "tcp://127.0.0.1:5555"

DEFAULT_KEYS: Final = Path("~/.config/lean-python-bridge/keys")

BUSY_POLL_US: Final = 400
"""How long either end polls busily by default, in microseconds: some round trips of a small call,
which took 50 us on one machine and 220 on another. There a client got 1.1 times as many calls as
with 100."""

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

Duration: TypeAlias = Annotated[float, Meta(ge=LEAST_S, le=MOST_S)]

BindEndpoint: TypeAlias = Annotated[str, Meta(extra={"endpoint": "bind"})]

ConnectEndpoint: TypeAlias = Annotated[str, Meta(extra={"endpoint": "connect"})]

_MIB: Final = 1 << 20
_ALLOWED_MEMORY: Final = Path("/sys/fs/cgroup/memory.max")


def default_workers() -> int:
    """Return how many processes this machine can run at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Not on every system.
        return os.cpu_count() or 1


def half_of_memory() -> int:
    """Return half of the memory that there is, or that a container is allowed, in bytes."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # Not on every system.
        found = 8 << 30
    with suppress(OSError, ValueError):  # The word "max" where there is no limit.
        found = min(found, int(_ALLOWED_MEMORY.read_text()))
    return max(found // 2, 64 * _MIB)


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """What the cache may hold; the oldest replies go first.

    Parameters
    ----------
    count : int
        Replies.
    total_bytes : int
        Bytes of all kept replies together.
    reply_bytes : int
        Bytes of one reply; a larger one is not kept.
    age_s : float
        How long a reply is kept: longer than any client goes on trying.
    """

    count: Count = 65_536
    total_bytes: LargeCount = 64 * _MIB
    reply_bytes: LargeCount = _MIB
    age_s: Duration = 600.0


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """How a broker and its workers keep each other alive.

    Parameters
    ----------
    workers : int
        How many worker processes run the operations; 0 runs them in the server's own process.
    broker : bool
        Run no operations here at all: only hand requests to workers that run elsewhere.
    workers_endpoint : str
        Where workers that run elsewhere connect to; none do when it is empty.
    heartbeat_s : float
        How often each side says that it lives.
    liveness_s : float
        After how long a silence the other side counts as lost. An operation that keeps Python's
        interpreter lock for longer than this looks like a lost worker. The death of a worker of
        the broker's own is noticed at once, whatever this is.
    restarts_per_minute : int
        How many dead workers are replaced at once; then so many in a minute, evenly. While none
        is left, requests are answered ``overloaded``, with the time to wait.
    executor : str
        What runs the operations: ``process`` as `workers` says, or a Dask scheduler's workers,
        ``dask://HOST:PORT``.
    drain_s : float
        How long running work may take after the signal to stop.
    """

    workers: Annotated[int, Meta(ge=0, le=1024)] = field(default_factory=default_workers)
    broker: bool = False
    workers_endpoint: BindEndpoint = ""
    heartbeat_s: Duration = 1.0
    liveness_s: Duration = 10.0
    restarts_per_minute: Annotated[int, Meta(ge=0, le=MOST_MS)] = 60
    executor: str = "process"
    drain_s: Duration = 30.0


DEFAULT_POOL: Final = PoolConfig()


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How a server runs.

    Parameters
    ----------
    endpoint : str
        Where to listen; a TCP port may be ``*`` or 0 for a free one.
    insecure : bool
        Allow an endpoint beyond loopback with nothing to protect it.
    limits : Limits
        What a message may cost.
    queue_length : int
        How many requests wait at most; more are answered ``overloaded``.
    high_water_mark : int
        How many messages ZeroMQ holds for one peer, each way.
    metrics_port : int
        Where Prometheus finds metrics, on loopback; nowhere when it is 0.
    log_format : str
        Lines for people (``text``), or one JSON object a line (``json``).
    cache : CacheLimits
        How many replies are kept, so that a repeated request does not run again.
    curve : bool
        Encrypt by CURVE, and let in only clients whose keys are allowed (`lpb keys allow`).
    curve_key : str
        The name of the server's own key pair.
    keys : Path
        The folder of the keys and of the lists of those that are allowed.
    operations : str
        Operations of one's own beside the built-in ones: Python files and modules, separated by
        commas.
    connections : int
        How many peers are connected at most; the handshake of one more is refused.
    requests_per_client : int
        How many requests of one client run or wait at most; more are answered ``overloaded``.
        A client is a user's key, or a connection where there is no CURVE.
    peer_bytes : int
        How many bytes of one client's requests may run or wait, and of its replies be left unread,
        beside one of each; beyond that requests are answered ``overloaded``, and who does not read
        is cut off. Who sends more of one message than its limits allow is cut off, too.
    total_bytes : int
        The same for all clients together; the connection that holds most is cut off. By default
        half of the machine's memory.
    handshakes_per_s : int
        How many peers of one address may come in a second where there is no CURVE, beyond as many
        at once as may be connected; the others wait, and are refused after two seconds.
    handshake_s : float
        How long a peer may take to say who it is before it is disconnected.
    log_level : str
        What is logged.
    supervise : bool
        Start the server again when a signal ends it, such as a failed assertion in a library. What
        has side effects does not run twice then. An endpoint should name its port.
    shared_memory : bool
        Read large arrays of clients of the same user on this host from shared memory.
    busy_poll_us : int
        For how many microseconds a server without workers polls busily for the next request before
        it sleeps; 0 sleeps at once.
    """

    endpoint: BindEndpoint = DEFAULT_ENDPOINT
    insecure: bool = False
    limits: Limits = REQUEST_LIMITS
    queue_length: Count = 1024
    high_water_mark: Count = 1000
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    log_format: LogFormat = "text"
    cache: CacheLimits = field(default_factory=CacheLimits)
    curve: bool = False
    curve_key: str = "server"
    keys: Path = DEFAULT_KEYS
    operations: str = ""
    connections: Count = 4096
    requests_per_client: Count = 1024
    peer_bytes: LargeCount = 256 * _MIB
    total_bytes: LargeCount = field(default_factory=half_of_memory)
    handshakes_per_s: Count = 100
    handshake_s: Duration = 30.0
    log_level: LogLevel = "info"
    supervise: bool = False
    shared_memory: bool = True
    busy_poll_us: Annotated[int, Meta(ge=0, le=1_000_000)] = BUSY_POLL_US


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """How a worker reaches a broker elsewhere.

    Parameters
    ----------
    connect : str
        The broker's endpoint for workers.
    curve_key : str
        The name of the worker's own key pair; no CURVE when it is empty.
    curve_server_key : str
        The broker's public key, or its name in the folder of the keys.
    """

    connect: ConnectEndpoint = ""
    curve_key: str = ""
    curve_server_key: str = "server"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How `lpb call` reaches a server.

    Parameters
    ----------
    endpoint : str
        Where the server listens.
    curve_key : str
        The name of the client's own key pair; no CURVE when it is empty.
    curve_server_key : str
        The server's public key, or its name in the folder of the keys.
    shared_memory : bool
        Send large arrays to a server of the same user on this host through shared memory.
    """

    endpoint: ConnectEndpoint = DEFAULT_ENDPOINT
    curve_key: str = ""
    curve_server_key: str = "server"
    shared_memory: bool = True


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every setting there is."""

    server: ServerConfig = field(default_factory=ServerConfig)
    pool: PoolConfig = field(default_factory=PoolConfig)
    worker: WorkerConfig = field(default_factory=WorkerConfig)
    client: ClientConfig = field(default_factory=ClientConfig)
