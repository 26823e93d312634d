"""The writers of the two facts: each is owned by one replica, by a claim of its own.

A fact is computed anew when something that it depends on changes, and written only when its bytes differ. A failed
look at the cluster keeps the last known answer: it never means "absent" (D-06).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import structlog

from services.discovery import metrics
from services.discovery.capacity.nodes import capacity
from shared.api.platform import capabilities_of
from shared.applying.facts import FactRecord
from shared.contracts.envelope import ChangeHeaders, decode_change, is_news
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import GPU, ORCHESTRATORS, encode_orchestrators
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT, parse_change_subject, parse_synced_subject, synced_subject
from shared.contracts.watched import gpus_requested
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.json import Manifest
from shared.core.resources import CUSTOM_RESOURCE_DEFINITIONS, NODES, PODS, Ref, Resource
from shared.ports.bus import EventLog, LiveOnly, Newest, StoredMessage
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster
from shared.ports.passes import Fence
from shared.ports.store import Store

log = structlog.get_logger()

FACTS = (ORCHESTRATORS, GPU)
GATHER = timedelta(milliseconds=300)  # changes come in bursts, and one write tells them all
LOOK_AGAIN = timedelta(minutes=5)  # D-06


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
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, fence: Fence) -> None:
        """Look at start, whenever a definition changes, and every five minutes."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            while True:
                await self._look(fence)
                await _any_of(self._changed.wait, lambda: self.clock.sleep(LOOK_AGAIN))
                self._changed.clear()
                await self.clock.sleep(GATHER)

    async def _look(self, fence: Fence) -> None:
        while True:
            try:
                groups = await self.cluster.served_groups()
            except TemporaryError as error:
                log.warning("API groups could not be read", reason=str(error))
                await self.clock.sleep(timedelta(seconds=1))
                continue
            await self.record.write(ORCHESTRATORS, encode_orchestrators(capabilities_of(groups)), fence)
            return

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
    _objects: dict[Ref, tuple[ChangeHeaders, Manifest | None]] = field(default_factory=dict)  # None: counts for nothing
    _missing: set[Resource] = field(default_factory=lambda: {NODES, PODS})
    _current_at: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _is_stale: bool = False

    async def run(self, fence: Fence) -> None:
        """Follow nodes and pods of all partitions, and write the capacity when it changes."""
        self._current_at = self.clock.elapsed()
        metrics.INVENTORY_AGE_SECONDS.labels(GPU).set_function(self._age)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow())
                while True:
                    await self._changed.wait()
                    await self.clock.sleep(GATHER)
                    self._changed.clear()
                    found = capacity(self._of(NODES), self._of(PODS))
                    await self.record.write(GPU, found.encode(), fence)
        finally:
            metrics.INVENTORY_AGE_SECONDS.remove(GPU)

    def _age(self) -> float:
        """Return for how many seconds changes of nodes and pods could not have arrived."""
        now = self.clock.elapsed()
        if self.bus.is_connected and not self._missing:
            self._current_at = now
        return now - self._current_at

    async def _follow(self) -> None:
        self._objects.clear()
        self._missing = {NODES, PODS}
        subjects = [f"{ROOT}.changes.*.{resource.plural}.>" for resource in (NODES, PODS)]
        subjects += [synced_subject(resource) for resource in (NODES, PODS)]
        async with self.bus.follow(CHANGES, subjects, Newest()) as deliveries:
            async for delivery in deliveries:
                self._is_stale |= self._take(delivery.message)
                if self._is_stale and not delivery.pending and not self._missing:
                    self._is_stale = False
                    self._changed.set()

    def _take(self, message: StoredMessage) -> bool:
        """Take in a message; return whether it may change the capacity."""
        resource = parse_synced_subject(message.subject)
        if resource is not None:
            self._missing.discard(resource)
            return True
        try:
            change, ref = decode_change(message.headers), parse_change_subject(message.subject).ref
            body = orjson.loads(message.body)
        except (InvalidObjectError, orjson.JSONDecodeError):
            return False  # the partitions report it
        known = self._objects.get(ref)
        if not is_news(change, known[0] if known is not None else None):
            return False
        held = known[1] if known is not None else None
        if change.is_tombstone:
            del self._objects[ref]
            return held is not None
        # Most pods of a graph may hold no GPU: they come and go without a word here.
        counts = body if ref.resource is not PODS or gpus_requested(body) else None
        self._objects[ref] = (change, counts)
        return counts is not None or held is not None

    def _of(self, resource: Resource) -> list[Manifest]:
        return [found for ref, (_, found) in self._objects.items() if ref.resource is resource and found is not None]


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
