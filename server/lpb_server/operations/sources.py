"""Operations from Python files and modules that somebody names."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from lpb_server.errors import RegistrationError
from lpb_server.operations.definition import Operation

__all__ = ["load_operations", "operations_of"]


def load_operations(sources: str) -> list[Operation]:
    """Load the operations of files and modules.

    Parameters
    ----------
    sources : str
        Paths that end in ``.py`` and names of modules, separated by commas; each defines
        operations under names of its own, or in a list.

    Raises
    ------
    RegistrationError
        When one cannot be loaded or defines none: it is named, and why.
    """
    found: list[Operation] = []
    for source in filter(None, map(str.strip, sources.split(","))):
        try:
            module = _load_file(Path(source)) if source.endswith(".py") else _load_module(source)
            items = operations_of(module)
        except RegistrationError as error:
            raise RegistrationError(f"{source}: {error}") from error
        except (Exception, SystemExit) as error:  # Whatever somebody's file does at import.
            raise RegistrationError(
                f"{source} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        if not items:
            raise RegistrationError(f"{source} defines no operation: see lpb new")
        found += items
    return found


def operations_of(loaded: object) -> list[Operation]:
    """Return the operations that a module, a list, or an operation itself stands for.

    Raises
    ------
    RegistrationError
        When it stands for something else.
    """
    if isinstance(loaded, Operation):
        return [loaded]
    if isinstance(loaded, ModuleType):
        public = [value for name, value in vars(loaded).items() if not name.startswith("_")]
        listed = [item for value in public if type(value) in (list, tuple) for item in value]
        found = [item for item in (*public, *listed) if isinstance(item, Operation)]
        return [item for index, item in enumerate(found) if item not in found[:index]]
    if not isinstance(loaded, Iterable):
        raise RegistrationError(f"{type(loaded).__name__} is no Operation")
    items = list(loaded)
    for item in items:
        if not isinstance(item, Operation):
            raise RegistrationError(f"{type(item).__name__} is no Operation")
    return items


def _load_module(name: str) -> ModuleType:
    """Import a module that is installed, or lies in the working directory."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # Last: it hides nothing that is installed.
    return import_module(name)


def _load_file(file: Path) -> ModuleType:
    path = file.expanduser().resolve()
    if not path.is_file():
        raise RegistrationError("there is no such file")
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    # Under a name of its own, so that it hides no module; what lies beside it can be imported.
    name = f"lpb_operations_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RegistrationError("it is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec.loader.exec_module(module)
    return module
