"""A whole stack for tests: the programs that `dynamoctl up` starts, as processes that end with the test run.

One stack serves a folder of tests, which keep apart by namespaces. Invariant: nothing that is started here outlives
pytest, also when pytest is killed, because a stack is never released from the launcher's process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import yaml

from cli.commands.up import stack_options, start_parts, with_members
from cli.lab import RequestCounts, request_counts
from cli.targets import Target, find_target
from lab.launcher.binaries import kubectl_binary
from lab.launcher.bringup import SERVICES, Bringup, is_ready
from lab.launcher.stacks import Stack
from shared.core.json import Manifest
from shared.ports.bus import After, StoredMessage
from tests.servers.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
CLAIM_TTL = "2s"
MANY_GPUS = "16x8xH100,4xcpu"
COMMAND_TIMEOUT = 120
READY_AGAIN = timedelta(seconds=20)
OURS = frozenset(f"dynamo-{service}" for service in SERVICES)  # how our services name themselves to the API server


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A running stack, and what a test does with it."""

    bringup: Bringup

    @property
    def record(self) -> Stack:
        """The processes and addresses as they are now."""
        return self.bringup.stack

    @property
    def target(self) -> Target:
        """The stack's servers, behind our ports."""
        return find_target(self.record.name)

    def kubectl(
        self, *arguments: str, given: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl against the stack; `given` is its standard input."""
        done = subprocess.run(
            [str(kubectl_binary().path), *arguments],
            env={**os.environ, "KUBECONFIG": self.record.kubeconfig, "HOME": str(self.bringup.folder)},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_TIMEOUT,
        )
        assert done.returncode == 0 or not check, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def create_namespaces(self, names: Iterable[str], *objects: Manifest) -> None:
        """Make namespaces, with some objects in each of them."""
        manifests: list[Manifest] = []
        for name in names:
            manifests.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            manifests += [{**each, "metadata": {**each["metadata"], "namespace": name}} for each in objects]
        self.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(manifests))

    def crash(self, name: str) -> None:
        """End a process as kill -9 does."""
        self.bringup.crash(name)

    def restart(self, name: str) -> None:
        """Start a process again that has ended."""
        self.bringup.restart(name)

    def wait_until_ready(self) -> None:
        """Wait until every service says that it is ready."""
        urls = {process.name: process.health_url for process in self.record.processes if process.health_url}
        for name, url in urls.items():
            wait_until(partial(_answers, url), deadline=READY_AGAIN, goal=f"{name} is ready again")

    def requests(self) -> RequestCounts:
        """Return what the API server has counted so far."""
        return request_counts(self.record)

    def metrics(self, name: str) -> str:
        """Return the metrics page of a service."""
        found = self.record.process(name)
        assert found is not None
        with urllib.request.urlopen(f"{found.health_url}/metrics", timeout=5) as answer:
            page: bytes = answer.read()
        return page.decode()


def _answers(url: str) -> bool:
    return is_ready(url)[0]


def dynamoctl(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run dynamoctl to its end, with its output piped."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT,
    )


async def stored_messages(target: Target, stream: str, subjects: str = "dynamo.>") -> list[StoredMessage]:
    """Return everything that a stream holds."""
    found: list[StoredMessage] = []
    async with (
        asyncio.timeout(20),
        target.bus() as bus,
        bus.follow(stream, [subjects], After(0)) as deliveries,
    ):
        if deliveries.pending_at_open:
            async for delivery in deliveries:
                found.append(delivery.message)
                if delivery.pending == 0:
                    break
    return found


def running_programs(folder: Path) -> list[str]:
    """Return the programs whose command line or environment names a folder, such as a stack's."""
    shown = subprocess.run(["ps", "axeww", "-o", "command="], capture_output=True, text=True, check=True, timeout=10)
    return [line for line in shown.stdout.splitlines() if str(folder) in line]


@contextmanager
def state_home(folder: Path) -> Iterator[Path]:
    """Keep the state of all stacks in a folder of the test run, whoever asks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@contextmanager
def running_stack(
    name: str,
    *,
    nodes: str = MANY_GPUS,
    replicas: tuple[str, ...] = (),
    settings: tuple[str, ...] = (),
    api_arguments: tuple[str, ...] = (),
    members: int = 1,
    offers: tuple[str, ...] = (),
) -> Iterator[LiveStack]:
    """Run a stack; short claims, so that a killed replica is replaced within the patience of a test."""
    claims = [f"{service}.claim_ttl={CLAIM_TTL}" for service in SERVICES]
    options = stack_options(name, offers, [*claims, *settings], 0, replicas)
    options = replace(options, simulator_arguments=(f"--nodes={nodes}",), api_arguments=api_arguments)
    options = with_members(options, nats=members, etcd=members)
    bringup = Bringup(options, lambda *_: None)
    try:
        start_parts(bringup, lambda *_: None)
        yield LiveStack(bringup)
    finally:
        bringup.take_down()
