"""One stack for the short drills of the folder, with graphs that serve and one to edit for each drill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.launcher.stacks import stack_folder
from shared.core.json import Manifest
from tests.chaos.failures.drills import prepare, undisturbed
from tests.e2e.stacks import LiveStack, running_stack, state_home

SERVING = 4  # graphs
NAME = "failures"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where drills take place, and what each has to end with."""

    stack: LiveStack
    expected: dict[str, Manifest]


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The stack that the folder shares; a test gives it back whole."""
    with state_home(tmp_path_factory.mktemp("state")):
        kept = f"--data={stack_folder(NAME) / 'apiserver' / 'data'}"
        with running_stack(NAME, replicas=("reconciler=3",), api_arguments=(kept,)) as live:
            asyncio.run(prepare(live, ["calm", *SHORT], SERVING))
            yield Ground(live, asyncio.run(undisturbed(live, "calm")))


SHORT = (
    "watcher",
    "one-reconciler",
    "all-reconcilers",
    "rbac",
    "discovery",
    "all-webhooks",
    "asleep",
    "nats-killed",
    "nats-wiped",
    "etcd-killed",
    "etcd-wiped",
    "both-wiped",
    "api-stopped",
    "api-hangs",
)
