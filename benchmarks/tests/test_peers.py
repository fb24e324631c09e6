from __future__ import annotations

import pytest
from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.measure.station import Station
from lpb_benchmarks.peers import OURS, PEERS, find_peer
from lpb_benchmarks.peers.workload import Workload


@pytest.mark.parametrize("name", [name for name in PEERS if name != "c-client"])
def test_every_peer_gives_the_right_sum(name: str) -> None:
    """A client checks its first and its last answer of each turn."""
    missing = find_peer(name).missing()
    if missing:
        pytest.skip(f"{name}: {', '.join(missing)} not installed")
    with Station(name, "tcp://127.0.0.1:0") as station:
        for number, workload in enumerate((Workload(4, 4), Workload(3, 5, "json", inline=True))):
            station.prepare(str(number), workload)
            turn = station.run_calls([str(number)], 3)
            assert turn.samples.size == 3
            assert (turn.samples > 0).all()
            station.release(str(number))


def test_the_bridge_answers_over_ipc(tmp_path_factory: pytest.TempPathFactory) -> None:
    endpoint = f"ipc://{tmp_path_factory.mktemp('s')}/s"
    with Station("bridge", endpoint) as station:
        station.prepare("sum", Workload(4, 4, "protobuf", certify=True))
        assert station.run_calls(["sum"], 2).calls == 2


def test_peers_are_found_by_name() -> None:
    assert set(PEERS) > OURS
    with pytest.raises(BenchmarkUsageError, match="'soap'"):
        find_peer("soap")


def test_the_workload_knows_its_sum() -> None:
    workload = Workload(10, 10)
    right = float(workload.matrix().sum())
    assert workload.accepts_sum(right)
    assert not workload.accepts_sum(right + 1e-6)
    assert not workload.accepts_sum(float("nan"))
    assert Workload.from_dict(workload.as_dict()) == workload


def test_the_echo_moves_the_bytes_of_the_bridge() -> None:
    framed, inline = Workload(4, 4).frames(), Workload(4, 4, "json", inline=True).frames()
    assert [len(frame) for frame in framed][1:] == [128]
    assert len(inline) == 1
    assert b'"matrix_sum"' in bytes(inline[0])
