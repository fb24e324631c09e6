"""Starting a server is cheap: what it does without is not imported; nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import json, os, sys
from lpb_server import __main__ as server
server.notify = lambda state: print(json.dumps(sorted(sys.modules)), flush=True)
sys.exit(server.main(sys.argv[1:]))
"""
LARGE = {"asyncio", "google.protobuf", "jsonschema", "prometheus_client", "scipy", "wsgiref"}


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_server_imports_what_it_needs(tmp_path: Path, workers: str) -> None:
    endpoint = f"ipc://{tmp_path}/s"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "--no-config", "--endpoint", endpoint, "--workers", workers],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            assert json.loads(process.stdout.readline())["event"] == "ready"
            found = set(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.communicate()
    assert "lpb_server.operations.solve" in found
    assert not found & LARGE
    assert ("lpb_server.broker.broker" in found) == (workers != "0")
