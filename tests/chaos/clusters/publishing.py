"""A hundred changes a second through the watcher's publisher, and what the log holds of them in the end.

The log keeps everything here, so that each acknowledged message can be looked for. Invariant of the load: every version
of every subject is submitted once, in order; what is newer may replace what waits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from lab.launcher.nats_clusters import NatsCluster
from services.watcher.changes.publications import Origin, Publication, publications
from services.watcher.publisher import Publisher, Stored
from shared.bus.event_log import connect
from shared.bus.options import NatsOptions
from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES, StreamSpec, stream_specs
from shared.core.resources import GRAPHS
from shared.ports.bus import After, EventLog
from shared.runtime.clock import SystemClock
from shared.testing.eventually import eventually

RATE = 100  # changes a second
SUBJECTS = 20
EPOCH = "clusters"
PATIENCE = timedelta(seconds=60)
_numbers = count()


@dataclass(slots=True)
class Load:
    """What was published, and when each acknowledgement came."""

    bus: EventLog
    namespace: str
    submitted: dict[str, int] = field(default_factory=dict)  # the newest version by subject
    acknowledged: list[tuple[int, str, int]] = field(default_factory=list)  # sequence, subject, version
    moments: list[float] = field(default_factory=list)
    longest_wait: float = 0.0  # from submitting a version to knowing that it, or a newer one, is stored
    _waiting: dict[int, float] = field(default_factory=dict)
    _number: int = 0

    @property
    def is_stored(self) -> bool:
        """Say whether nothing waits any more."""
        return not self._waiting

    def longest_stall(self, since: float) -> float:
        """Return the longest time without any acknowledgement from a moment on."""
        moments = [since, *(moment for moment in self.moments if moment > since)]
        return max((after - before for before, after in pairwise(moments)), default=0.0)

    async def run(self) -> None:
        """Submit changes for ever, at a steady pace."""
        loop = asyncio.get_running_loop()
        publisher = Publisher(self.bus, SystemClock(), self._on_stored, lambda _: 0, _epoch)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(publisher.run())
            began = loop.time()
            while True:
                self._number += 1
                publication = self._publication(self._number)
                self.submitted[publication.subject] = self._number
                self._waiting[self._number] = loop.time()
                await publisher.submit(publication, self._number)
                await asyncio.sleep(began + self._number / RATE - loop.time())

    def _publication(self, number: int) -> Publication:
        name = f"graph-{number % SUBJECTS}"
        metadata = {"namespace": self.namespace, "name": name, "uid": name, "resourceVersion": str(number)}
        manifest = {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "metadata": metadata, "spec": {}}
        origin = Origin("dynamo", "0", EPOCH)
        own, *_ = publications(GRAPHS, manifest, "modified", origin=origin, time=datetime.now(UTC))
        return own

    def _on_stored(self, stored: Stored, versions: list[int]) -> None:
        now = asyncio.get_running_loop().time()
        self.moments.append(now)
        for version in versions:
            self.longest_wait = max(self.longest_wait, now - self._waiting.pop(version))
        if stored.was_ours:
            self.acknowledged.append((stored.sequence, stored.publication.subject, stored.publication.version))


@dataclass(frozen=True, slots=True)
class Held:
    """What the log holds of a load: versions by subject, in the order of the log."""

    versions: dict[str, list[int]]
    found: frozenset[tuple[int, str, int]]

    def lost(self, load: Load) -> list[tuple[int, str, int]]:
        """Return the acknowledged messages that are not there."""
        return [each for each in load.acknowledged if each not in self.found]

    @property
    def fallen(self) -> list[str]:
        """Return the subjects where an older version lies on top of a newer one."""
        return [subject for subject, versions in self.versions.items() if versions != sorted(versions)]

    @property
    def newest(self) -> dict[str, int]:
        """Return the newest version by subject."""
        return {subject: versions[-1] for subject, versions in self.versions.items()}


@asynccontextmanager
async def publishing(urls: tuple[str, ...], namespace: str) -> AsyncIterator[tuple[Load, asyncio.Task[None]]]:
    """Publish while the block runs, or until it cancels the task."""
    async with connect(NatsOptions(urls)) as bus:
        await bus.provision([everything_kept(spec) for spec in stream_specs()], install="dynamo")
        load = Load(bus, namespace)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(load.run())
            yield load, task
            task.cancel()


def everything_kept(spec: StreamSpec) -> StreamSpec:
    """Return a stream that never drops a message."""
    return StreamSpec(spec.name, spec.subjects)


async def held(bus: EventLog, namespace: str) -> Held:
    """Read what the log holds of a namespace."""
    versions: dict[str, list[int]] = defaultdict(list)
    found: set[tuple[int, str, int]] = set()
    async with asyncio.timeout(20), bus.follow(CHANGES, [f"dynamo.changes.*.*.{namespace}.*"], After(0)) as deliveries:
        async for delivery in deliveries:
            message = delivery.message
            version = decode_change(message.headers).version
            versions[message.subject].append(version)
            found.add((message.sequence, message.subject, version))
            if delivery.pending == 0:
                break
    return Held(dict(versions), frozenset(found))


async def _epoch() -> str:
    return EPOCH


@asynccontextmanager
async def loaded(cluster: NatsCluster) -> AsyncIterator[Load]:
    """Publish while the block runs; afterwards every acknowledged message is there, in order, and the newest is."""
    namespace = f"load-{next(_numbers)}"
    async with publishing(cluster.urls, namespace) as (load, task):
        await going_on(load)
        yield load
        await going_on(load)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.to_thread(cluster.wait_until_whole)
        found = await held(load.bus, namespace)
    assert found.lost(load) == []
    assert found.fallen == []


async def going_on(load: Load) -> None:
    """Wait until fifty more messages are acknowledged."""
    enough = len(load.acknowledged) + 50
    await eventually(lambda: len(load.acknowledged) >= enough, within=PATIENCE)
