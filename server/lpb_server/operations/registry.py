"""The registry: every operation that a server offers, by name."""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import lpb_server.operations as own_package
from lpb_server import SERVER_NAME, __version__
from lpb_server.errors import ErrorCode, RegistrationError, RequestError
from lpb_server.operations.definition import Operation, operation
from lpb_server.operations.question import ArrayMap, Outcome
from lpb_server.operations.sources import load_operations, operations_of
from lpb_server.wire.values import ValueMap

__all__ = ["ENTRY_POINT_GROUP", "Registry", "built_in_operations", "default_registry"]

ENTRY_POINT_GROUP: Final = "lpb.operations"
"""Packages that add operations name an `Operation`, or a list of them, in this group."""

_LOG = logging.getLogger(__name__)


class Registry:
    """Operations by name; it always offers ``operations``, the list of them.

    Parameters
    ----------
    operations : iterable of Operation
        What to offer.

    Raises
    ------
    RegistrationError
        When two have one name.
    """

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._operations: dict[str, Operation] = {}
        self.add(self._listing())
        for item in operations:
            self.add(item)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def add(self, item: Operation) -> None:
        """Offer one more operation.

        Raises
        ------
        RegistrationError
            When the name is taken.
        """
        if item.name in self._operations:
            raise RegistrationError(f"there is an operation {item.name!r} already")
        self._operations[item.name] = item

    def find(self, name: str) -> Operation:
        """Return the operation of that name.

        Raises
        ------
        RequestError
            ``unknown_operation``, with the names that there are.
        """
        found = self._operations.get(name)
        if found is None:
            known = sorted(self._operations)
            raise RequestError(
                ErrorCode.UNKNOWN_OPERATION,
                f"there is no operation {name!r}",
                {"operations": known},
            )
        return found

    def load_plugins(self, plugins: Iterable[EntryPoint] | None = None) -> None:
        """Add the operations of other packages; a broken one is logged and left out.

        Parameters
        ----------
        plugins : iterable of EntryPoint, optional
            By default those that are installed, in the group ``lpb.operations``.
        """
        for plugin in entry_points(group=ENTRY_POINT_GROUP) if plugins is None else plugins:
            try:
                for item in operations_of(plugin.load()):
                    self.add(item)
            except (Exception, SystemExit) as error:  # Whatever a package does at import.
                _LOG.error(
                    "operation plug-in %s (%s) left out: %s: %s",
                    plugin.name,
                    plugin.value,
                    type(error).__name__,
                    error,
                )

    def _listing(self) -> Operation:
        @operation(
            "operations",
            params={"type": "object", "additionalProperties": False},
            summary="List what this server offers.",
        )
        def operations(params: ValueMap, arrays: ArrayMap) -> Outcome:
            return Outcome(
                {
                    "server": {"name": SERVER_NAME, "version": __version__},
                    "operations": [
                        self._operations[name].describe() for name in sorted(self._operations)
                    ],
                }
            )

        return operations


def built_in_operations() -> list[Operation]:
    """Return the bridge's own operations: those that the modules of this package define."""
    found: list[Operation] = []
    for module in pkgutil.iter_modules(own_package.__path__, f"{own_package.__name__}."):
        loaded = import_module(module.name)
        found += [
            item
            for item in (getattr(loaded, name) for name in getattr(loaded, "__all__", ()))
            if isinstance(item, Operation)
        ]
    return found


def default_registry(sources: str = "") -> Registry:
    """Return a registry with the built-in operations and those of installed plug-ins.

    Parameters
    ----------
    sources : str
        Python files and modules with operations of one's own, separated by commas.

    Raises
    ------
    RegistrationError
        When one of these cannot be loaded: it is named, and why.
    """
    registry = Registry(built_in_operations())
    registry.load_plugins()
    for item in load_operations(sources):
        registry.add(item)
    return registry
