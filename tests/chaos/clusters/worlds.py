"""The watcher and onlookers on clusters of NATS and etcd, beside an API server whose graphs change all the time.

An onlooker is a replica of a service of its own that keeps views of graphs and writes nothing, so what it has seen can
be compared with the API server at any moment. All rooms run in this process, as their apps do in theirs.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats_clusters import NatsCluster
from shared.assembly.rooms import platform
from shared.core.json import Manifest
from shared.core.objects import name_of, uid_of, version_of
from shared.core.outcomes import Done, Outcome
from shared.core.resources import GRAPHS, Ref
from shared.ports.cluster import Cluster, Selection
from shared.ports.passes import Work
from shared.runtime.partitions.rules import pass_rules
from shared.runtime.partitions.service import PartitionService
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.testing.eventually import eventually
from tests.integration.rooms import ROOMS, Room, Servers, rooms_with

PATIENCE = timedelta(seconds=30)
TTL = timedelta(seconds=2)
RATE = 100  # changes a second
GRAPHS_AT_ONCE = 10
MANAGER = "tests"
_numbers = count()

Seen = dict[Ref, tuple[str, int]]  # uid and version of each object


@dataclass(slots=True)
class Onlooker:
    """One replica that only looks."""

    room: Room
    partitions: PartitionService

    def seen(self, namespace: str) -> Seen:
        """Return what its views hold of a namespace."""
        placed = [each for loop in self.partitions.loops.values() for each in loop.view]
        entries = [each.entry for each in placed if each.entry.ref.namespace == namespace]
        return {entry.ref: (entry.uid, entry.version) for entry in entries}


@dataclass(slots=True)
class World:
    """One namespace of changing graphs, and who watches it."""

    rooms: Servers
    watcher: Room
    namespace: str
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    changed: int = 0
    known: dict[str, str] = field(default_factory=dict)  # uid of each graph

    async def onlooker(self, *, nats_url: tuple[str, ...] = ()) -> Onlooker:
        """Start an onlooker that owns all partitions, and return it when its views are complete."""
        service = f"onlooker-{next(_numbers)}"
        made: list[PartitionService] = []

        async def app(given: dict[str, object], around: Service) -> None:
            async with platform(ServiceSettings.model_validate(given), around) as opened:
                rules = pass_rules(service, reads=frozenset({GRAPHS}), primaries={GRAPHS: look})
                made.append(opened.partitions(rules, max_in_flight=4))
                around.started()
                await made[0].run(around.stopping)

        more = {"nats_url": nats_url} if nats_url else {}
        room = self.rooms.run(service, app, **more)
        await eventually(lambda: room.service.readiness.is_ready, within=PATIENCE)
        return Onlooker(room, made[0])

    async def present(self) -> Seen:
        """Return what the API server holds of the namespace."""
        found = await self.rooms.cluster.list(GRAPHS, Selection(namespace=self.namespace))
        return {Ref(GRAPHS, self.namespace, name_of(each)): (uid_of(each), version_of(each)) for each in found.items}

    async def agrees(self, onlooker: Onlooker) -> bool:
        """Say whether an onlooker sees what the API server holds."""
        return onlooker.seen(self.namespace) == await self.present()

    async def change(self) -> None:
        """Create, edit and delete graphs for ever, at a steady pace."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await self.change_some(1)
            await asyncio.sleep(began + self.changed / RATE - loop.time())

    async def change_some(self, number: int) -> None:
        """Create, edit or delete so many graphs."""
        for _ in range(number):
            self.changed += 1
            await _change_something(self.rooms.cluster, self.namespace, self.dice, self.known)


@asynccontextmanager
async def world(kubeconfig: Path, nats: NatsCluster, etcd: EtcdCluster) -> AsyncIterator[World]:
    """Start a watcher on clusters."""
    given = {"kubeconfig": kubeconfig, "nats_url": nats.urls, "etcd_endpoints": etcd.endpoints}
    async with world_on(given) as made:
        yield made


@asynccontextmanager
async def world_on(given: dict[str, object], **of_watcher: object) -> AsyncIterator[World]:
    """Connect to servers that run, and start a watcher, which may have settings of its own."""
    namespace = f"changing-{next(_numbers)}"
    async with rooms_with({**given, "claim_ttl": TTL}) as rooms:
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await rooms.cluster.apply(made, manager=MANAGER)
        watcher = rooms.run("watcher", ROOMS["watcher"], **of_watcher)
        await eventually(lambda: watcher.service.readiness.is_ready, within=PATIENCE)
        yield World(rooms, watcher, namespace)


async def look(work: Work) -> Outcome:
    """Be a handler that only looks."""
    return Done()


async def _change_something(cluster: Cluster, namespace: str, dice: random.Random, known: dict[str, str]) -> None:
    name = f"graph-{dice.randrange(GRAPHS_AT_ONCE)}"
    ref = Ref(GRAPHS, namespace, name)
    if name in known and dice.random() < 0.1:
        await cluster.delete(ref, uid=known.pop(name))
    else:
        known[name] = uid_of(await cluster.apply(_graph(ref, dice.randint(1, 9)), manager=MANAGER))


def _graph(ref: Ref, replicas: int) -> Manifest:
    container = {"mainContainer": {"image": "registry.example/runtime:1"}}
    worker = {"componentType": "worker", "replicas": replicas, "extraPodSpec": container}
    metadata = {"name": ref.name, "namespace": ref.namespace}
    spec = {"backendFramework": "vllm", "services": {"web": worker}}
    return {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "metadata": metadata, "spec": spec}
