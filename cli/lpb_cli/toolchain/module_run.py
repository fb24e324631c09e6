"""Has the embedded engine check modules side by side, each after what it imports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus
from lpb_cli.toolchain.engine_pool import engine_count
from lpb_cli.toolchain.lean_sources import LeanModule

if TYPE_CHECKING:
    from lpb_cli.toolchain.embedded import EmbeddedToolchain

__all__ = ["ModuleRun"]

# How many modules start a second engine: it costs about a second of processor time.
_WORTH_A_SECOND_ENGINE = 2


class ModuleRun:
    """Checks modules in the order of their imports, with as many engines as this machine bears.

    Parameters
    ----------
    toolchain
        Checks one module at a time, and lends the engines.
    pending
        The modules to check, each after what it imports.
    results
        What is known of others; gets the result of each.
    done
        Is told of each result.
    """

    def __init__(
        self,
        toolchain: EmbeddedToolchain,
        pending: list[LeanModule],
        results: dict[str, ModuleResult],
        done: Callable[[ModuleResult], None],
    ) -> None:
        self._toolchain = toolchain
        self._pending = list(pending)
        self._results = results
        self._done = done
        self._changed = threading.Condition()
        self._running: set[str] = set()
        self._fault: BaseException | None = None

    def finish(self) -> None:
        """Check all of them; a fault of an engine, or Ctrl-C, ends the run with no child left."""
        count = min(engine_count(), 1 + len(self._pending) // _WORTH_A_SECOND_ENGINE)
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)  # a bare join would hold back Ctrl-C
        except BaseException as error:
            self._stop(error)
            raise
        if self._fault is not None:
            raise self._fault

    def _stop(self, fault: BaseException) -> None:
        with self._changed:
            self._fault = self._fault or fault
            self._changed.notify_all()

    def _take(self) -> LeanModule | None:
        """Give a module whose imports are done, or ``None`` when nothing is left to do."""
        with self._changed:
            while self._fault is None:
                blocked = self._blocked()
                for module in blocked:
                    self._settle(module, ModuleStatus.NOT_REACHED)
                if blocked:
                    continue
                for module in self._pending:
                    if all(name in self._results for name in module.imports):
                        self._pending.remove(module)
                        self._running.add(module.name)
                        return module
                if not self._pending:
                    return None
                self._changed.wait(1.0)
            return None

    def _blocked(self) -> list[LeanModule]:
        bad = (ModuleStatus.FAILED, ModuleStatus.NOT_REACHED)
        return [
            module
            for module in self._pending
            if any(n in self._results and self._results[n].status in bad for n in module.imports)
        ]

    def _settle(self, module: LeanModule, status: ModuleStatus) -> None:
        self._pending.remove(module)
        self._results[module.name] = ModuleResult(module.name, module.file, status)
        self._done(self._results[module.name])

    def _work(self) -> None:
        try:
            while (module := self._take()) is not None:
                with self._toolchain.engine() as engine:
                    result = self._toolchain.check_module(module, engine)
                with self._changed:
                    self._running.discard(module.name)
                    self._results[module.name] = result
                    self._done(result)
                    self._changed.notify_all()
        except BaseException as error:
            self._stop(error)
