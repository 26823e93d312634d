"""`dynamoctl up` and `down`: stacks keep apart, say what is wrong with them, and leave nothing when interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lab.launcher.stacks import Stack, read_stack, stack_folder
from tests.e2e.stacks import ROOT, LiveStack, dynamoctl, running_programs
from tests.servers.waiting import wait_until

STACK = "second"
DOWN_LIMIT = 15.0  # seconds
PATIENCE = timedelta(seconds=10)


@pytest.fixture(scope="module")
def second(home: Path) -> Iterator[Stack]:
    """A stack that was brought up by the command, beside the one that the folder shares.

    The tests follow its life in their order: running, one process dead, all dead, up again, down.
    """
    run = dynamoctl("up", "--name", STACK)
    try:
        assert run.returncode == 0, run.stderr
        found = read_stack(STACK)
        assert found is not None
        yield found
    finally:
        dynamoctl("down", "--name", STACK, "--purge")


def test_two_stacks_on_one_machine_do_not_meet(stack: LiveStack, second: Stack) -> None:
    first = stack.record

    assert {first.nats_url, first.etcd_endpoints, first.api_url}.isdisjoint(
        {second.nats_url, second.etcd_endpoints, second.api_url}
    )
    assert first.is_running
    assert not first.dead
    assert not second.dead


def test_up_on_a_running_stack_says_so_and_is_content(second: Stack) -> None:
    run = dynamoctl("up", "--name", STACK)

    assert run.returncode == 0
    assert f"stack {STACK} is up already" in run.stderr
    assert read_stack(STACK) == second


def test_a_command_that_could_mean_several_stacks_asks_which(stack: LiveStack, second: Stack) -> None:
    run = dynamoctl("status")

    assert run.returncode == 2
    assert "--name" in run.stderr


def test_a_killed_process_is_named_with_the_end_of_its_log(second: Stack) -> None:
    victim = second.process("discovery")
    assert victim is not None
    os.killpg(victim.pid, signal.SIGKILL)

    run = dynamoctl("up", "--name", STACK)

    assert run.returncode == 1
    assert "discovery has ended" in run.stderr
    assert victim.log_tail(1) in run.stderr
    assert f"stack {STACK} runs without discovery" in run.stderr


def test_a_stack_of_which_all_processes_died_is_cleaned_up(second: Stack) -> None:
    for process in second.processes:
        if process.is_running:
            os.killpg(process.pid, signal.SIGKILL)

    run = dynamoctl("up", "--name", STACK)

    assert run.returncode == 0
    assert f"the record of an earlier stack {STACK} was cleaned up" in run.stderr


def test_down_stops_everything_in_time(second: Stack) -> None:
    began = time.monotonic()

    run = dynamoctl("down", "--name", STACK)

    assert run.returncode == 0
    assert time.monotonic() - began < DOWN_LIMIT
    assert running_programs(stack_folder(STACK)) == []
    assert read_stack(STACK) is None


@pytest.mark.parametrize(
    ("moment", "death", "code"),
    [
        pytest.param("nats", signal.SIGINT, 130, id="Ctrl-C while servers start"),
        pytest.param("simulator", signal.SIGINT, 130, id="Ctrl-C while services start"),
        pytest.param("simulator", signal.SIGKILL, -signal.SIGKILL, id="kill -9 while services start"),
    ],
)
def test_an_interrupted_up_leaves_nothing(home: Path, moment: str, death: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "cli", "up", "--name", "interrupted"]
    up = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert up.stderr is not None
    with up.stderr:
        next(line for line in up.stderr if line.startswith(moment))
        os.killpg(up.pid, death)
        up.stderr.read()

    assert up.wait(DOWN_LIMIT) == code
    wait_until(lambda: running_programs(stack_folder("interrupted")) == [], deadline=PATIENCE, goal="nothing is left")
