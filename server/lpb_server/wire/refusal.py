"""Error replies that carry their code, for whoever counts them."""

from __future__ import annotations

from collections.abc import Sequence

from lpb_server.wire.values import Frame

__all__ = ["Refusal", "code_of"]


class Refusal(list[Frame]):
    """The frames of an error reply, with its code for whoever counts."""

    def __init__(self, frames: Sequence[Frame], code: str) -> None:
        super().__init__(frames)
        self.code = code


def code_of(reply: Sequence[Frame] | None) -> str:
    """Return the error code of a reply; empty when it is none."""
    return reply.code if isinstance(reply, Refusal) else ""
