import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conditions import await_condition
from lpb_cli.errors import CommandFailedError, EnvironmentLacksError
from lpb_cli.processes.child import Child
from lpb_cli.processes.commands import run_command

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(grandchild.pid, flush=True)
time.sleep(600)
"""


def python(code: str, on_stdout: Callable[[str], None] | None = None) -> Child:
    return Child(
        [sys.executable, "-c", code],
        directory=Path.cwd(),
        environment=os.environ,
        on_stdout=on_stdout,
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie whose parent is gone is reaped by init in its own time.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_a_child_that_ignores_signals_is_killed_with_its_children() -> None:
    lines: list[str] = []
    child = python(STUBBORN, on_stdout=lines.append)
    await_condition(lambda: lines)
    child.stop(ask=signal.SIGINT, patience_s=0.2)
    assert child.stopped_by == "SIGKILL"
    assert not is_alive(child.pid)
    await_condition(lambda: not is_alive(int(lines[0])))


def test_a_polite_child_is_asked_only() -> None:
    child = python("import time; time.sleep(600)")
    assert child.stop() == -signal.SIGTERM
    assert child.stopped_by == "SIGTERM"


def test_output_is_drained_however_much_there_is() -> None:
    code = "import sys\nfor i in range(100000): print(i); print(i, file=sys.stderr)"
    argv = [sys.executable, "-c", code]
    text = run_command(argv, directory=Path.cwd(), environment=os.environ, timeout_s=60.0)
    assert text.splitlines()[-1] == "99999"


def test_a_failed_command_says_all_about_itself() -> None:
    argv = [sys.executable, "-c", "import sys; print('last words'); sys.exit(7)"]
    with pytest.raises(CommandFailedError) as caught:
        run_command(argv, directory=Path.cwd(), environment=os.environ, timeout_s=60.0)
    error = caught.value
    assert error.argv == argv
    assert error.exit_code_of_command == 7
    assert "last words" in error.message
    assert str(Path.cwd()) in error.message


def test_a_command_that_hangs_is_ended() -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(CommandFailedError, match="did not end in time"):
        run_command(argv, directory=Path.cwd(), environment=os.environ, timeout_s=0.3)


def test_a_command_that_is_not_there_is_an_environment_that_lacks_it() -> None:
    with pytest.raises(EnvironmentLacksError, match="no-such-program"):
        Child(["/no-such-program"], directory=Path.cwd(), environment=os.environ)


def test_a_line_that_is_not_understood_does_not_stop_the_pipe() -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        raise RecursionError

    code = "for number in range(20000): print(number, '.' * 20)"  # More than a pipe holds.
    with python(code, hear) as child:
        assert child.wait(30) == 0
    assert len(heard) == 20000
    assert "was not understood: RecursionError" in child.tail


def test_a_command_that_is_late_leaves_no_child_behind(tmp_path: Path) -> None:
    late = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(CommandFailedError, match="did not end in time"):
        run_command(["sh", "-c", late], directory=tmp_path, environment={}, timeout_s=3.0)
    grandchild = int((tmp_path / "pid").read_text())
    await_condition(lambda: not is_alive(grandchild))  # It may not have come to that yet.


def test_a_command_that_cannot_be_found_is_said() -> None:
    with pytest.raises(EnvironmentLacksError, match="no-such-program cannot be found"):
        run_command(["no-such-program"], directory=Path.cwd(), environment={}, timeout_s=1.0)
