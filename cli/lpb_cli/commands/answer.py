"""`lpb answer`: answers what the tactic ``certified`` asks, with the text of a Lean term."""

from __future__ import annotations

from dataclasses import dataclass

from lpb_server.client import ClientCurve
from lpb_server.errors import BridgeError, RegistrationError, WireError
from lpb_server.operations import Question, default_registry
from lpb_server.wire.messages import decode_request

from lpb_cli.commands.certify import CertifyOptions, answered, certified_operation
from lpb_cli.errors import LpbError, UsageError
from lpb_cli.processes.supervisor import require_server
from lpb_cli.settings import Settings
from lpb_cli.verify.checkers import with_checkers
from lpb_cli.verify.lean_messages import lean_answer

__all__ = ["Answerer", "read_question", "with_own_checkers"]


def with_own_checkers(settings: Settings, sources: str) -> Settings:
    """Give settings whose Lean modules include the checkers of users' own operations.

    Raises
    ------
    UsageError
        When the operations, or a checker's file, cannot be read.
    """
    if not sources:
        return settings
    try:
        return with_checkers(settings, default_registry(sources))
    except RegistrationError as error:
        raise UsageError(str(error)) from error


def read_question(text: str) -> tuple[str, Question]:
    """Read a question as the tactic writes it.

    Parameters
    ----------
    text
        A number to base 16 in each line: the request's header in MessagePack, its last byte least
        significant, and the arrays, each with its first byte least significant. A digit 1 stands
        above the bytes of each. See ``CertifiedOperation.messagePart``.

    Returns
    -------
    The name of the operation, and what it is asked.

    Raises
    ------
    UsageError
        When it is something else.
    """
    try:
        header, *arrays = [_bytes_below(int(line, 16)) for line in text.split()]
        frames = [header[::-1], *arrays]
        request, read, _ = decode_request(frames)
    except (ValueError, OverflowError, WireError) as error:
        raise UsageError(f"The question cannot be read: {error}") from error
    return request.op, Question(request.params, read)


def _bytes_below(number: int) -> bytes:
    """Give the bytes of a number below its highest digit, which is 1; the lowest one first."""
    count = (number.bit_length() - 1) // 8
    return (number - (1 << 8 * count)).to_bytes(count, "little")


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions, each with the text that the tactic reads.

    Attributes
    ----------
    sources
        Users' own operations, beside those of the catalogue.
    endpoint
        The server to ask; ``None`` computes the answers in this process.
    """

    sources: str = ""
    endpoint: str | None = None
    curve: ClientCurve | None = None

    def __call__(self, question: str) -> str:
        """Give the line ``answer`` and a Lean term, or the line ``error`` and the reason."""
        try:
            return f"answer\n{self._term(question)}"
        except LpbError as error:
            return f"error\n{' '.join([error.message, error.hint]).strip()}"
        except BridgeError as error:
            return f"error\n{error}"

    def _term(self, text: str) -> str:
        name, question = read_question(text)
        options = CertifyOptions(
            name, dict(question.params), question.arrays, self.sources, self.endpoint, self.curve
        )
        operation = certified_operation(options)
        if self.endpoint is not None:  # Nobody waits ten minutes to hear that there is none.
            require_server(self.endpoint, self.curve)
        return lean_answer(answered(operation, options).exchange)
