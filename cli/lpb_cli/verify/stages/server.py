"""The stages about the server: it is started, or found; talked to; stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpb_server.operations import Operation

from lpb_cli.building.c_library import build_c_library
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Status
from lpb_cli.processes.supervisor import ServerSupervisor, wait_for_ping
from lpb_cli.settings import Settings
from lpb_cli.verify.exchanges import (
    LiveExchange,
    plan_c_requests,
    plan_requests,
    send_requests,
    send_through_c_library,
)
from lpb_cli.verify.options import VerifyOptions
from lpb_cli.verify.steps import Outcome

__all__ = ["Server", "converse", "open_server", "stop_server"]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes
    ----------
    supervisor
        Of a server that was started here.
    """

    endpoint: str
    supervisor: ServerSupervisor | None = None

    def stop(self) -> str:
        """Stop it if it is ours; give the signal that it took. A second time does nothing."""
        return "" if self.supervisor is None else self.supervisor.stop()


def open_server(settings: Settings, options: VerifyOptions) -> Outcome[Server]:
    """Start a server, or find the one that was named."""
    if options.endpoint is not None:
        wait_for_ping(options.endpoint, 3.0)
        summary = f"uses the server at {options.endpoint}"
        return Outcome(summary, Server(options.endpoint), Status.PASSED)
    supervisor = ServerSupervisor(settings.project, sources=options.sources)
    try:
        supervisor.start()
    except BaseException:
        supervisor.stop()
        raise
    server = Server(supervisor.endpoint, supervisor)
    return Outcome(f"started, answers at {server.endpoint}", server, Status.PASSED)


def converse(
    settings: Settings,
    options: VerifyOptions,
    reporter: ProgressReporter,
    operations: Sequence[Operation],
    server: Server | None,
) -> Outcome[list[LiveExchange]]:
    """Send the requests, through the Python client and the C library. The value is the answers."""
    if server is None:
        return Outcome("not run: no server")
    planned = plan_requests(operations, options.seed, options.requests)
    exchanges, checks = send_requests(
        server.endpoint, planned, lambda done, total: reporter.progress("requests", done, total)
    )
    if server.supervisor is not None:
        server.supervisor.check()
    library = build_c_library(settings)
    through_c, c_checks = send_through_c_library(
        library.path, server.endpoint, plan_c_requests(planned)
    )
    checks = [*checks, *c_checks]
    answered = sum(check.status is not Status.FAILED for check in checks)
    formats = ", ".join(sorted({request.format for request in planned}))
    return Outcome(
        f"{answered} of {len(checks)} requests answered ({formats}), {len(c_checks)} of them "
        f"through the C library, seed {options.seed}",
        [*exchanges, *through_c],
        checks=checks,
    )


def stop_server(server: Server | None) -> Outcome[None]:
    """Stop a server that was started here."""
    if server is None:
        return Outcome("no server was started", status=Status.PASSED)
    if server.supervisor is None:
        return Outcome("the server was not ours", status=Status.PASSED)
    return Outcome(f"server stopped ({server.stop()})", status=Status.PASSED)
