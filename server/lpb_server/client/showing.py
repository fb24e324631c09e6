"""How a result shows itself: as a table in a notebook, and in a terminal."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from lpb_server.client.checking import installed_registry
from lpb_server.errors import RequestError
from lpb_server.operations.lean_meaning import find_lean_file, meaning_of
from lpb_server.wire.arrays import Array
from lpb_server.wire.certificate_arrays import CERTIFICATE_ARRAYS

if TYPE_CHECKING:
    from rich.table import Table

    from lpb_server.client.exchange import CallResult

__all__ = ["as_html", "as_table", "rows_of"]

_LONGEST: Final = 200
_MOST_ELEMENTS: Final = 12
_CODE: Final = re.compile(r"`([^`]+)`")


def rows_of(called: CallResult) -> list[tuple[str, str]]:
    """Return what there is to say of a result: labels and texts.

    Its values; of a certified one also what the certificate states, what the theorem says that it
    proves, and by whom it was checked. No text has a character that steers a terminal.
    """
    return [(_plain(label), _plain(text)) for label, text in _rows(called)]


def _rows(called: CallResult) -> list[tuple[str, str]]:
    rows = [(name, _cut(repr(value))) for name, value in called.result.items()]
    rows += [(name, _summary(array)) for name, array in called.arrays.items()]
    if called.certificate is None:
        return [*rows, ("certificate", "none was asked for")]
    stated = {k: v for k, v in called.certificate.items() if k != CERTIFICATE_ARRAYS}
    rows.append(("certificate", _cut(str(stated.pop("kind", "")))))
    rows += [
        (name, repr(value)) for name, value in stated.items() if isinstance(value, bool | float)
    ]
    theorem, said = _theorem(called.op)
    if theorem:
        rows.append(("theorem", theorem))
    if said:
        rows.append(("which says", said))
    return [*rows, ("checked by", _checked_by(called))]


def as_html(called: CallResult) -> str:
    """Return a table of HTML. Whatever a server sent is text in it."""
    lines = "".join(
        f'<tr><th style="text-align:left;vertical-align:top">{html.escape(label)}</th>'
        f'<td style="text-align:left">{_marked(text)}</td></tr>'
        for label, text in rows_of(called)
    )
    return f"<table><caption>{html.escape(_plain(called.op))}</caption>{lines}</table>"


def as_table(called: CallResult) -> Table:
    """Return a table of rich, for terminals."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(_plain(called.op)), show_header=False)
    for label, text in rows_of(called):
        table.add_row(Text(label, style="bold"), Text(text))
    return table


def _checked_by(called: CallResult) -> str:
    if called.checked:
        return (
            "Python's checker, in exact integers. Lean's kernel has not seen it: "
            "`lpb certify` has it check the theorem."
        )
    return "nobody yet: `check=True` asks Python's checker, `lpb certify` asks Lean's kernel."


def _theorem(op: str) -> tuple[str, str]:
    """Return the name of an operation's theorem, and what it says; empty when it is not known."""
    try:
        operation = installed_registry().find(op)
    except RequestError:
        return "", ""
    file = find_lean_file(operation)
    try:
        said = "" if file is None else meaning_of(file.read_text(encoding="utf-8")).said
    except (OSError, ValueError):
        said = ""
    return operation.theorem or "", said


def _summary(array: Array) -> str:
    """Describe an array in one line, with the middle left out of a long one."""
    shown = np.array2string(array, threshold=_MOST_ELEMENTS, edgeitems=2, max_line_width=10_000)
    shape = " × ".join(map(str, array.shape)) or "scalar"
    return _cut(f"{array.dtype} {shape}: {' '.join(shown.split())}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(text: str) -> str:
    return "".join(
        c if c.isprintable() else " " if c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _marked(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
