"""A service as a process: how it reports, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from lab.launcher.processes import ManagedProcess, Program

PATIENCE = timedelta(seconds=15)


class Start(Protocol):
    """Starts the sample service; it ends with the test."""

    def __call__(self, behaviour: str, *arguments: str) -> Process: ...


class Process:
    """One run of the sample service."""

    def __init__(self, folder: Path, behaviour: str, arguments: tuple[str, ...]) -> None:
        self._port_file = folder / "port"
        command = (sys.executable, "-m", "tests.contract.service.sample", f"--behaviour={behaviour}")
        program = Program("sample", (*command, f"--port-file={self._port_file}", *arguments), folder / "sample.log")
        self.managed = ManagedProcess.start(program)

    @property
    def url(self) -> str:
        """The address of health and metrics."""
        self.managed.wait_until(self._port_file.exists, deadline=PATIENCE, goal="told its port")
        return f"http://127.0.0.1:{int(self._port_file.read_text(encoding='utf-8'))}"

    def ready(self) -> httpx.Response:
        """Ask for readiness."""
        return httpx.get(f"{self.url}/readyz", timeout=PATIENCE.total_seconds())

    def await_ready(self) -> None:
        """Wait until the service is ready."""
        self.managed.wait_until(lambda: self.ready().status_code == 200, deadline=PATIENCE, goal="was ready")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        os.kill(self.managed.pid, number)
        return self.managed.wait(PATIENCE)

    @property
    def lines(self) -> list[dict[str, object]]:
        """The log."""
        text = self.managed.program.log_file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    @property
    def events(self) -> list[object]:
        """The phrases that were logged."""
        return [line["event"] for line in self.lines]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the sample service."""
    started: list[Process] = []

    def begin(behaviour: str, *arguments: str) -> Process:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Process(folder, behaviour, arguments))
        return started[-1]

    yield begin
    for process in started:
        process.managed.kill()


def test_a_service_reports_health_readiness_and_metrics_on_a_port_it_tells(start: Start) -> None:
    process = start("works")

    process.await_ready()

    assert process.ready().json() == {"ready": True, "waiting": {}, "fine": ["start"]}
    assert httpx.get(f"{process.url}/healthz").text == "ok\n"
    metrics = httpx.get(f"{process.url}/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 'dynamo_operator_readiness_status{platform_service="sample"} 1.0' in metrics.text
    assert process.end() == 0
    assert process.events[-3:] == ["service stops", "work in hand is finished", "service stopped"]


def test_a_service_that_waits_for_its_servers_says_so_and_ends_at_once(start: Start) -> None:
    process = start("waits", "--shutdown-timeout=60s")

    answer = process.ready()

    assert (answer.status_code, answer.json()["waiting"].keys()) == (503, {"start"})
    assert process.end() == 0


def test_an_interrupt_from_the_keyboard_is_told_in_the_exit_code(start: Start) -> None:
    process = start("works")
    process.await_ready()

    assert process.end(signal.SIGINT) == 130


def test_work_that_outlasts_the_budget_is_cancelled(start: Start) -> None:
    process = start("lingers", "--shutdown-timeout=100ms")
    process.await_ready()

    assert process.end() == 0
    assert process.events[-2:] == ["app was cancelled", "service stopped"]


def test_what_never_helps_ends_the_service_with_its_reason(start: Start) -> None:
    process = start("fails")

    assert process.managed.wait(PATIENCE) == 1
    assert [line["reason"] for line in process.lines if line["event"] == "service failed"] == [
        "the stream belongs to another installation"
    ]


def test_a_bug_ends_the_service(start: Start) -> None:
    assert start("breaks").managed.wait(PATIENCE) == 1


def test_an_app_that_has_nothing_left_to_do_ends_the_service_well(start: Start) -> None:
    assert start("ends").managed.wait(PATIENCE) == 0


def test_a_port_that_is_taken_is_told(start: Start) -> None:
    first = start("works")
    port = first.url.rpartition(":")[2]

    second = start("works", f"--health-port={port}")

    assert second.managed.wait(PATIENCE) == 1
    assert any("address already in use" in str(line.get("reason")) for line in second.lines)


def test_an_unknown_setting_is_refused_before_anything_starts(start: Start) -> None:
    assert start("works", "--claim-tlt=3s").managed.wait(PATIENCE) == 2
