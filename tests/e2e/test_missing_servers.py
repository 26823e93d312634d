"""Services that start before their servers wait for them: alive, not ready with the reason, one clear log line each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from cli.files import crd_files
from lab.launcher.apiserver import ApiServer
from lab.launcher.bringup import SERVICES, is_ready
from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.nats import NatsOptions, NatsServer
from lab.launcher.processes import ManagedProcess, Program, free_port
from tests.e2e.stacks import dynamoctl
from tests.servers.waiting import wait_until

PATIENCE = timedelta(seconds=20)
WAITS = ("waiting for a dependency", "registration waits")
BINDING_ITSELF = ("--admission-port=0", "--reachable-at=127.0.0.1", "--closing-delay=0s")


@dataclass(frozen=True, slots=True)
class Waiting:
    """All services, started while none of their servers was there, and the servers."""

    processes: dict[str, ManagedProcess]
    folder: Path
    servers: tuple[NatsServer, EtcdServer, ApiServer]

    def url(self, service: str) -> str:
        """Return where a service tells of its health."""
        return f"http://127.0.0.1:{(self.folder / f'{service}.port').read_text().strip()}"

    def log(self, service: str) -> list[dict[str, str]]:
        """Return the log lines of a service."""
        return [json.loads(line) for line in (self.folder / f"{service}.log").read_text().splitlines()]


def servers_in(folder: Path) -> tuple[NatsServer, EtcdServer, ApiServer]:
    """Return servers with known ports, not started."""
    api = ApiServer(folder / "apiserver", tuple(f"--crd={path}" for path in crd_files()))
    api.port = free_port()
    return (
        NatsServer(folder / "nats", NatsOptions(port=free_port())),
        EtcdServer(folder / "etcd", EtcdOptions(port=free_port(), syncs_to_disk=False)),
        api,
    )


def started(service: str, folder: Path, servers: tuple[NatsServer, EtcdServer, ApiServer]) -> ManagedProcess:
    nats, etcd, api = servers
    environment = {
        "DYNAMO_INSTALL": "waiting",
        "DYNAMO_NATS_URL": nats.url,
        "DYNAMO_ETCD_ENDPOINTS": etcd.url,
        "DYNAMO_PORT_FILE": str(folder / f"{service}.port"),
        "DYNAMO_LOG_FORMAT": "json",
        "KUBECONFIG": str(api.kubeconfig),
    }
    arguments = BINDING_ITSELF if service == "webhook" else ()
    command = (sys.executable, "-m", f"services.{service}", *arguments)
    return ManagedProcess.start(Program(service, command, folder / f"{service}.log", environment))


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    folder = tmp_path_factory.mktemp("waiting")
    servers = servers_in(folder)
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
        processes = {service: started(service, folder, servers) for service in SERVICES}
        for process in processes.values():
            stack.callback(process.kill)
        for service, process in processes.items():
            process.wait_until((folder / f"{service}.port").exists, deadline=PATIENCE, goal="served its health")
        yield Waiting(processes, folder, servers)


def told(waiting: Waiting, service: str) -> list[str]:
    """Return what a service said that it waits for."""
    lines = [line for line in waiting.log(service) if line["event"] in WAITS]
    return [line.get("dependency") or line["reason"] for line in lines]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_servers_is_alive_and_says_what_it_waits_for(waiting: Waiting, service: str) -> None:
    wait_until(lambda: bool(told(waiting, service)), deadline=PATIENCE, goal=f"{service} says what it waits for")

    ready, reason = is_ready(waiting.url(service))
    with urllib.request.urlopen(f"{waiting.url(service)}/healthz", timeout=5) as health:
        assert health.status == 200
    assert not ready
    assert reason


def test_all_go_on_when_the_servers_come(waiting: Waiting) -> None:
    for server in waiting.servers:
        server.start()
    provisioned = dynamoctl("provision", "--kubeconfig", str(waiting.servers[-1].kubeconfig))
    assert provisioned.returncode == 0, provisioned.stderr

    def are_ready() -> bool:
        return all(is_ready(waiting.url(service))[0] for service in SERVICES)

    wait_until(are_ready, deadline=PATIENCE, goal="all services are ready")


@pytest.mark.parametrize("service", SERVICES)
def test_each_missing_server_is_told_of_once(waiting: Waiting, service: str) -> None:
    found = told(waiting, service)

    assert found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("arguments", "environment", "guess"),
    [
        pytest.param(["--claim-tll", "2s"], {}, "--claim-ttl", id="option"),
        pytest.param(
            [], {"DYNAMO_RECONCILER_MAX_IN_FLIHGT": "2"}, "DYNAMO_RECONCILER_MAX_IN_FLIGHT", id="variable of its own"
        ),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    arguments: list[str], environment: dict[str, str], guess: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "services.reconciler", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )

    assert run.returncode == 2
    assert f"did you mean {guess}?" in run.stderr
