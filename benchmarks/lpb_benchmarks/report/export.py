"""Result files: JSON for another run to compare with, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from lpb_benchmarks.measure.results import PERCENTILE_NAMES, RunResult

__all__ = ["write_csv", "write_json"]


def write_json(run: RunResult, path: Path) -> None:
    """Write everything, as `load_result` reads it.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    text = json.dumps(run.as_dict(), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def write_csv(run: RunResult, path: Path) -> None:
    """Write one line for each contender of each case, with a header.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    lines = list(_lines(run))
    names = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(lines)


def _lines(run: RunResult) -> Iterator[dict[str, object]]:
    for scenario, case in run.cases():
        for item in case.contenders:
            line: dict[str, object] = {
                "scenario": scenario.name,
                "case": case.name,
                "series": case.series,
                "size": case.size,
                "contender": item.name,
                "peer": item.peer,
                "floor": item.floor,
                "clients": case.clients,
                "payload_bytes": case.payload_bytes,
                "calls": item.calls,
                "calls_per_s": item.calls_per_s,
            }
            line |= {f"{name}_us": item.microseconds[name] for name in PERCENTILE_NAMES}
            for metric in ("p50", "p99", "throughput"):
                ratio = item.ratios.get(metric)
                line[f"{metric}_ratio"] = None if ratio is None else ratio.value
                line[f"{metric}_ratio_low"] = None if ratio is None else ratio.low
                line[f"{metric}_ratio_high"] = None if ratio is None else ratio.high
            line |= {f"{end}_cpu_us": value for end, value in item.cpu_us.items()}
            line |= {f"{end}_peak_mib": value for end, value in item.peak_mib.items()}
            yield line
