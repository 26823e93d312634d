"""A small world for the partition loop: a bus, a store, a clock, and the events that a watcher would publish."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from shared.contracts.envelope import ChangeHeaders, ChangeType
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import keys, partition_of
from shared.contracts.markers import SyncedMarker
from shared.contracts.ownership import ownership_digest
from shared.contracts.streams import CHANGES, DEAD_LETTERS, stream_specs
from shared.contracts.subjects import change_subject, synced_subject
from shared.contracts.summaries import summary
from shared.core.json import Manifest
from shared.core.objects import generation_of, ref_of, uid_of, version_of
from shared.core.outcomes import Done, Outcome
from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref, Resource
from shared.ports.passes import Handler, Work
from shared.runtime.dead_letters import DeadLetter, DeadLetters, decode_dead_letter
from shared.runtime.decisions import Origin
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.replicas import ClaimOptions
from shared.runtime.partitions.rules import PassOptions, PassRules, pass_rules
from shared.runtime.partitions.service import PartitionService
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore

KEYS = EtcdKeys("test")
READS = frozenset({GRAPHS, DEPLOYMENTS})
EPOCH = "cluster.0"


def a_graph(name: str = "chat", *, version: int = 10, **more: object) -> Manifest:
    """Return a graph; `more` are further members of its metadata."""
    return an_object(GRAPHS, name, version=version, **{"generation": 1, **more})


def a_deployment(name: str, *, of: str, version: int = 20, **more: object) -> Manifest:
    """Return a Deployment that a graph controls."""
    owner = {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "name": of,
        "uid": f"uid-{of}",
        "controller": True,
    }
    return an_object(DEPLOYMENTS, name, version=version, **{"ownerReferences": [owner], "generation": 1, **more})


def an_object(resource: Resource, name: str, *, version: int, **more: object) -> Manifest:
    """Return any object of namespace `team`."""
    metadata = {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": str(version)} | more
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def headers_of(
    manifest: Manifest, change: ChangeType, *, partition: int, epoch: str = EPOCH, is_copy: bool = False
) -> ChangeHeaders:
    """Return the headers that the watcher gives a change."""
    ref = ref_of(manifest)
    return ChangeHeaders(
        id=f"{uid_of(manifest)}.{version_of(manifest)}",
        type=change,
        source="/dynamo-platform/test",
        subject=ref.path,
        time=FakeClock().now(),
        plural=ref.resource.plural,
        uid=uid_of(manifest),
        version=version_of(manifest),
        epoch=epoch,
        partition=partition,
        generation=generation_of(manifest),
        ownership_digest=ownership_digest(manifest),
        is_copy=is_copy,
    )


def home_of(manifest: Manifest) -> int:
    """Return the partition of an object's own key."""
    return partition_of(keys(ref_of(manifest).resource, manifest).own)


@dataclass(slots=True)
class Recorder:
    """A handler that remembers its passes and answers as it is told."""

    answers: list[Outcome | Exception] = field(default_factory=list)
    passes: list[Work] = field(default_factory=list)
    before: Callable[[Work], Awaitable[None]] | None = None  # what a pass does before it answers

    async def __call__(self, work: Work) -> Outcome:
        """Run one pass."""
        self.passes.append(work)
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before(work)
        answer = self.answers.pop(0) if self.answers else Done()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def primaries(self) -> list[str]:
        """Return the names of the primaries in the order of their passes."""
        return [work.primary.name for work in self.passes]


@dataclass(slots=True)
class World:
    """Servers, and the hand of the watcher."""

    clock: FakeClock = field(default_factory=FakeClock)
    bus: FakeBus = field(init=False)
    store: FakeStore = field(init=False)
    handler: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        """Start the servers."""
        self.bus, self.store = FakeBus(self.clock), FakeStore(self.clock)

    async def provision(self) -> None:
        """Make the streams."""
        await self.bus.provision(stream_specs(), install="test")

    async def publish(
        self,
        manifest: Manifest,
        change: ChangeType = "added",
        *,
        partition: int | None = None,
        epoch: str = EPOCH,
        is_copy: bool = False,
    ) -> int:
        """Publish a change as the watcher would."""
        number = home_of(manifest) if partition is None else partition
        ref = ref_of(manifest)
        headers = headers_of(manifest, change, partition=number, epoch=epoch, is_copy=is_copy)
        body = orjson.dumps(summary(ref.resource, manifest))
        return await self.bus.publish(str(change_subject(number, ref)), body, headers.encode())

    async def mark_synced(self, *resources: Resource, epoch: str = EPOCH) -> None:
        """Publish current synced markers."""
        state = await self.bus.state(CHANGES)
        for resource in resources or tuple(READS):
            marker = SyncedMarker(epoch, state.created, 1)
            await self.bus.publish(synced_subject(resource), marker.encode(), {})

    def service(
        self,
        member: str = "one",
        *,
        handlers: Mapping[Resource, Handler] | None = None,
        rules: PassRules | None = None,
        options: PassOptions | None = None,
        store: FakeStore | None = None,
        objects: Mapping[Ref, Manifest] | None = None,
    ) -> PartitionService:
        """Return a replica that passes over graphs."""

        async def fetch(ref: Ref) -> Manifest | None:
            return (objects or {}).get(ref)

        return PartitionService(
            rules=rules or pass_rules("test", reads=READS, primaries=handlers or {GRAPHS: self.handler}),
            keys=KEYS,
            member=member,
            bus=self.bus,
            store=store or self.store,
            clock=self.clock,
            letters=DeadLetters(self.bus, self.clock, Origin("test", "test", "1")),
            fetch=fetch,
            readiness=Readiness("test"),
            options=options or PassOptions(fact_spread=timedelta()),
            claims=ClaimOptions(),
            dice=random.Random(1),
        )

    async def rest(self) -> None:
        """Let everything come to rest and forget the passes so far."""
        await self.clock.settle()
        self.handler.passes.clear()

    async def stop_bus(self, _: Work) -> None:
        """Take the bus away in the middle of a pass."""
        self.bus.stop()

    def letters(self) -> list[DeadLetter]:
        """Return the dead letters."""
        return [decode_dead_letter(message.body) for message in self.bus.messages(DEAD_LETTERS)]


async def a_world() -> World:
    """Return a world whose streams are made."""
    world = World()
    await world.provision()
    return world


@asynccontextmanager
async def running(*services: PartitionService) -> AsyncIterator[asyncio.Event]:
    """Run services until the block ends, then let them stop gracefully."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for service in services:
            tasks.create_task(service.run(stopping))
        yield stopping
        stopping.set()
