"""The record of a stack, and telling its processes from others with their ids."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lab.launcher.processes import ProcessError
from lab.launcher.stacks import (
    Stack,
    StackNameError,
    StackProcess,
    began,
    forget_stack,
    list_stacks,
    read_stack,
    stack_folder,
    starting,
    stop_process,
    write_stack,
)


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep stacks out of the user's home."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a group of its own."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    with process:
        yield process
        process.kill()


def a_stack(name: str = "lab", *processes: StackProcess) -> Stack:
    """Return a stack; say only what matters."""
    return Stack(name, "1.0", "nats://x", "http://y", "https://z", "/kube", processes=processes)


def a_process(pid: int, *, name: str = "watcher", started: str | None = None) -> StackProcess:
    """Return the record of a process that runs, unless another start is named."""
    return StackProcess(name, pid, began(pid) if started is None else started, "/nowhere.log")


def test_a_record_reads_back_as_it_was_written() -> None:
    stack = a_stack("lab", a_process(os.getpid()))

    write_stack(stack)

    assert read_stack("lab") == stack


def test_a_stack_that_was_never_started_has_no_record() -> None:
    assert read_stack("nobody") is None


@pytest.mark.parametrize("damage", ["", "{", '{"v": 1}', '{"v": 99, "name": "lab"}', "[]"])
def test_a_damaged_record_counts_as_none(damage: str) -> None:
    write_stack(a_stack())
    (stack_folder("lab") / "stack.json").write_text(damage)

    assert read_stack("lab") is None


def test_stacks_are_listed_by_name() -> None:
    write_stack(a_stack("two"))
    write_stack(a_stack("one"))

    assert [stack.name for stack in list_stacks()] == ["one", "two"]


def test_a_process_is_known_by_its_id_and_when_it_began() -> None:
    assert a_process(os.getpid()).is_running
    assert not a_process(os.getpid(), started="another time").is_running


def test_a_process_that_ended_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    process = a_process(sleeper.pid)
    sleeper.kill()
    sleeper.wait()

    assert not process.is_running


def test_a_zombie_does_not_run(sleeper: subprocess.Popen[bytes]) -> None:
    process = a_process(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert not process.is_running


def test_the_dead_are_named(sleeper: subprocess.Popen[bytes]) -> None:
    dead = a_process(sleeper.pid, name="rbac")
    stack = a_stack("lab", a_process(os.getpid()), dead)
    sleeper.kill()
    sleeper.wait()

    assert stack.dead == (dead,)
    assert stack.is_running


def test_a_process_is_asked_to_end(sleeper: subprocess.Popen[bytes]) -> None:
    assert stop_process(a_process(sleeper.pid), timedelta(seconds=5))
    assert began(sleeper.pid) == ""


def test_somebody_elses_process_is_never_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    stop_process(a_process(sleeper.pid, started="another time"), timedelta(seconds=5))

    assert sleeper.poll() is None


def test_forgetting_keeps_logs_unless_they_are_purged() -> None:
    write_stack(a_stack())
    log = stack_folder("lab") / "logs" / "watcher.log"
    log.parent.mkdir()
    log.write_text("line\n")

    forget_stack("lab", purge=False)
    assert log.exists()

    forget_stack("lab", purge=True)
    assert not stack_folder("lab").exists()


def test_a_process_of_the_same_name_is_replaced() -> None:
    stack = a_stack("lab", a_process(1, name="rbac", started="x"))

    replaced = stack.with_process(a_process(2, name="rbac", started="y"))

    assert [process.pid for process in replaced.processes] == [2]


@pytest.mark.parametrize("name", ["..", ".", "", "/", "../other", "a/b", "UPPER", "a" * 64])
def test_a_name_that_leads_out_of_the_folder_of_stacks_is_refused(name: str, state_home: Path) -> None:
    outside = state_home / "other" / "kept"
    outside.parent.mkdir()
    outside.write_text("precious")

    with pytest.raises(StackNameError):
        forget_stack(name, purge=True)

    assert outside.exists()


def test_a_folder_that_is_no_stack_is_not_listed(state_home: Path) -> None:
    folder = state_home / "dynamo-platform" / "Not a stack"
    folder.mkdir(parents=True)
    (folder / "stack.json").write_text("{}")

    assert list_stacks() == []


def test_one_command_at_a_time_starts_a_stack() -> None:
    with starting("lab"), pytest.raises(ProcessError, match="being started by another command"), starting("lab"):
        pass

    with starting("lab"):
        pass
