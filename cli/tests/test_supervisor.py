import sys
from pathlib import Path

import pytest
from lpb_cli.errors import ServerFailedError
from lpb_cli.processes.supervisor import ServerSupervisor, wait_for_ping


def test_a_server_that_dies_at_once_shows_its_log(tmp_path: Path) -> None:
    code = "import sys; print('the disk is on fire', file=sys.stderr); sys.exit(9)"
    server = ServerSupervisor(tmp_path, command=(sys.executable, "-c", code))
    with pytest.raises(ServerFailedError, match=r"code 9.*\n.*the disk is on fire"):
        server.start()
    server.stop()


def test_a_server_that_dies_later_is_noticed(tmp_path: Path) -> None:
    with ServerSupervisor(tmp_path) as server:
        server.check()
        assert server._child is not None
        server._child.stop()
        with pytest.raises(ServerFailedError, match="ended with code"):
            server.check()


def test_ready_means_that_it_answers(tmp_path: Path) -> None:
    code = (
        "import json, time\n"
        "print(json.dumps({'event': 'ready', 'endpoint': 'tcp://127.0.0.1:9'}), flush=True)\n"
        "time.sleep(600)"
    )
    server = ServerSupervisor(tmp_path, command=(sys.executable, "-c", code))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lpb_cli.processes.supervisor.READY_TIMEOUT_S", 0.5)
        with pytest.raises(ServerFailedError, match="No server answers"):
            server.start()
    server.stop()


def test_nobody_at_the_endpoint() -> None:
    with pytest.raises(ServerFailedError, match=r"tcp://127\.0\.0\.1:9"):
        wait_for_ping("tcp://127.0.0.1:9", 0.2)
