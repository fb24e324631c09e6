"""Starting is cheap: what commands do without is not imported; nothing here is timed."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import PROJECT
from lpb_cli.processes.supervisor import ServerSupervisor

RUN = """
import json, sys
from lpb_cli.__main__ import main
sys.argv[0] = "lpb"
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

LARGE = {
    "asyncio",
    "email",
    "google.protobuf",
    "jsonschema",
    "lpb_cli.output.report",
    "lpb_cli.toolchain.embedded",
    "lpb_cli.verify.workflow",
    "lpb_server.operations",
    "numpy",
    "pydantic",
    "rich.progress",
    "urllib.request",
}
OF_A_CALL = {"lpb_server.client", "msgspec", "zmq"}


def imported(*arguments: str) -> set[str]:
    """Run `lpb`, and return what it has imported when it ends."""
    result = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ServerSupervisor(PROJECT) as server:
        yield server.endpoint


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["verify", "--help"]])
def test_help_imports_nothing_of_a_call(arguments: list[str]) -> None:
    found = imported(*arguments)
    assert "typer" in found
    assert not found & (LARGE | OF_A_CALL)


@pytest.mark.parametrize("options", [[], ["--json"], ["--param", "a=1"]])
def test_a_call_without_arrays_imports_nothing_that_computes(
    endpoint: str, options: list[str]
) -> None:
    operation = "echo" if "--param" in options else "ping"
    found = imported("call", operation, *options, "--endpoint", endpoint)
    assert found >= OF_A_CALL
    assert not found & LARGE
