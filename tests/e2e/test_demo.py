"""`dynamoctl demo`, piped: what it prints happened on the streams, its summary can be used, and it leaves nothing."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.files import documents, example
from cli.targets import find_target
from lab.launcher.stacks import read_stack, stack_folder
from shared.contracts.streams import CHANGES, DECISIONS
from shared.core.json import integer, mapping, text
from shared.ports.bus import StoredMessage
from tests.e2e.stacks import ROOT, dynamoctl, running_programs, stored_messages

STACK, NAMESPACE = "demo", "demo"
GRAPH = documents(example("disaggregated-planner"))[0]
NAME = GRAPH["metadata"]["name"]
SERVICES = mapping(GRAPH, "spec", "services")
REPLICAS = sum(integer(service, "replicas") for service in SERVICES.values())
SHARED = {"serviceaccounts", "rolebindings"}  # of the namespace, whatever graphs are in it: only decisions have an edit
LINE = re.compile(r"\+(?P<seconds>[\d.]+) s +(?P<service>\w+) +(?P<subject>dynamo\.\S+) +(?P<meaning>.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the demo: who said what about which object."""

    service: str
    log: str
    resource: str
    name: str
    meaning: str
    subject: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one run of the demo printed, what was on the streams, and what its commands gave."""

    code: int
    output: str
    lines: list[Line]
    messages: list[StoredMessage]


def lines_of(output: str) -> list[Line]:
    found = [match for match in map(LINE.fullmatch, output.splitlines()) if match]
    return [line_of(match["service"], match["subject"], match["meaning"]) for match in found]


def line_of(service: str, subject: str, meaning: str) -> Line:
    _, log, _, resource, _, name = subject.split(".")
    return Line(service, log, resource, name, meaning, subject)


async def messages_of_both_streams() -> list[StoredMessage]:
    target = find_target(STACK)
    return [message for stream in (CHANGES, DECISIONS) for message in await stored_messages(target, stream)]


def correlation(message: StoredMessage) -> str:
    return message.headers.get("ce-correlationid", "")


def command_of(output: str, word: str) -> str:
    """Return the command of the summary that holds a word; commands are indented."""
    return next(line.strip() for line in output.splitlines() if line.startswith("  ") and word in line.split("/")[-1])


def in_a_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def told(home: Path) -> Iterator[Told]:
    """A demo that is left running."""
    run = dynamoctl("demo", KEEP="1")
    try:
        messages = asyncio.run(messages_of_both_streams())
        yield Told(run.returncode, run.stdout, lines_of(run.stdout), messages)
    finally:
        dynamoctl("down", "--name", STACK)


def test_it_ends_well_with_plain_lines(told: Told) -> None:
    assert told.code == 0, told.output
    assert "\x1b" not in told.output


def test_it_shows_the_admission_answer(told: Told) -> None:
    assert [line.meaning for line in told.lines if line.service == "webhook" and line.name == NAME]


def test_it_shows_each_change_of_the_graph(told: Told) -> None:
    shown = [line for line in told.lines if line.log == "changes" and line.resource == "dynamographdeployments"]

    assert shown[-1].meaning == "successful"
    assert len(shown) >= 2


def test_it_shows_account_and_binding(told: Told) -> None:
    shown = {line.resource for line in told.lines if "ready" in line.meaning and "planner" in line.name}

    assert {"serviceaccounts", "rolebindings"} <= shown


def test_it_shows_each_child_as_it_is_applied(told: Told) -> None:
    by_graph = [line for line in told.lines if line.service == "reconciler" and line.name == NAME]
    shown = [line.meaning for line in told.lines if line.service == "reconciler"]

    for name in SERVICES:
        child = f"{NAME}-{name.lower()}"
        assert any("DynamoComponentDeployment" in line.meaning and child in line.meaning for line in by_graph)
        assert any(f"Deployment {child}" in meaning and "Component" not in meaning for meaning in shown)


def test_it_shows_each_pod_scheduled_and_ready(told: Told) -> None:
    pods = [line for line in told.lines if line.resource == "pods"]
    scheduled = [line for line in pods if "scheduled on " in line.meaning]
    ready = [line for line in pods if line.meaning == "ready"]
    on_gpus = [service for service in SERVICES.values() if text(service, "resources", "limits", "gpu")]

    assert len({line.name for line in scheduled}) == len({line.name for line in ready}) == REPLICAS
    assert len([line for line in scheduled if "GPU" in line.meaning]) == sum(
        integer(service, "replicas") for service in on_gpus
    )


def test_it_shows_the_conditions_of_the_graph_and_of_each_component(told: Told) -> None:
    shown = [line for line in told.lines if "Ready True" in line.meaning]

    assert {line.name for line in shown} >= {NAME, *(f"{NAME}-{name.lower()}" for name in SERVICES)}


def test_every_line_is_an_event_on_a_stream(told: Told) -> None:
    published = {message.subject for message in told.messages}

    assert told.lines
    assert {line.subject for line in told.lines} <= published


def test_all_that_follows_from_the_apply_has_one_correlation_id(told: Told) -> None:
    of_the_graph = {line.subject for line in told.lines if line.log == "decisions" or line.resource not in SHARED}
    ids = {correlation(message) for message in told.messages if message.subject in of_the_graph}

    assert len(ids) == 1
    assert f"correlation id: {ids.pop()}\n" in told.output


def test_the_summary_has_the_table_the_times_the_counts_and_the_logs(told: Told) -> None:
    summary = told.output.rpartition("  successful\n")[2]

    assert all(name in summary for name in SERVICES)
    assert re.search(r"successful after [\d.]+ s", summary)
    assert re.search(rf"{CHANGES} \d+", summary)
    assert re.search(r"API requests: \d+", summary)
    assert str(stack_folder(STACK) / "logs") in summary


def test_its_kubectl_command_lists_the_objects(told: Told) -> None:
    shown = in_a_shell(command_of(told.output, "kubectl"))

    assert shown.returncode == 0, shown.stderr
    assert f"dynamographdeployment.nvidia.com/{NAME}" in shown.stdout


def test_its_status_command_shows_the_graph(told: Told) -> None:
    shown = in_a_shell(command_of(told.output, "status"))

    assert shown.returncode == 0, shown.stderr
    assert f"{NAMESPACE}/{NAME}: successful" in shown.stdout


def test_its_tail_command_shows_the_events(told: Told) -> None:
    shown = in_a_shell(f"{command_of(told.output, 'tail')} --count 5")

    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) >= 5
    assert f".{NAMESPACE}." in shown.stdout


def test_its_last_command_stops_everything(told: Told) -> None:
    command = re.search(r"stop it with: (.*)", told.output)
    assert command is not None

    stopped = in_a_shell(command[1])

    assert stopped.returncode == 0, stopped.stderr
    assert running_programs(stack_folder(STACK)) == []
    assert read_stack(STACK) is None


def test_without_keep_nothing_is_left_running(home: Path) -> None:
    run = dynamoctl("demo")

    assert run.returncode == 0, run.stdout + run.stderr
    assert running_programs(stack_folder(STACK)) == []
    assert read_stack(STACK) is None
