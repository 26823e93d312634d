"""`docker compose up` gives a platform that brings a graph to `successful`.

Without a container engine the processes of docker-compose.yml are started from its commands, variables and health
checks; with one, the containers are.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from lab.launcher.binaries import kubectl_binary
from tests.contract.compose.reading import ROOT, raw_document, services
from tests.e2e.compose_processes import ComposeProcesses
from tests.servers.choice import engine_answers
from tests.servers.waiting import wait_until

EXAMPLE = ROOT / "examples" / "disaggregated-planner.yaml"
ROOMS = ("watcher", "reconciler", "rbac", "discovery", "webhook")
SERVERS = ("nats", "etcd", "apiserver")
GRAPH = ("get", "dynamographdeployments", "chat", "--namespace=default", "--output=json")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProcesses]:
    """The stack, started in the least favourable order: whoever needs something first, what it needs last."""
    stack = ComposeProcesses(tmp_path_factory.mktemp("compose"))
    try:
        for name in (*ROOMS, "base", "events", "simulator", *reversed(SERVERS)):
            stack.start(name)
        yield stack
    finally:
        stack.stop()


def kubectl(stack: ComposeProcesses, *arguments: str, limit: float = 30) -> str:
    return subprocess.run(
        [str(kubectl_binary().path), *arguments],
        env={"KUBECONFIG": str(stack.folder / "volumes/kube/kubeconfig"), "HOME": str(stack.folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=limit,
    ).stdout


def state_of(answer: str) -> str:
    return str(json.loads(answer).get("status", {}).get("state", ""))


def test_every_service_waits_for_what_it_needs_and_becomes_healthy(started: ComposeProcesses) -> None:
    checked = [name for name, service in started.services.items() if service.health]

    for name in checked:
        started.wait_healthy(name)

    assert set(checked) == {*ROOMS, *SERVERS, "simulator"}


def test_the_base_objects_are_applied_and_their_service_ends(started: ComposeProcesses) -> None:
    code = started.running["base"].wait(timedelta(seconds=60))

    assert code == 0, started.log("base")


def test_an_example_becomes_successful_and_its_events_are_printed(started: ComposeProcesses) -> None:
    kubectl(started, "apply", "--namespace=default", f"--filename={EXAMPLE}")

    wait_until(
        lambda: state_of(kubectl(started, *GRAPH)) == "successful",
        deadline=timedelta(seconds=60),
        goal="the graph is successful",
    )

    wait_until(
        lambda: _says_successful(started.log("events")),
        deadline=timedelta(seconds=10),
        goal="the events say so",
    )


def test_every_service_ends_in_order_when_it_is_told_to(started: ComposeProcesses) -> None:
    assert started.stop(*ROOMS) == dict.fromkeys(ROOMS, 0)


def test_an_own_cluster_is_served_without_the_lab_and_without_a_webhook(
    started: ComposeProcesses, tmp_path: Path
) -> None:
    # The lab of the first stack is the cluster; nothing of the platform is left in it but what `base` applies.
    cluster = str(started.folder / "volumes/kube/kubeconfig")
    kubectl(started, "delete", "validatingwebhookconfigurations", "dynamo-validating")
    own = ComposeProcesses(tmp_path, services({"KUBECONFIG_FILE": cluster, "COMPOSE_PROFILES": ""}))
    try:
        for name in own.services:
            own.start(name)
        assert own.running["base"].wait(timedelta(seconds=60)) == 0, own.log("base")
        kubectl(started, "create", "namespace", "own")
        kubectl(started, "apply", "--namespace=own", f"--filename={ROOT / 'examples/aggregated.yaml'}")
        kubectl(started, "wait", "--namespace=own", "--for=condition=Ready", "dgd", "--all", "--timeout=60s", limit=90)
    finally:
        codes = own.stop()

    assert {name: codes[name] for name in ROOMS} == dict.fromkeys(ROOMS, 0)
    assert "dynamo-validating" not in kubectl(started, "get", "validatingwebhookconfigurations", "--output=name")


@pytest.mark.skipif(not engine_answers(), reason="no container engine answers")
def test_containers_bring_an_example_to_successful(tmp_path: Path) -> None:
    ports = dict.fromkeys(_port_variables(), "0")
    environment = {**os.environ, **ports, "COMPOSE_PROJECT_NAME": f"dynamo-test-{os.getpid()}"}

    def compose(*arguments: str, given: str | None = None) -> str:
        command: Sequence[str] = ("docker", "compose", *arguments)
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, check=True, timeout=900
        ).stdout

    try:
        compose("up", "--build", "--detach")
        compose("up", "--detach", "--wait", *ROOMS)
        compose("exec", "--no-TTY", "apiserver", "kubectl", "apply", "--filename=-", given=EXAMPLE.read_text())
        wait_until(
            lambda: state_of(compose("exec", "--no-TTY", "apiserver", "kubectl", *GRAPH)) == "successful",
            deadline=timedelta(seconds=120),
            goal="the graph is successful",
        )
    finally:
        compose("down", "--volumes", "--timeout=30")


def _says_successful(log: str) -> bool:
    return any("dynamographdeployments.default.chat" in line and "successful" in line for line in log.splitlines())


def _port_variables() -> Iterator[str]:
    for service in raw_document()["services"].values():
        for text in service.get("ports", ()):
            yield text.partition("${")[2].partition(":")[0]
