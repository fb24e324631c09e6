"""What runs in the processes that are measured: ``python -m lpb_benchmarks.measure.child``.

``server PEER ENDPOINT [ARGUMENT …]`` serves, and says where in one JSON line. ``client PEER
ENDPOINT [ARGUMENT …]`` answers one JSON line for each that it reads:

=====================================  =========================================================
``{"prepare": KEY, "workload": {…}}``  ``{"ready": KEY}`` after one call whose answer was right
``{"run": KEYS, "calls": N}``          ``{"calls": N, "elapsed_ns": …, "samples": base64 of
                                       int64 in ns}``
``{"run": KEYS, "seconds": S,``        likewise, for as many calls as begin within S seconds of
``"start_ns": T}``                     the time T of the monotonic clock, which processes share
``{"release": KEY}``                   ``{"released": KEY}``
=====================================  =========================================================

KEYS is a list of prepared calls, made one after the other and over again; samples are those of the
calls that the first key names. What goes wrong is answered with ``{"error": …}``. Either kind of
child ends when its standard input does, so that none outlives the process that measures, however
that ends.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from lpb_benchmarks.peers import Connection, PreparedCall, find_peer

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run a child.

    Parameters
    ----------
    arguments : list of str
        ``server`` or ``client``, the peer's name, the endpoint, and the peer's own options.

    Returns
    -------
    int
        The exit code.
    """
    role, name, endpoint, *options = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that measures.
    peer = find_peer(name)
    if role == "server":
        peer.prepare_process()
    commands: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(commands,), daemon=True).start()
    if role == "server":
        peer.serve(endpoint, options, _announce)
        return 0
    connection = peer.connect(endpoint, options)
    try:
        _answer_commands(connection, commands)
    finally:
        connection.close()
    return 0


def _announce(endpoint: str) -> None:
    _say({"event": "ready", "endpoint": endpoint, "pid": os.getpid()})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _hear(commands: queue.SimpleQueue[bytes]) -> None:
    # Not sys.stdin: its lock would be held while the interpreter ends.
    rest = b""
    while received := os.read(0, 65536):
        *lines, rest = (rest + received).split(b"\n")
        for line in lines:
            commands.put(line)
    os.kill(os.getpid(), signal.SIGTERM)


def _answer_commands(connection: Connection, commands: queue.SimpleQueue[bytes]) -> None:
    prepared: dict[str, PreparedCall] = {}
    _say({"event": "ready", "pid": os.getpid()})
    while True:
        try:
            answer = _answer(json.loads(commands.get()), connection, prepared)
        except Exception as error:  # Whatever a peer's library raises: the parent decides.
            answer = {"error": f"{type(error).__name__}: {error}"}
        _say(answer)


def _answer(
    command: dict[str, Any], connection: Connection, prepared: dict[str, PreparedCall]
) -> dict[str, Any]:
    if "prepare" in command:
        # Only clients pay for what this imports: a server's cold start is measured.
        from lpb_benchmarks.peers.workload import Workload

        call = connection.prepare(Workload.from_dict(command["workload"]))
        _check(call, call.run())
        prepared[command["prepare"]] = call
        return {"ready": command["prepare"]}
    if "release" in command:
        prepared.pop(command["release"], None)
        return {"released": command["release"]}
    calls = [prepared[key] for key in command["run"]]
    if "calls" in command:
        return _timed(calls, range(command["calls"]))
    return _timed(calls, _until(command["start_ns"], command["seconds"]))


def _until(start_ns: int, seconds: float) -> Iterator[None]:
    """Give a turn after turn from `start_ns` on, for that many seconds."""
    time.sleep(max(start_ns - time.monotonic_ns(), 0) / 1e9)
    end_ns = start_ns + round(seconds * 1e9)
    while time.monotonic_ns() < end_ns:
        yield


def _timed(calls: list[PreparedCall], turns: range | Iterator[None]) -> dict[str, Any]:
    samples: list[int] = []
    others: list[int] = []
    clock = time.perf_counter_ns
    in_turn = cycle(
        [(call.run, (samples if call is calls[0] else others).append) for call in calls]
    )
    answer = None
    started = 0
    for _ in turns:
        run, keep = next(in_turn)
        before = clock()
        answer = run()
        keep(clock() - before)
        started = started or before
    elapsed_ns = clock() - started
    count = len(samples) + len(others)
    if count:
        _check(calls[(count - 1) % len(calls)], answer)
    packed = base64.b64encode(array("q", samples).tobytes()).decode("ascii")
    return {"calls": count, "elapsed_ns": elapsed_ns, "samples": packed}


def _check(call: PreparedCall, answer: Any) -> None:
    if not call.accepts(answer):
        raise ValueError(f"the answer is wrong: {str(answer)[:200]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
