"""Runs the Lean client's tests once more, as machine code, where that is possible."""

from __future__ import annotations

from concurrent.futures import Future

from lpb_server.client import Exchange

from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.report import Check, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativePrograms
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.lean_client import run_client_tests
from lpb_cli.verify.lean_work import LeanWork
from lpb_cli.verify.steps import Outcome

__all__ = ["CompiledClient", "start_compiled_client"]


class CompiledClient:
    """The compiled client's tests, at work, or why they cannot be run here."""

    def __init__(self, toolchain: EmbeddedToolchain, settings: Settings) -> None:
        self.lacks: EnvironmentLacksError | None = None
        self._programs: NativePrograms | None = None
        self._tests: Future[tuple[list[Check], list[Exchange]]] | None = None
        try:
            self._programs = NativePrograms(settings, toolchain)
        except EnvironmentLacksError as error:
            self.lacks = error

    def start(self, endpoint: str, lean: LeanWork) -> None:
        """Compile them, where they have changed, and run them."""
        if self._programs is not None:
            self._tests = lean.start(run_client_tests, self._programs, endpoint)

    def outcome(self) -> Outcome[None]:
        """Say what came of it. Waits until that is known."""
        if self.lacks is not None:
            return Outcome(f"{self.lacks.message} {self.lacks.hint}", status=Status.LACKING)
        assert self._tests is not None
        assert self._programs is not None
        checks, _ = self._tests.result()
        passed = sum(check.status is not Status.FAILED for check in checks)
        how = self._programs.description
        summary = f"Lean's own client: {passed} of {len(checks)} tests passed ({how})"
        return Outcome(summary, checks=checks, data={"program": how})

    def close(self) -> None:
        """Stop what runs."""
        if self._programs is not None:
            self._programs.close()


def start_compiled_client(
    settings: Settings, toolchain: LeanToolchain, endpoint: str, lean: LeanWork
) -> CompiledClient | None:
    """Start the tests with the embedded engine; with lake, the client is compiled as it is."""
    if not isinstance(toolchain, EmbeddedToolchain):
        return None
    compiled = CompiledClient(toolchain, settings)
    compiled.start(endpoint, lean)
    return compiled
