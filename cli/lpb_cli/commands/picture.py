"""Draws `lpb verify` as an SVG: ``python -m lpb_cli.commands.picture OUTPUT.svg``."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from rich.console import Console

from lpb_cli.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from lpb_cli.output.folder import output_lock
from lpb_cli.output.report import Report, Status, print_report, write_report
from lpb_cli.output.terminal import download_progress, terminal_reporter
from lpb_cli.settings import load_settings, writable_output
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.verify.choice import checked_operations
from lpb_cli.verify.options import VerifyOptions
from lpb_cli.verify.workflow import run_verify

__all__ = ["draw", "main"]


def draw(report: Report, output: Path) -> None:
    """Write the screen that the report prints as an SVG."""
    # A string for a file: nothing is shown while it is recorded.
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=100, file=nowhere, force_terminal=True)
        console.print("[bold]$[/] lpb verify")
        print_report(report, console, Path(".lpb"))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(console.export_svg(title="lpb verify"), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run `lpb verify` and draw what it prints."""
    if len(arguments) != 1:
        print("usage: python -m lpb_cli.commands.picture OUTPUT.svg", file=sys.stderr)
        return EXIT_USAGE
    settings = load_settings()
    with terminal_reporter(Console(stderr=True), quiet=False) as reporter:
        toolchain = open_toolchain(
            settings, EngineName.AUTO, lambda text, i, n: download_progress(reporter, text, i, n)
        )
        options = VerifyOptions(seed=secrets.randbelow(2**31), requests=3)
        writable_output(settings)
        with output_lock(settings.output):
            report = run_verify(settings, options, toolchain, reporter, checked_operations(options))
            write_report(report, settings.output)
    draw(report, Path(arguments[0]))
    return EXIT_OK if report.status is Status.PASSED else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
