from __future__ import annotations

import io

import pytest
from lpb_benchmarks.matrix_sum import print_measurement, run_benchmark
from lpb_benchmarks.workload import Workload
from rich.console import Console


@pytest.mark.parametrize(
    "workload",
    [Workload(4, 4), Workload(2, 3, format="json", inline=True, certify=True)],
    ids=["framed", "inline-certified"],
)
def test_measures_both_and_prints_the_ratio(workload: Workload) -> None:
    steps: list[tuple[int, int]] = []
    measurement = run_benchmark(
        lambda text, done, total: steps.append((done, total)),
        rounds=3,
        calls=40,
        workload=workload,
    )
    assert steps[-1] == (3, 3)
    facts = measurement.as_dict()
    assert facts["rounds"] == 3
    assert facts["bridge"]["microseconds"]["p50"] > 0
    assert facts["echo"]["calls_per_s"] > 0
    assert facts["ratios"]["p50"]["low"] <= facts["ratios"]["p50"]["value"]
    assert facts["ratios"]["p99"] is not None
    assert facts["bridge"]["microseconds"]["p99.9"] is None
    text = io.StringIO()
    print_measurement(measurement, Console(file=text, width=120))
    assert "raw pyzmq echo" in text.getvalue()
    assert f"{measurement.latency_ratio.value:.2f} ×" in text.getvalue()
