from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from conditions import await_condition
from lpb_benchmarks.errors import ChildFailedError
from lpb_benchmarks.measure.processes import Child, child_command
from lpb_benchmarks.measure.station import Station
from lpb_benchmarks.peers.workload import Workload
from lpb_server.wire import Reply, decode_request, encode_message

LONG_RUN = """
from lpb_benchmarks.measure.station import Station
from lpb_benchmarks.peers.workload import Workload
with Station("bridge", "tcp://127.0.0.1:0") as station:
    station.ensure_clients(2)
    station.prepare("sum", Workload(4, 4))
    print(station.server.pid, *(client.pid for client in station.clients), flush=True)
    station.run_seconds(["sum"], 60, clients=2)
"""


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_the_run(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LONG_RUN],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        pids = [int(pid) for pid in run.stdout.readline().split()]
        assert len(pids) == 3
        assert all(alive(pid) for pid in pids)
        os.kill(run.pid, number)
        run.wait(30)
        await_condition(lambda: not any(map(alive, pids)))


def test_clients_begin_together() -> None:
    with Station("echo", "tcp://127.0.0.1:0") as station:
        station.prepare("sum", Workload(4, 4))
        station.ensure_clients(2)  # The second one learns of the call too.
        both = station.run_seconds(["sum"], 0.3, clients=2)
        one = station.run_calls(["sum"], 7)
    assert one.samples.size == one.calls == 7
    assert both.samples.size == both.calls > 7
    assert both.calls_per_s > 0


def test_a_child_that_dies_is_named_with_its_log() -> None:
    script = "import sys; print('no such luck', file=sys.stderr); sys.exit(5)"
    with Child([sys.executable, "-c", script]) as child, pytest.raises(ChildFailedError) as caught:
        child.wait_ready()
    assert "code 5" in caught.value.message
    assert "no such luck" in caught.value.hint


def test_a_silent_child_is_not_waited_for_for_ever() -> None:
    with Child([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        with pytest.raises(ChildFailedError, match="said nothing"):
            child.wait_ready(timeout_s=0.2)
        pid = child.pid
    assert not alive(pid)


def test_a_child_that_ignores_requests_to_end_is_killed() -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('{}', flush=True); time.sleep(60)"
    )
    with Child([sys.executable, "-c", script]) as child:
        child.wait_ready()
        pid = child.pid
    assert not alive(pid)


def serve_lies(server: zmq.Socket[bytes]) -> None:
    """Answer one request with a sum that is none."""
    identity, *frames = server.recv_multipart()
    request, _, wire_format = decode_request(frames)
    reply = Reply(request.id, result={"sum": -1.0})
    server.send_multipart([identity, *encode_message(reply, wire_format)])


def test_a_wrong_answer_fails_the_measurement() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with context, context.socket(zmq.ROUTER) as server:
        server.linger = 0
        port = server.bind_to_random_port("tcp://127.0.0.1")
        with Child(child_command("client", "bridge", f"tcp://127.0.0.1:{port}")) as client:
            client.wait_ready()
            client.tell({"prepare": "sum", "workload": Workload(4, 4).as_dict()})
            assert server.poll(30_000)
            serve_lies(server)
            with pytest.raises(ChildFailedError, match="the answer is wrong"):
                client.answer()
