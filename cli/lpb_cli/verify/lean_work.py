"""What Lean is given to do on a conversation, side by side: programs, and transcripts in parts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lpb_cli.output.report import Check, Status
from lpb_cli.toolchain.protocol import FileResult, LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lean_file import LeanFile
from lpb_cli.verify.transcript import render_lies, render_transcript

__all__ = ["LeanWork", "TranscriptPart"]

TRANSCRIPT_TIMEOUT_S = 1800.0
_FILES = "LiveTranscript*.lean"
_LIES_FILE = "Lies.lean"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TranscriptPart:
    """Some exchanges in a file, which Lean checks or has checked."""

    file: Path
    exchanges: list[LiveExchange]
    transcript: LeanFile
    result: Future[FileResult]
    unaccepted: str = "the kernel does not accept this exchange"

    def checks(self) -> list[Check]:
        """Say of each exchange whether the kernel accepts it. Waits until that is known."""
        result = self.result.result()
        rejected = self.transcript.errors(result.diagnostics)
        checks: list[Check] = []
        for live in self.exchanges:
            wrong = rejected.pop(live.name, [])
            checks.append(
                Check(
                    live.name,
                    Status.FAILED if wrong else Status.PASSED,
                    self.unaccepted if wrong else "",
                    diagnostics=wrong[:1],
                )
            )
        for name, wrong in rejected.items():
            name = name or "the file itself"
            checks.append(Check(name, Status.FAILED, wrong[0].message, diagnostics=wrong))
        if not result.ok and all(check.status is Status.PASSED for check in checks):
            checks.append(Check(self.file.name, Status.FAILED, "Lean rejected the transcript"))
        return checks


class LeanWork:
    """Gives Lean work, and keeps what waits in line.

    Parameters
    ----------
    output
        Where transcripts are written. Those of an earlier run are removed.
    jobs
        How much is done side by side.
    """

    def __init__(self, toolchain: LeanToolchain, output: Path, jobs: int) -> None:
        self._toolchain = toolchain
        self._output = output
        self._executor = ThreadPoolExecutor(max_workers=jobs)
        self.parts: list[TranscriptPart] = []
        self.lies: TranscriptPart | None = None
        output.mkdir(parents=True, exist_ok=True)
        for old in (*output.glob(_FILES), *output.glob(_LIES_FILE)):
            old.unlink()

    def start(self, work: Callable[..., _T], *arguments: Any) -> Future[_T]:
        """Start a call, or line it up behind those that were started before."""
        return self._executor.submit(work, *arguments)

    def start_transcript(self, exchanges: list[LiveExchange], description: str, parts: int) -> None:
        """Write exchanges to at most that many files of about equal cost, and check them."""
        ordered = sorted(exchanges, key=lambda live: live.size_bytes)
        for first in range(min(parts, len(ordered))):
            chosen = ordered[first::parts]
            number = len(self.parts) + 1
            transcript = render_transcript(
                chosen, f"{description} Part {number}: {len(chosen)} exchanges."
            )
            file = self._output / f"LiveTranscript{number}.lean"
            self.parts.append(
                TranscriptPart(file, chosen, transcript, self._check(file, transcript))
            )

    def start_lies(self, lies: list[LiveExchange], description: str) -> None:
        """Write lies to a file, and have the kernel prove of each that its checker refuses it."""
        transcript, file = render_lies(lies, description), self._output / _LIES_FILE
        checking = self._check(file, transcript)
        unrefused = "Lean does not prove that this lie is refused"
        self.lies = TranscriptPart(file, lies, transcript, checking, unrefused)

    def _check(self, file: Path, transcript: LeanFile) -> Future[FileResult]:
        file.write_text(transcript.source, encoding="utf-8")
        return self.start(self._toolchain.check_file, file, TRANSCRIPT_TIMEOUT_S)

    def stop(self) -> None:
        """Begin nothing more. What has begun ends when the toolchain is closed."""
        self._executor.shutdown(wait=False, cancel_futures=True)
