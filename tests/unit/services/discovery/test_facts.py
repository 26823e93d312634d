"""The writers of the facts: written when they change, kept while nobody can look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.discovery.facts import GpuFact, OrchestratorsFact, QueuesFact, fact_record
from services.watcher.changes.publications import publications
from shared.api.platform import Capability
from shared.applying.facts import FactRecord
from shared.contracts.capacity import Capacity, decode_capacity
from shared.contracts.envelope import ChangeType
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import (
    GPU,
    ORCHESTRATORS,
    QUEUES,
    decode_orchestrators,
    decode_queues,
    encode_orchestrators,
)
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import stream_specs
from shared.contracts.subjects import synced_subject
from shared.core import labels
from shared.core.errors import LeaseLostError, UnreachableError
from shared.core.json import Manifest
from shared.core.resources import CUSTOM_RESOURCE_DEFINITIONS, NODES, PODS, Resource
from shared.core.resources import QUEUES as KAI_QUEUES
from shared.ports.store import Put
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore
from tests.unit.services.watcher.changes.builders import NOW, ORIGIN, an_object
from tests.unit.shared.applying.worlds import Fence, Told

pytestmark = pytest.mark.asyncio

KEYS = EtcdKeys("test")
NOWHERE: frozenset[str] = frozenset()


class Groups(FakeCluster):
    """A cluster whose API groups a test sets."""

    groups: Mapping[str, frozenset[str]] | None = None

    async def served_groups(self) -> Mapping[str, frozenset[str]]:
        """Return the groups, or fail."""
        if self.groups is None:
            raise UnreachableError("away")
        return self.groups


@dataclass(slots=True)
class Desk:
    """Servers, and the claim on a fact."""

    clock: FakeClock = field(default_factory=FakeClock)
    bus: FakeBus = field(init=False)
    store: FakeStore = field(init=False)
    cluster: Groups = field(init=False)
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("facts", "x")))

    def __post_init__(self) -> None:
        self.bus, self.store, self.cluster = FakeBus(self.clock), FakeStore(self.clock), Groups(self.clock)
        self.cluster.groups = {}

    @property
    def record(self) -> FactRecord:
        """Return the writer of facts."""
        return fact_record(self.store, KEYS)

    def orchestrators(self) -> Coroutine[Any, Any, None]:
        """Return a writer of what the cluster offers."""
        return OrchestratorsFact(self.cluster, self.bus, self.clock, self.record, self.told).run(self.fence)

    @asynccontextmanager
    async def running(self, writing: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run a writer."""
        with capture_logs():
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(writing)
                yield
                task.cancel()

    async def publish(
        self,
        resource: Resource,
        manifest: Manifest,
        change: ChangeType = "modified",
        held: frozenset[str] = frozenset(),
    ) -> frozenset[str]:
        """Publish an object as the watcher does, and return where."""
        found = publications(resource, manifest, change, origin=ORIGIN, time=NOW, held=held)
        for each in found:
            await self.bus.publish(each.subject, each.body, each.headers.encode())
        return frozenset(each.subject for each in found)

    async def mark_synced(self, *resources: Resource) -> None:
        """Publish markers."""
        for resource in resources:
            marker = SyncedMarker(ORIGIN.epoch, NOW, 1)
            await self.bus.publish(synced_subject(resource), marker.encode(), {})

    async def advance(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        await self.clock.advance(timedelta(seconds=seconds))

    def capacity(self) -> Capacity | None:
        """Return the recorded capacity."""
        value = self.store.pairs().get(KEYS.fact(GPU))
        return decode_capacity(value) if value else None

    def capabilities(self) -> tuple[Capability, ...] | None:
        """Return the recorded capabilities."""
        value = self.store.pairs().get(KEYS.fact(ORCHESTRATORS))
        return decode_orchestrators(value) if value else None

    def queues(self) -> frozenset[str] | None:
        """Return the recorded queues."""
        value = self.store.pairs().get(KEYS.fact(QUEUES))
        return decode_queues(value) if value else None


async def a_desk() -> Desk:
    """Return a desk that holds the claim."""
    desk = Desk()
    await desk.bus.provision(stream_specs(), install="test")
    desk.fence = replace(desk.fence, token=await desk.store.commit([Put(desk.fence.claim, b"")]))
    return desk


def a_node(name: str = "n1", *, gpus: int = 8, version: int = 5) -> Manifest:
    """Return a node with GPUs."""
    node = an_object(NODES, name, version=version, status={"allocatable": {"nvidia.com/gpu": str(gpus)}})
    del node["metadata"]["namespace"]
    return node


def a_pod(*, graph: str = "chat", version: int = 6) -> Manifest:
    """Return a pod that holds two GPUs of node `n1`."""
    limits = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
    return an_object(PODS, "p1", version=version, graph=graph, spec={"nodeName": "n1", "containers": [limits]})


def taken(found: Capacity | None) -> list[int]:
    """Return what is taken on each node."""
    return [count.requested for node in found.nodes for count in node.gpus.values()] if found else []


# gpu


async def test_the_capacity_is_written_when_nodes_and_pods_are_complete() -> None:
    desk = await a_desk()
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.publish(NODES, a_node())
        await desk.mark_synced(NODES)
        await desk.advance()
        before = desk.capacity()
        await desk.publish(PODS, a_pod())
        await desk.mark_synced(PODS)
        await desk.advance()

        assert before is None
        assert taken(desk.capacity()) == [2]


async def test_a_burst_of_changes_is_one_write_and_rest_is_none() -> None:
    desk = await a_desk()
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(NODES, PODS)
        for number in range(20):
            await desk.publish(NODES, a_node(f"n{number}"))
        await desk.advance()
        writes = desk.store.calls["commit"]
        await desk.publish(NODES, a_node("n0", version=99))
        await desk.advance(600.0)

        assert writes == 2  # the claim, and the fact
        assert desk.store.calls["commit"] == writes


async def test_pods_without_gpus_come_and_go_without_a_look_at_the_capacity() -> None:
    desk = await a_desk()
    frontend = {**a_pod(), "spec": {"nodeName": "n1", "containers": [{"resources": {"limits": {"cpu": "2"}}}]}}
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(NODES, PODS)
        await desk.publish(NODES, a_node())
        await desk.advance()
        calls = desk.store.calls.copy()
        held = await desk.publish(PODS, frontend)
        await desk.advance()
        await desk.publish(PODS, {**frontend, "metadata": a_pod(version=7)["metadata"]}, "deleted", held)
        await desk.advance()

        assert desk.store.calls == calls
        assert taken(desk.capacity()) == [0]


async def test_what_is_gone_is_free_again() -> None:
    desk = await a_desk()
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(NODES, PODS)
        await desk.publish(NODES, a_node())
        held = await desk.publish(PODS, a_pod())
        await desk.advance()
        await desk.publish(PODS, a_pod(version=7), "deleted", held)
        await desk.advance()

        assert taken(desk.capacity()) == [0]


async def test_a_pod_that_moved_to_another_partition_still_holds_its_gpus() -> None:
    desk = await a_desk()
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(NODES, PODS)
        await desk.publish(NODES, a_node())
        held = await desk.publish(PODS, a_pod())
        await desk.publish(PODS, a_pod(graph="code", version=7), "modified", held)
        await desk.publish(PODS, {**a_pod(version=8), "metadata": {**a_pod(version=8)["metadata"], "labels": MODEL}})
        await desk.advance()

        assert taken(desk.capacity()) == [2]


MODEL = {labels.GRAPH_NAME: "code", labels.BASE_MODEL_HASH: "abc"}


async def test_what_nobody_can_read_is_left_out() -> None:
    desk = await a_desk()
    async with desk.running(GpuFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.bus.publish("dynamo.changes.1.nodes.-.bad", b"{}", {})
        await desk.publish(NODES, a_node())
        await desk.mark_synced(NODES, PODS)
        await desk.advance()

        assert taken(desk.capacity()) == [0]


# orchestrators


async def test_what_the_cluster_offers_is_written_at_start() -> None:
    desk = await a_desk()
    desk.cluster.groups = {"grove.io": frozenset({"podcliquesets"})}
    async with desk.running(desk.orchestrators()):
        await desk.advance()

        assert desk.capabilities() == (Capability.GROVE,)


async def test_a_definition_that_is_written_is_looked_at_within_a_second() -> None:
    desk = await a_desk()
    async with desk.running(desk.orchestrators()):
        await desk.advance()
        desk.cluster.groups = {"grove.io": frozenset({"podcliquesets"})}
        await desk.publish(
            CUSTOM_RESOURCE_DEFINITIONS, an_object(CUSTOM_RESOURCE_DEFINITIONS, "podcliquesets.grove.io")
        )
        await desk.advance()

        assert desk.capabilities() == (Capability.GROVE,)


async def test_the_cluster_is_looked_at_every_five_minutes_in_any_case() -> None:
    desk = await a_desk()
    async with desk.running(desk.orchestrators()):
        await desk.advance()
        desk.cluster.groups = {"grove.io": frozenset({"podcliquesets"})}
        await desk.advance(301.0)

        assert desk.capabilities() == (Capability.GROVE,)


@pytest.mark.rule("D-06")
async def test_a_failed_look_keeps_the_last_answer() -> None:
    desk = await a_desk()
    desk.cluster.groups = {"grove.io": frozenset({"podcliquesets"})}
    async with desk.running(desk.orchestrators()):
        await desk.advance()
        desk.cluster.groups = None
        await desk.advance(900.0)
        during = desk.capabilities()
        desk.cluster.groups = {}
        await desk.advance(10.0)

        assert during == (Capability.GROVE,)
        assert desk.capabilities() == ()


@pytest.mark.rule("W-02")
async def test_a_definition_is_looked_at_until_a_slow_server_offers_it() -> None:
    desk = await a_desk()
    async with desk.running(desk.orchestrators()):
        await desk.advance()
        await desk.publish(
            CUSTOM_RESOURCE_DEFINITIONS, an_object(CUSTOM_RESOURCE_DEFINITIONS, "podcliquesets.grove.io")
        )
        await desk.advance(3.0)
        desk.cluster.groups = {"grove.io": frozenset({"podcliquesets"})}
        await desk.advance(15.0)

        assert desk.capabilities() == (Capability.GROVE,)


@pytest.mark.rule("W-02")
async def test_what_comes_and_goes_is_told_once_with_the_definition_it_hangs_on() -> None:
    desk = await a_desk()
    grove, kai = {"grove.io": NOWHERE}, {"scheduling.run.ai": NOWHERE}
    desk.cluster.groups = grove
    async with desk.running(desk.orchestrators()):
        await desk.advance()
        desk.cluster.groups = kai
        await desk.advance(301.0)
        desk.cluster.groups = kai
        await desk.advance(301.0)
    async with desk.running(desk.orchestrators()):
        await desk.advance()

    assert [(each.about.name, each.message) for each in desk.told.decisions] == [
        ("podcliquesets.grove.io", "the cluster offers grove now"),
        ("podcliquesets.grove.io", "the cluster offers grove no more"),
        ("queues.scheduling.run.ai", "the cluster offers kai now"),
    ]


# queues


def a_queue(name: str, version: int = 5) -> Manifest:
    """Return a queue of the KAI scheduler."""
    queue = an_object(KAI_QUEUES, name, version=version, spec={"displayName": name})
    del queue["metadata"]["namespace"]
    return queue


@pytest.mark.rule("W-44")
async def test_the_queues_are_written_when_all_are_known() -> None:
    desk = await a_desk()
    async with desk.running(QueuesFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.publish(KAI_QUEUES, a_queue("dynamo"))
        await desk.advance()
        before = desk.queues()
        await desk.mark_synced(KAI_QUEUES)
        await desk.advance()

        assert before is None
        assert desk.queues() == frozenset({"dynamo"})


@pytest.mark.rule("W-44")
async def test_a_queue_that_comes_or_goes_is_written_and_nothing_else_is() -> None:
    desk = await a_desk()
    async with desk.running(QueuesFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(KAI_QUEUES)
        held = await desk.publish(KAI_QUEUES, a_queue("dynamo"))
        await desk.publish(KAI_QUEUES, a_queue("team-a"))
        await desk.advance()
        both = desk.queues()
        calls = desk.store.calls["commit"]
        await desk.publish(KAI_QUEUES, a_queue("team-a", version=6))
        await desk.advance()
        resting = desk.store.calls["commit"]
        await desk.publish(KAI_QUEUES, a_queue("dynamo", version=7), "deleted", held)
        await desk.advance()

        assert both == frozenset({"dynamo", "team-a"})
        assert resting == calls
        assert desk.queues() == frozenset({"team-a"})


async def test_a_cluster_without_kai_has_no_queues() -> None:
    desk = await a_desk()
    async with desk.running(QueuesFact(desk.bus, desk.clock, desk.record).run(desk.fence)):
        await desk.mark_synced(KAI_QUEUES)
        await desk.advance()

        assert desk.queues() == frozenset()


# The record


async def test_a_lost_claim_writes_nothing() -> None:
    desk = await a_desk()

    with pytest.raises(LeaseLostError):
        await desk.record.write(GPU, b"{}", replace(desk.fence, token=desk.fence.token + 1))

    assert KEYS.fact(GPU) not in desk.store.pairs()


async def test_equal_facts_are_written_once() -> None:
    desk = await a_desk()
    value = encode_orchestrators(())

    with capture_logs():
        assert await desk.record.write(ORCHESTRATORS, value, desk.fence)
        assert not await desk.record.write(ORCHESTRATORS, value, desk.fence)
