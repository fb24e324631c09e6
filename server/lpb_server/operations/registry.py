"""The registry: every operation that a server offers, by name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from lpb_server import SERVER_NAME, __version__
from lpb_server.errors import ErrorCode, RegistrationError, RequestError
from lpb_server.operations.definition import ArrayMap, Operation, Outcome, operation
from lpb_server.operations.echo import echo
from lpb_server.operations.matrix_sum import matrix_sum
from lpb_server.operations.ping import ping
from lpb_server.wire.values import ValueMap

__all__ = ["BUILT_IN", "ENTRY_POINT_GROUP", "Registry", "default_registry"]

ENTRY_POINT_GROUP: Final = "lpb.operations"
"""Packages that add operations name an `Operation`, or a list of them, in this group."""

BUILT_IN: Final = (ping, echo, matrix_sum)

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
                loaded = plugin.load()
                for item in [loaded] if isinstance(loaded, Operation) else list(loaded):
                    if not isinstance(item, Operation):
                        raise RegistrationError(f"{type(item).__name__} is no Operation")
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


def default_registry() -> Registry:
    """Return a registry with the built-in operations and those of installed plug-ins."""
    registry = Registry(BUILT_IN)
    registry.load_plugins()
    return registry
