"""The facts of the machine that a result was measured on, and which processors each end gets."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import zmq

__all__ = ["describe_machine", "describe_placement", "machine_facts", "placement"]

_PACKAGES: Final = (
    "lean-python-bridge",
    "numpy",
    "pyzmq",
    "msgpack",
    "protobuf",
    "grpcio",
    "pyarrow",
    "Pyro5",
    "fastapi",
    "uvicorn",
    "httpx",
)


def usable_processors() -> list[int]:
    """Return the numbers of the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def placement(split: bool = True) -> dict[str, set[int]]:
    """Return the processors of ``server`` and ``client``: half of them each.

    Parameters
    ----------
    split : bool
        False leaves it to the system, as does a machine where processes cannot be pinned.
    """
    processors = usable_processors()
    if not split or len(processors) < 2 or not hasattr(os, "sched_setaffinity"):
        return {}
    middle = len(processors) // 2
    return {"server": set(processors[:middle]), "client": set(processors[middle:])}


def describe_placement(placed: dict[str, set[int]]) -> str:
    """Say in words where the two ends ran."""
    if not placed:
        return "server and clients on any processor"
    return "; ".join(f"{role} on {_numbers(cpus)}" for role, cpus in placed.items())


def _numbers(cpus: Iterable[int]) -> str:
    return "processor " + ", ".join(map(str, sorted(cpus)))


def machine_facts() -> dict[str, Any]:
    """Return what a reader needs to judge the numbers, as values for JSON."""
    facts: dict[str, Any] = {
        "system": platform.platform(),
        "processor": _processor_model(),
        "processors": len(usable_processors()),
        "memory_mib": _memory_mib(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libzmq": zmq.zmq_version(),
        "server": _server_modules(),
        "packages": dict(filter(None, map(_package, _PACKAGES))),
    }
    if find_spec("psutil") is not None:
        psutil: Any = import_module("psutil")
        facts["physical_cores"] = psutil.cpu_count(logical=False)
        frequency = psutil.cpu_freq()
        facts["frequency_mhz"] = round(frequency.current) if frequency else None
    return facts


def describe_machine(facts: dict[str, Any]) -> str:
    """Say in one line what machine it was."""
    memory = facts.get("memory_mib")
    parts = [
        f"{facts['processors']} × {facts['processor']}",
        f"{memory / 1024:.0f} GiB" if memory else "",
        facts["system"],
        facts["python"],
        f"libzmq {facts['libzmq']}",
        f"server {facts['server']}" if "server" in facts else "",
        f"load {facts['load']:g}" if facts.get("load") is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _server_modules() -> str:
    """Tell how the bridge's own modules run: mypyc's come as shared libraries."""
    found = find_spec("lpb_server.frontend.in_process_server")
    return "interpreted" if str(found and found.origin).endswith(".py") else "compiled"


def _package(name: str) -> tuple[str, str] | None:
    try:
        return name, version(name)
    except PackageNotFoundError:
        return None


def _processor_model() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_mib() -> int | None:
    names = ("SC_PHYS_PAGES", "SC_PAGE_SIZE")
    if not all(name in os.sysconf_names for name in names):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
