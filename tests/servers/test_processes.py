"""Child processes: they can be crashed, frozen and stopped, and never outlive the process that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from lab.launcher.processes import (
    NOT_FOR_CLIENTS,
    ManagedProcess,
    ProcessError,
    Program,
    free_port,
    free_ports,
    port_answers,
)
from tests.servers.waiting import wait_until

DEADLINE = timedelta(seconds=5)
SLEEPER = (sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
)
PARENT = """
import sys, time
from pathlib import Path
from lab.launcher.processes import ManagedProcess, Program
sleeper = ("/bin/sh", "-c", "sleep 600 & echo $! >&2; wait")
processes = [
    ManagedProcess.start(Program(name=str(i), command=sleeper, log_file=Path(sys.argv[1]) / f"{i}.log"))
    for i in range(3)
]
print(*(process.pid for process in processes), flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not _is_zombie(pid)
    return False


def _is_zombie(pid: int) -> bool:
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip().startswith("Z")


def start(folder: Path, command: tuple[str, ...]) -> ManagedProcess:
    process = ManagedProcess.start(Program(name="program", command=command, log_file=folder / "program.log"))
    process.wait_until(lambda: process.log_tail() != "", deadline=DEADLINE, goal="printed a line")
    return process


def test_a_process_stops_when_asked(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)

    assert process.stop(DEADLINE) == -signal.SIGTERM
    assert not process.is_running


def test_a_process_that_ignores_the_request_is_killed_at_the_deadline(tmp_path: Path) -> None:
    process = start(tmp_path, STUBBORN)

    assert process.stop(timedelta(milliseconds=100)) == -signal.SIGKILL


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)
    process.pause()

    assert process.stop(DEADLINE) == -signal.SIGTERM


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)

    assert process.stop(DEADLINE) == process.stop(DEADLINE)


def test_a_process_that_ends_early_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    process = ManagedProcess.start(
        Program(name="program", command=("/bin/sh", "-c", "echo no disk; exit 3"), log_file=tmp_path / "log")
    )

    with pytest.raises(ProcessError, match=r"(?s)program ended with exit code 3 before it answered.*no disk"):
        process.wait_until(lambda: False, deadline=DEADLINE, goal="answered")


def test_a_process_that_is_too_late_is_named(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)

    with pytest.raises(ProcessError, match=r"program has not answered within 0\.05 s"):
        process.wait_until(lambda: False, deadline=timedelta(milliseconds=50), goal="answered")

    process.kill()


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_and_grandchildren_die_with_the_parent(tmp_path: Path, death: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        children = [int(pid) for pid in parent.stdout.readline().split()]
    wait_until(grandchildren_named(tmp_path), deadline=DEADLINE, goal="the grandchildren run")
    grandchildren = [int((tmp_path / f"{i}.log").read_text()) for i in range(3)]

    os.killpg(parent.pid, death)
    parent.wait(DEADLINE.total_seconds())

    wait_until(
        lambda: not any(is_alive(pid) for pid in children + grandchildren), deadline=DEADLINE, goal="nothing is left"
    )


def grandchildren_named(folder: Path) -> Callable[[], bool]:
    return lambda: all((folder / f"{i}.log").exists() and (folder / f"{i}.log").read_text() for i in range(3))


@contextmanager
def ending(groups: list[int]) -> Iterator[None]:
    try:
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGKILL)


def test_a_released_process_outlives_its_parent(tmp_path: Path) -> None:
    script = PARENT.replace("time.sleep(600)", "[process.release() for process in processes]")

    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=20
    )
    survivors = [int(pid) for pid in ended.stdout.split()]

    with ending(survivors):
        assert [is_alive(pid) for pid in survivors] == [True, True, True]


def test_a_free_port_answers_nobody() -> None:
    assert not port_answers(free_port())


def test_ports_differ_and_are_none_that_an_outgoing_connection_gets() -> None:
    found = free_ports(50)

    assert len(set(found)) == 50
    assert set(found) <= set(NOT_FOR_CLIENTS)
