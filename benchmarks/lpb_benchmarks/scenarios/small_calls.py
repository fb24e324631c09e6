"""Scenarios of small calls: latency, codecs, certified ones, the C library, the bridge alone."""

from __future__ import annotations

from typing import Final

from lpb_server.client import FormatName

from lpb_benchmarks.measure.cases import CallCase, Case, Contender
from lpb_benchmarks.peers.workload import Workload
from lpb_benchmarks.scenarios.base import FLOOR, Plan, Scenario, SkipScenario, peers_beside

__all__ = ["CERTIFIED_CALLS", "CLIENTS", "FORMATS", "LATENCY", "OVERHEAD"]

_FORMATS: Final[tuple[FormatName, ...]] = ("msgpack", "json", "protobuf")


def _calls(plan: Plan) -> int:
    # 7 rounds of 300 give 2,100 samples: enough for the 99.9th percentile.
    return 100 if plan.quick else 300


def _latency(plan: Plan) -> list[Case]:
    cases: list[Case] = []
    for transport in ("tcp",) if plan.quick else ("tcp", "ipc"):
        for inline in (False,) if plan.quick else (False, True):
            contenders: list[Contender] = []
            for name in _FORMATS:
                work = (Workload(4, 4, name, inline),)
                floor = f"{FLOOR} {name}"
                contenders += [
                    Contender(f"bridge {name}", "bridge", floor, work, transport),
                    Contender(floor, "echo", None, work, transport),
                ]
            if transport == "tcp":
                floor = f"{FLOOR} msgpack"
                work = (Workload(4, 4, inline=inline),)
                contenders += peers_beside(work[0], floor, "pyro", "grpc", "flight", "fastapi")
            way = "inline" if inline else "framed"
            cases.append(
                CallCase(
                    name=f"4×4 {way}, {transport}",
                    contenders=tuple(contenders),
                    calls=_calls(plan),
                )
            )
    return cases


LATENCY: Final = Scenario(
    "latency", "How long one small call takes, in each format, over tcp and ipc", _latency
)


def _formats(plan: Plan) -> list[Case]:
    sides = (1, 16, 64) if plan.quick else (1, 4, 8, 16, 32, 64, 128)
    cases: list[Case] = []
    for side in sides:
        contenders = [
            Contender(f"{name} {way}", "bridge", FLOOR, (Workload(side, side, name, inline),))
            for way, inline in (("framed", False), ("inline", True))
            for name in _FORMATS
        ]
        floor = Contender(FLOOR, "echo", None, (Workload(side, side),))
        cases.append(
            CallCase(
                name=f"{side * side} elements",
                contenders=(*contenders, floor),
                calls=max(_calls(plan) // (1 + side // 16), 20),
                warm_up=10,
                payload_bytes=side * side * 8,
            )
        )
    return cases


FORMATS: Final = Scenario(
    "formats", "Which format of the header is fastest at which size, inline or framed", _formats
)


def _certified_calls(plan: Plan) -> list[Case]:
    cases: list[Case] = []
    for side in (32,) if plan.quick else (4, 32, 100):
        contenders = (
            Contender("certified", "bridge", FLOOR, (Workload(side, side, certify=True),)),
            Contender("uncertified", "bridge", FLOOR, (Workload(side, side),)),
            Contender(FLOOR, "echo", None, (Workload(side, side),)),
        )
        calls = max(_calls(plan) // (1 + side // 8), 10)
        cases.append(
            CallCase(name=f"{side * side} elements", contenders=contenders, calls=calls, warm_up=10)
        )
    return cases


CERTIFIED_CALLS: Final = Scenario(
    "certified-calls", "What a certificate costs the server", _certified_calls
)


def _clients(plan: Plan) -> list[Case]:
    if plan.c_library is None:
        raise SkipScenario("the C library is not at hand")
    path = (str(plan.c_library()),)
    work = (Workload(4, 4),)
    contenders = (
        Contender("C client", "c-client", FLOOR, work, client_arguments=path),
        Contender("Python client", "bridge", FLOOR, work),
        Contender(FLOOR, "echo", None, work),
    )
    return [CallCase(name="4×4 framed, tcp", contenders=contenders, calls=_calls(plan))]


CLIENTS: Final = Scenario(
    "clients", "The C library's client beside the Python one, on the same server", _clients
)


def _overhead(plan: Plan) -> list[Case]:
    cases: list[Case] = []
    for name in _FORMATS:
        work = (Workload(4, 4, name),)
        contenders = (
            Contender("bridge without sockets", "bridge-no-io", FLOOR, work),
            Contender(FLOOR, "echo", None, work),
        )
        cases.append(CallCase(name=f"4×4 {name}", contenders=contenders, calls=_calls(plan)))
    return cases


OVERHEAD: Final = Scenario(
    "overhead", "What both ends of the bridge add to one small request, without I/O", _overhead
)
