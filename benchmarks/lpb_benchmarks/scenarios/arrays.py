"""The scenario of large arrays."""

from __future__ import annotations

from typing import Final

from lpb_benchmarks.measure.cases import CallCase, Case, Contender
from lpb_benchmarks.peers.bridge import FRAMES_ONLY, MADE_SHARED
from lpb_benchmarks.peers.workload import Workload
from lpb_benchmarks.scenarios.base import Plan, Scenario, peers_beside

__all__ = ["ARRAYS"]

_MIB: Final = 1 << 20
_FLOOR: Final = "one zmq frame"
_PEERS_UP_TO_MIB: Final = 64
"""Every peer holds the array several times over; past this size only the bridge is of interest."""


def _arrays(plan: Plan) -> list[Case]:
    sizes = (1, 16) if plan.quick else (1, 4, 16, 64, 256, 1024)
    return [_case(size, plan) for size in sizes]


def _case(size_mib: int, plan: Plan) -> Case:
    work = (Workload(size_mib, _MIB // 8),)
    frames_only, made_shared = (FRAMES_ONLY,), (MADE_SHARED,)
    contenders = [
        Contender("bridge tcp", "bridge", _FLOOR, work, client_arguments=frames_only),
        Contender("bridge ipc", "bridge", _FLOOR, work, "ipc", client_arguments=frames_only),
        Contender("bridge shared memory", "bridge", _FLOOR, work),
        Contender("bridge made shared", "bridge", _FLOOR, work, client_arguments=made_shared),
        Contender(_FLOOR, "frame", None, work),
        Contender("memcpy", "memcpy", _FLOOR, work),
        Contender("NumPy sum", "numpy", _FLOOR, work),
    ]
    if size_mib <= _PEERS_UP_TO_MIB:
        contenders += peers_beside(work[0], _FLOOR, "flight", "grpc", "pyro", "fastapi")
    return CallCase(
        name=f"{size_mib} MiB" if size_mib < 1024 else f"{size_mib // 1024} GiB",
        contenders=tuple(contenders),
        calls=max(min((64 if plan.quick else 128) // size_mib, 20), 2),
        warm_up=2,
        payload_bytes=work[0].nbytes,
        rounds=3 if size_mib > _PEERS_UP_TO_MIB else None,
    )


ARRAYS: Final = Scenario(
    "arrays", "How fast a float64 array reaches the server and its sum comes back", _arrays
)
