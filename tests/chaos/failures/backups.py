"""Taking the lab's cluster back in time, as a restored backup does: versions fall, and what came later never was.

The API server writes its snapshot when asked (SIGHUP). After that things happen: a graph is rolled out that the backup
does not know. Then the server is killed and started from the snapshot. Half of the version is reached by as many
writes to some other objects as the cluster has seen in all.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.json import Manifest
from shared.core.objects import version_of
from shared.core.resources import CONFIG_MAPS, GRAPHS, Ref
from shared.testing.eventually import eventually
from tests.chaos.failures.observers import Observer, observing
from tests.chaos.failures.users import User
from tests.e2e.graphs import MANAGER, graph
from tests.e2e.stacks import LiveStack

LATER = "later"  # namespace and graph of which the backup knows nothing
WRITERS = 8
PATIENCE = timedelta(seconds=30)


@dataclass(slots=True)
class Backup:
    """One backup of a stack's cluster."""

    to_half: bool
    _file: Path = field(default_factory=Path)
    _versions: tuple[int, int] = (0, 0)
    _epochs: tuple[str, ...] = ()

    def take_and_lose(self, stack: LiveStack) -> None:
        """Take a backup, let things happen, and lose the cluster."""
        asyncio.run(self._take(stack))
        stack.bringup.crash("apiserver")

    def restore(self, stack: LiveStack) -> None:
        """Start the API server from the backup."""
        shutil.copyfile(self._file, _snapshot(stack))
        stack.bringup.restart("apiserver")
        asyncio.run(self._await_new_epoch(stack))

    def told(self) -> str:
        """Return from which version to which the cluster fell, and in which epochs."""
        return f"version {self._versions[1]} to {self._versions[0]}, epoch {' to '.join(self._epochs)}"

    async def _take(self, stack: LiveStack) -> None:
        self._epochs = (await _epoch(stack),)
        snapshot = _snapshot(stack)
        snapshot.unlink(missing_ok=True)
        stack.bringup.reload("apiserver")
        await eventually(snapshot.exists, within=PATIENCE)
        self._file = snapshot.with_name("backup.json")
        shutil.copyfile(snapshot, self._file)
        version = json.loads(self._file.read_bytes())["version"]
        async with observing(stack) as observer:
            await _roll_out(observer)
            self._versions = (version, await _write_until(observer, 2 * version if self.to_half else 0))

    async def _await_new_epoch(self, stack: LiveStack) -> None:
        async def is_new() -> bool:
            return await _epoch(stack) != self._epochs[0]

        await eventually(is_new, within=PATIENCE)
        self._epochs = (*self._epochs, await _epoch(stack))


async def _roll_out(observer: Observer) -> None:
    """Roll out a graph that the backup does not know."""
    await User(observer.cluster, LATER).make_namespace()
    await observer.cluster.apply(graph(LATER, LATER), manager=MANAGER)
    ref = Ref(GRAPHS, LATER, LATER)
    await observer.until(lambda: observer.is_successful(ref), within=PATIENCE, goal="the later graph successful")


async def _write_until(observer: Observer, version: int) -> int:
    """Write until the cluster has a version; return the one that it has."""
    newest = 0

    async def write(name: str) -> None:
        nonlocal newest
        for number in count():
            stored = await observer.cluster.apply(_note(name, number), manager=MANAGER)
            newest = max(newest, version_of(stored))
            if newest >= version:
                return

    async with asyncio.TaskGroup() as tasks:
        for writer in range(WRITERS):
            tasks.create_task(write(f"notes-{writer}"))
    return newest


def _note(name: str, number: int) -> Manifest:
    kind = {"apiVersion": CONFIG_MAPS.api_version, "kind": CONFIG_MAPS.kind}
    return {**kind, "metadata": {"name": name, "namespace": LATER}, "data": {"number": str(number)}}


async def _epoch(stack: LiveStack) -> str:
    async with stack.target.store() as store:
        pair = await store.get(EtcdKeys(stack.record.name).epoch)
    record = json.loads(pair.value) if pair else {"uid": "", "counter": ""}
    return f"{record['counter']}"


def _snapshot(stack: LiveStack) -> Path:
    return stack.bringup.folder / "apiserver" / "data" / "cluster.json"
