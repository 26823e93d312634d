"""The writers of the facts: each is owned by one replica, by a claim of its own.

A fact is computed anew when something that it depends on changes, and written only when its bytes differ. A failed
look at the cluster keeps the last known answer: it never means "absent" (D-06).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from services.discovery import metrics
from services.discovery.capacity.nodes import capacity
from services.discovery.followed import Followed
from shared.api.platform import Capability, capabilities_of
from shared.applying.facts import FactRecord
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    GPU,
    ORCHESTRATORS,
    QUEUES,
    decode_orchestrators,
    encode_orchestrators,
    encode_queues,
)
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT
from shared.contracts.watched import gpus_requested
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.json import Manifest
from shared.core.objects import name_of
from shared.core.resources import (
    CUSTOM_RESOURCE_DEFINITIONS,
    LEADER_WORKER_SETS,
    NODES,
    POD_CLIQUE_SETS,
    PODS,
    VIRTUAL_SERVICES,
    Ref,
    Resource,
)
from shared.core.resources import QUEUES as KAI_QUEUES
from shared.ports.bus import EventLog, LiveOnly
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Fence
from shared.ports.store import Store

log = structlog.get_logger()

FACTS = (ORCHESTRATORS, GPU, QUEUES)
GATHER = timedelta(milliseconds=300)  # changes come in bursts, and one write tells them all
LOOK_AGAIN = timedelta(minutes=5)  # D-06
# Which kind a person thinks of when a capability comes or goes.
DEFINED_BY: Mapping[Capability, Resource] = {
    Capability.GROVE: POD_CLIQUE_SETS,
    Capability.ISTIO: VIRTUAL_SERVICES,
    Capability.KAI: KAI_QUEUES,
    Capability.LWS: LEADER_WORKER_SETS,
}
# A server offers what was defined some moments after the definition is stored, and tells nobody when.
LOOKS = tuple(timedelta(seconds=seconds) for seconds in (1, 4, 10))


def fact_record(store: Store, keys: EtcdKeys) -> FactRecord:
    """Return the record of the facts that this room writes."""

    def tell(name: str) -> None:
        metrics.FACTS_WRITTEN.labels(name).inc()
        log.info("fact changed", fact=name)

    return FactRecord(store, keys, tell)


@dataclass(slots=True)
class OrchestratorsFact:
    """Which orchestrators the cluster offers."""

    cluster: Cluster
    bus: EventLog
    clock: Clock
    record: FactRecord
    decisions: Decisions
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _offered: frozenset[Capability] | None = None  # as recorded, once that was read

    async def run(self, fence: Fence) -> None:
        """Look some times at start and after a definition changed, and every five minutes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            looks: Sequence[timedelta] = (
                LOOKS  # at start too: what changes before the log is followed is told by nobody
            )
            while True:
                await self._look(fence)
                pause, *looks = looks or (LOOK_AGAIN,)
                await _any_of(self._changed.wait, partial(self.clock.sleep, pause))
                if self._changed.is_set():
                    self._changed.clear()
                    await self.clock.sleep(GATHER)
                    looks = LOOKS

    async def _look(self, fence: Fence) -> None:
        while True:
            try:
                groups = await self.cluster.served_groups()
            except TemporaryError as error:
                log.warning("API groups could not be read", reason=str(error))
                await self.clock.sleep(timedelta(seconds=1))
                continue
            await self._note(frozenset(capabilities_of(groups)), fence)
            return

    async def _note(self, offered: frozenset[Capability], fence: Fence) -> None:
        """Write what is offered; tell of each capability that came or went, for the definition that it hangs on."""
        if self._offered is None:
            self._offered = await self._recorded()
        if not await self.record.write(ORCHESTRATORS, encode_orchestrators(offered), fence):
            return
        for capability in sorted(offered ^ self._offered):
            about = Ref(CUSTOM_RESOURCE_DEFINITIONS, "", DEFINED_BY[capability].group_resource)
            if capability in offered:
                self.decisions.record(Decision(about, "offered", f"the cluster offers {capability} now"))
            else:
                self.decisions.record(Decision(about, "withdrawn", f"the cluster offers {capability} no more"))
        self._offered = offered

    async def _recorded(self) -> frozenset[Capability]:
        known = (await self.record.recorded(ORCHESTRATORS)).get(ORCHESTRATORS)
        try:
            return frozenset(decode_orchestrators(known)) if known is not None else frozenset()
        except InvalidObjectError:
            return frozenset()  # it is written anew

    async def _watch(self) -> None:
        subjects = [f"{ROOT}.changes.*.{CUSTOM_RESOURCE_DEFINITIONS.plural}.>"]
        async with self.bus.follow(CHANGES, subjects, LiveOnly()) as deliveries:
            async for _ in deliveries:
                self._changed.set()


@dataclass(slots=True)
class GpuFact:
    """What the nodes hold and what is taken."""

    bus: EventLog
    clock: Clock
    record: FactRecord
    _current_at: float = 0.0

    async def run(self, fence: Fence) -> None:
        """Follow nodes and pods of all partitions, and write the capacity when it changes."""
        followed = Followed(self.bus, (NODES, PODS), _may_hold_gpus)
        self._current_at = self.clock.elapsed()
        metrics.INVENTORY_AGE_SECONDS.labels(GPU).set_function(lambda: self._age(followed))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(followed.run())
                while True:
                    await _change(followed, self.clock)
                    found = capacity(followed.of(NODES), followed.of(PODS))
                    await self.record.write(GPU, found.encode(), fence)
        finally:
            metrics.INVENTORY_AGE_SECONDS.remove(GPU)

    def _age(self, followed: Followed) -> float:
        """Return for how many seconds changes of nodes and pods could not have arrived."""
        now = self.clock.elapsed()
        if self.bus.is_connected and followed.is_complete:
            self._current_at = now
        return now - self._current_at


def _may_hold_gpus(resource: Resource, manifest: Manifest) -> bool:
    # Most pods of a graph may hold no GPU: they come and go without a word here.
    return resource is not PODS or bool(gpus_requested(manifest))


@dataclass(frozen=True, slots=True)
class QueuesFact:
    """Which queues the KAI scheduler has: a graph that names another one would never be scheduled (W-44)."""

    bus: EventLog
    clock: Clock
    record: FactRecord

    async def run(self, fence: Fence) -> None:
        """Follow the queues, and write their names when one comes or goes; without KAI there are none."""
        followed = Followed(self.bus, (KAI_QUEUES,))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(followed.run())
            while True:
                await _change(followed, self.clock)
                await self.record.write(QUEUES, encode_queues(map(name_of, followed.of(KAI_QUEUES))), fence)


async def _change(followed: Followed, clock: Clock) -> None:
    """Return when something has changed, once for each burst."""
    await followed.changed.wait()
    await clock.sleep(GATHER)
    followed.changed.clear()


async def _any_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Return when the first of several waits is over; cancel the others."""

    async def end(wait: Callable[[], Awaitable[object]], over: asyncio.Event) -> None:
        await wait()
        over.set()

    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(end(wait, over)) for wait in waits]
        await over.wait()
        for each in running:
            each.cancel()
