"""The peers misbehave as they should, and the recorder loses nothing."""

from collections.abc import Iterator

import numpy as np
import pytest
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.verify.exchanges import checked_exchanges
from lpb_cli.verify.misbehaving_peers import misbehaving_peers
from lpb_cli.verify.recorder import Recorder
from lpb_server.client import BridgeClient
from lpb_server.errors import BridgeTimeout, ClientError, ProtocolError, RemoteError
from lpb_server.operations import default_registry


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    with ServerSupervisor(settings.project) as supervisor:
        yield supervisor.endpoint


@pytest.fixture(scope="module")
def peers(server: str) -> Iterator[dict[str, str]]:
    with misbehaving_peers(server) as endpoints:
        yield endpoints


def hasty(endpoint: str, tries: int = 2) -> BridgeClient:
    return BridgeClient(endpoint, timeout_s=0.3, tries=tries)


@pytest.mark.parametrize(
    ("variable", "error"),
    [
        ("LPB_SILENT_ENDPOINT", BridgeTimeout),
        ("LPB_WRONG_ID_ENDPOINT", ClientError),
        ("LPB_GARBAGE_ENDPOINT", ProtocolError),
        ("LPB_HALF_ENDPOINT", ProtocolError),
    ],
)
def test_the_python_client_survives_them(
    peers: dict[str, str], variable: str, error: type[Exception]
) -> None:
    with hasty(peers[variable]) as client, pytest.raises(error) as caught:
        client.ping()
    assert peers[variable] in str(caught.value)


def test_a_late_answer_comes_at_the_second_try(peers: dict[str, str]) -> None:
    with BridgeClient(peers["LPB_LATE_ENDPOINT"], timeout_s=1.5, tries=6) as client:
        assert client.exchange("ping").tries == 2


def test_a_restarted_server_is_found_again(peers: dict[str, str]) -> None:
    with BridgeClient(peers["LPB_RESTART_ENDPOINT"], timeout_s=1.5, tries=6) as client:
        client.ping()
        client.ping()


def test_errors_come_as_asked_for(peers: dict[str, str]) -> None:
    with (
        BridgeClient(peers["LPB_ERROR_ENDPOINT"]) as client,
        pytest.raises(RemoteError, match="overloaded"),
    ):
        client.call("overloaded")


def test_the_liar_alters_the_sum_alone(server: str, peers: dict[str, str]) -> None:
    matrix = np.array([[1.5, 2.0]])
    with BridgeClient(peers["LPB_LYING_ENDPOINT"]) as client:
        lie = client.call("matrix_sum", arrays={"matrix": matrix}, certify=True)
    with BridgeClient(server) as client:
        truth = client.call("matrix_sum", arrays={"matrix": matrix}, certify=True)
    assert lie.result == {"sum": 1003.5}
    assert lie.certificate == truth.certificate


def test_the_recorder_keeps_what_was_said(server: str) -> None:
    matrix = np.array([[1.0, -0.0], [0.1, 5e-324]])
    with Recorder(server) as recorder:
        with BridgeClient(recorder.endpoint, format="protobuf") as client:
            client.call("matrix_sum", arrays={"matrix": matrix}, certify=True)
            client.call("matrix_sum", {"matrix": matrix.tolist()}, certify=True)
            client.call("matrix_sum", {"matrix": [[1.0]]})  # Not certified.
            client.call("operations")
        with BridgeClient(recorder.endpoint) as client:
            client.call("ping")
        lived = checked_exchanges(recorder.exchanges(), default_registry(), "A client")
    assert [live.name for live in lived] == [
        "A client 1: matrix_sum, matrix [2, 2], protobuf",
        "A client 2: matrix_sum, protobuf",
        "A client 3: ping, msgpack",
    ]
    assert lived[0].exchange.request_frames[1] == matrix.tobytes()
