"""Operations for the fault tests, as an installed package would bring them."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import cast

from lpb_server.operations import ArrayMap, Outcome, operation
from lpb_server.process.memory import ReturnsMemory
from lpb_server.wire.values import ValueMap

__all__ = ["OPERATIONS"]

if "LPB_TEST_THREAD" in os.environ:  # As some libraries do when they are imported.
    threading.Thread(target=threading.Event().wait, daemon=True).start()


@operation("append", params={"type": "object"}, summary="Append a line to a file.", pure=False)
def append(params: ValueMap, arrays: ArrayMap) -> Outcome:
    mark = f" {os.getpid()}" if "pid" in params else ""
    line = f"{params['line']}{mark}\n".encode()
    with Path(cast(str, params["path"])).open("ab", buffering=0) as file:
        file.write(line)
    time.sleep(0.005)
    return Outcome({})


@operation("double", params={"type": "object"}, summary="Twice a number, slowly.")
def double(params: ValueMap, arrays: ArrayMap) -> Outcome:
    time.sleep(0.005)
    return Outcome({"double": 2 * cast(int, params["number"])})


@operation("wait_for", params={"type": "object"}, summary="Wait until a file is there.")
def wait_for(params: ValueMap, arrays: ArrayMap) -> Outcome:
    Path(f"{params['path']}.entered").touch()
    for _ in range(3000):
        if Path(cast(str, params["path"])).exists():
            break
        time.sleep(0.01)
    return Outcome({"pid": os.getpid()})


@operation("fail", params={"type": "object"}, summary="Fail.")
def fail(params: ValueMap, arrays: ArrayMap) -> Outcome:
    raise ZeroDivisionError


@operation("leave", params={"type": "object"}, summary="Call sys.exit.")
def leave(params: ValueMap, arrays: ArrayMap) -> Outcome:
    sys.exit("an operation has had enough")


@operation("die", params={"type": "object"}, summary="End the worker process.")
def die(params: ValueMap, arrays: ArrayMap) -> Outcome:
    os._exit(9)


@operation("spoil", params={"type": "object"}, summary="Have the thread that computes end.")
def spoil(params: ValueMap, arrays: ArrayMap) -> Outcome:
    def give_up(*_arguments: object) -> None:
        raise MemoryError

    ReturnsMemory.after = give_up  # type: ignore[method-assign, assignment]
    return Outcome({})


OPERATIONS = [append, die, double, fail, leave, spoil, wait_for]
