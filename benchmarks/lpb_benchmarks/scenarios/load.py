"""Scenarios with several clients: throughput, mixed load, the queue of workers."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from typing import Final

from lpb_benchmarks.measure.cases import CallCase, Case, Contender
from lpb_benchmarks.peers.bridge import MADE_SHARED
from lpb_benchmarks.peers.pipelined import BATCH, IN_TURN
from lpb_benchmarks.peers.workload import Workload
from lpb_benchmarks.scenarios.base import FLOOR, Plan, Scenario, SkipScenario, peers_beside

__all__ = ["MIXED", "PIPELINED", "QUEUE", "THROUGHPUT"]


def _seconds(plan: Plan) -> float:
    return 0.4 if plan.quick else 1.0


def _throughput(plan: Plan) -> list[Case]:
    work = Workload(4, 4)
    contenders = (
        Contender("bridge", "bridge", FLOOR, (work,)),
        Contender(FLOOR, "echo", None, (work,)),
        *peers_beside(work, FLOOR, "pyro", "grpc", "fastapi"),
    )
    return [
        CallCase(
            name=f"{clients} client{'s' if clients > 1 else ''}",
            contenders=contenders,
            clients=clients,
            seconds=_seconds(plan),
        )
        for clients in ((4,) if plan.quick else (1, 4, 16))
    ]


THROUGHPUT: Final = Scenario(
    "throughput", "How many small calls a second 1, 4 and 16 clients get", _throughput
)


def _pipelined(plan: Plan) -> list[Case]:
    work = (Workload(4, 4),)
    floor = "raw echo, in flight"
    contenders = (
        Contender("bridge, in flight", "bridge-async", floor, work),
        Contender("bridge, in turn", "bridge-async", floor, work, client_arguments=(IN_TURN,)),
        Contender(floor, "echo-pipelined", None, work),
        Contender("grpc, in flight", "grpc-async", floor, work),
    )
    name = f"{BATCH} calls of 1 client"
    return [CallCase(name=name, contenders=contenders, seconds=_seconds(plan), warm_up=5)]


PIPELINED: Final = Scenario(
    "pipelined",
    f"How many batches of {BATCH} small calls a second one client gets, in flight or in turn",
    _pipelined,
)

_MIX: Final = (
    *(Workload(4, 4),) * 18,
    Workload(128, 64),
    *(Workload(4, 4),) * 18,
    Workload(128, 64),
    *(Workload(4, 4),) * 18,
    Workload(1024, 128),
)
"""54 calls of 128 bytes, two of 64 KiB and one of 1 MiB, in this order over and over."""


def _mixed(plan: Plan) -> list[Case]:
    contenders = (
        Contender("bridge", "bridge", FLOOR, _MIX),
        Contender(FLOOR, "echo", None, _MIX),
    )
    return [
        CallCase(
            name="4 clients, 128 bytes to 1 MiB",
            contenders=contenders,
            clients=4,
            seconds=_seconds(plan),
        )
    ]


MIXED: Final = Scenario(
    "mixed", "How small calls fare while others send arrays; times are the small ones'", _mixed
)

_WORK_S: Final = 0.005
_TRIED_SIDE: Final = 363
"""A matrix of this side is certified in 1.3 ms on one machine and in 2.5 on another. With a little
more than 1 MiB it lies in shared memory: what is measured is work and not copying."""


def _side_for(seconds: float) -> int:
    """Return the side of a matrix whose certificate takes about that long on this machine."""
    from lpb_server.certificates import sum_error_bound

    matrix = Workload(_TRIED_SIDE, _TRIED_SIDE).matrix()
    total = float(matrix.sum())
    tries: list[float] = []
    for _ in range(15):
        begun = time.perf_counter()
        sum_error_bound(matrix, total)
        tries.append(time.perf_counter() - begun)
    return max(_TRIED_SIDE, round(_TRIED_SIDE * math.sqrt(seconds / statistics.median(tries))))


def _queue(plan: Plan) -> list[Case]:
    if not _knows_workers():
        raise SkipScenario("the server has no --workers")
    side = _side_for(_WORK_S)
    work = (Workload(side, side, certify=True),)
    workers = ("--workers", "2")
    made = (MADE_SHARED,)
    contenders = (
        Contender(
            *("2 workers", "bridge", "in process", work),
            server_arguments=workers,
            client_arguments=made,
        ),
        Contender("in process", "bridge", None, work, client_arguments=made),
    )
    return [
        CallCase(
            name="4 clients, milliseconds of work",
            contenders=contenders,
            clients=4,
            seconds=_seconds(plan),
            pinned=False,
        )
    ]


def _knows_workers() -> bool:
    asked = subprocess.run(
        [sys.executable, "-P", "-m", "lpb_server", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "--workers" in asked.stdout


QUEUE: Final = Scenario(
    "queue", "What two worker processes do for work of some milliseconds", _queue
)
