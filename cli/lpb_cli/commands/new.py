"""`lpb new`: a certified operation to start from, which works as it is."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path

from lpb_cli.errors import UsageError

__all__ = ["new_operation"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def new_operation(name: str, folder: Path) -> list[Path]:
    """Write an operation, its Lean checker with the theorem, and a test.

    Parameters
    ----------
    name
        The operation's.
    folder
        Where; it is made when it is not there.

    Raises
    ------
    UsageError
        When the name is none, or a file is there already.
    """
    if _NAME.fullmatch(name) is None or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} is no name for an operation.",
            "Write small letters, digits and underscores, such as square_root.",
        )
    module = "".join(part.capitalize() for part in name.split("_"))
    written = {
        folder / f"{name}.py": "operation.py.txt",
        folder / f"{module}.lean": "Checker.lean.txt",
        folder / f"test_{name}.py": "test_operation.py.txt",
    }
    for file in written:
        if file.exists():
            raise UsageError(f"{file} is there already; nothing was written.")
    templates = files("lpb_cli") / "templates"
    for file, template in written.items():
        text = (templates / template).read_text("utf-8")
        text = text.replace("@NAME@", name).replace("@MODULE@", module)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror or error}") from error
    return list(written)
