"""The rooms that write to a cluster, with their real handlers, on one fake cluster: what they leave there.

No event log and no claims: a room's turn is a pass over every primary that its own router names for what has changed,
on a view that is up to date. Turns alternate with the controllers of `workloads.py` until nothing changes any more.
That is enough to say what is made and reported; how it comes about under failures is the business of tests/chaos.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from services.discovery import handlers as discovery
from services.rbac import handlers as rbac
from services.reconciler.app import pass_rules as reconciler_rules
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.settings import ReconcilerSettings
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.writes import Writer
from shared.assembly.rooms import Platform
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    ACCOUNTS,
    ALL_SEEN,
    ORCHESTRATORS,
    REGISTRIES,
    SSH_SOURCE,
    encode_orchestrators,
    encode_queues,
    encode_ssh_source,
)
from shared.contracts.facts import QUEUES as QUEUES_OF_KAI
from shared.contracts.ownership import DISCOVERY, RBAC
from shared.core.outcomes import Done, Outcome
from shared.core.resources import GRAPHS, NAMESPACES, SERVICE_ACCOUNTS, SERVICES, Ref, Resource
from shared.ports.passes import Decision, Handler, Work
from shared.ports.store import Put
from shared.runtime.partitions.router import concerned, routes
from shared.runtime.partitions.rules import PassRules, pass_rules
from shared.runtime.partitions.views.view import Effect, PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Request
from shared.testing.store import FakeStore
from tests.parity.clusters import PLANNER_ROLE, SSH_NAMESPACE, RecordedCluster, found_there
from tests.parity.workloads import make_ready

KEYS = EtcdKeys("parity")
TURNS = 30  # more is a cluster that does not come to rest
BETWEEN = timedelta(seconds=2)


class Silence:
    """A decision log that keeps nothing."""

    def record(self, decision: Decision) -> None:
        """Drop a decision."""


@dataclass(frozen=True, slots=True)
class Held:
    """A fence that never ends."""

    claim: str
    token: int = 0

    def check(self) -> None:
        """Allow everything."""


@dataclass(slots=True)
class Room:
    """One service as the owner of everything: what changed since its last turn queues what its router says."""

    rules: PassRules
    fence: Held
    view: PartitionView = field(default_factory=lambda: PartitionView(0, 1))
    _heard: int = 0  # changes of the cluster
    _queue: set[Ref] = field(default_factory=set)

    async def turn(self, cluster: FakeCluster, facts: Mapping[str, bytes]) -> None:
        """Pass once over every primary that is concerned; one that has to try again is in the next turn too."""
        self._hear(cluster)
        primaries, self._queue = sorted(self._queue), set()
        for primary in primaries:
            if not isinstance(await self._pass(primary, facts), Done):
                self._queue.add(primary)

    def sweep(self) -> None:
        """Queue every primary, as each owner does now and then."""
        self._queue |= {each.primary for placed in self.view for each in routes(placed, self.rules.router)}

    async def _pass(self, primary: Ref, facts: Mapping[str, bytes]) -> Outcome:
        def on_own(effect: Effect) -> None:
            self._queue |= {each.primary for each in concerned(effect, self.rules.router)} - {primary}

        view = PassView(self.view, on_own)
        work = Work(primary, view, self.fence, "edit", cause="event-1", correlation="edit.1", facts=facts)
        return await self.rules.primaries[primary.resource](work)

    def _hear(self, cluster: FakeCluster) -> None:
        changes = cluster.objects.changes[self._heard :]
        self._heard += len(changes)
        for change in changes:
            if change.ref.resource in self.rules.reads and change.after is not None:
                effect = self.view.take_object(change.after)
                self._queue |= {each.primary for each in concerned(effect, self.rules.router)} if effect else set()


@dataclass(slots=True)
class Installation:
    """All rooms in one cluster."""

    cluster: FakeCluster
    clock: FakeClock
    rooms: tuple[Room, ...]
    recorder: EventRecorder
    facts: Mapping[str, bytes]

    async def come_to_rest(self) -> None:
        """Let rooms and controllers take turns until nothing is written any more; raise TimeoutError otherwise."""
        recording = asyncio.ensure_future(self.recorder.run())
        try:
            for _ in range(TURNS):
                before = self.cluster.objects.version
                for room in self.rooms:
                    await room.turn(self.cluster, self.facts)
                make_ready(self.cluster)
                await self.clock.advance(BETWEEN)
                if self.cluster.objects.version == before:
                    return
        finally:
            recording.cancel()
        raise TimeoutError(f"the cluster did not come to rest in {TURNS} turns")

    async def sweep(self) -> list[Request]:
        """Pass once over everything, and return what that asked of the cluster."""
        before = len(self.cluster.requests)
        for room in self.rooms:
            room.sweep()
            await room.turn(self.cluster, self.facts)
        return self.cluster.requests[before:]


async def an_installation(described: RecordedCluster, namespaces: Iterable[str]) -> Installation:
    """Return an installation in a cluster that offers what was described, with nothing applied yet."""
    clock = FakeClock()
    cluster = FakeCluster(clock, namespaces=("default", "kube-system", SSH_NAMESPACE, *namespaces))
    for kind in described.kinds:
        cluster.serve(kind)
    for manifest in found_there(described):
        if manifest["kind"] != NAMESPACES.kind:
            cluster.put(manifest)
    store = FakeStore(clock)
    settings = ReconcilerSettings(install="parity", platform=described.platform)
    around = cast(
        Platform,
        SimpleNamespace(cluster=cluster, store=store, clock=clock, keys=KEYS, decisions=Silence(), settings=settings),
    )
    recorder = EventRecorder(cluster, clock)
    rules = (reconciler_rules(around, settings, recorder), _rbac(around, described), _discovery(around))
    rooms = tuple([Room(each, await _claimed(store, each.service)) for each in rules])
    return Installation(cluster, clock, rooms, recorder, _facts(described))


def _facts(described: RecordedCluster) -> dict[str, bytes]:
    return {
        ORCHESTRATORS: encode_orchestrators(described.capabilities),
        QUEUES_OF_KAI: encode_queues(described.queues),
        REGISTRIES: ALL_SEEN,
        ACCOUNTS: ALL_SEEN,
        SSH_SOURCE: encode_ssh_source("1"),
    }


async def _claimed(store: FakeStore, service: str) -> Held:
    claim = KEYS.claim(service, "0")
    await store.commit([Put(claim, b"")])
    pair = await store.get(claim)
    return Held(claim, pair.create_revision if pair else 0)


def _rbac(around: Platform, described: RecordedCluster) -> PassRules:
    inventories = Inventories(around.store, around.keys, "rbac")
    children = Children(Writer(around.cluster, RBAC), inventories, around.decisions, rbac.MANAGED)
    backend = described.platform.discovery.backend
    return pass_rules(
        "rbac",
        reads=frozenset(rbac.READS),
        primaries={
            GRAPHS: rbac.GraphGrantsHandler(children, inventories, backend),
            SERVICE_ACCOUNTS: rbac.SharedAccountsHandler(around.cluster, children, around.decisions, PLANNER_ROLE),
        },
        router=rbac.route,
        heeds_progress=False,
    )


def _discovery(around: Platform) -> PassRules:
    inventories = Inventories(around.store, around.keys, "discovery")
    children = Children(Writer(around.cluster, DISCOVERY), inventories, around.decisions, discovery.MANAGED)
    primaries: dict[Resource, Handler] = {
        GRAPHS: discovery.InstancesHandler(around.store, around.keys, around.decisions),
        SERVICES: discovery.ModelServiceHandler(around.cluster, children, inventories, around.decisions),
    }
    return pass_rules(
        "discovery", reads=discovery.READS, primaries=primaries, router=discovery.route, heeds_progress=False
    )
