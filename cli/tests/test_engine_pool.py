"""How many engines a machine, or a container on it, bears."""

import os
from pathlib import Path

import pytest
from lpb_cli.toolchain.engine_pool import engine_count

GIB = 1 << 30


@pytest.mark.parametrize(
    ("limit", "count"),
    [("max\n", 4), (f"{2 * GIB}\n", 1), (f"{7 * GIB}\n", 2), (f"{900 * GIB}\n", 4), (None, 4)],
)
def test_a_container_s_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, count: int
) -> None:
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(16))
    file = tmp_path / "memory.max"
    if limit is not None:
        file.write_text(limit)
    assert engine_count(file) == count
