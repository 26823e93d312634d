"""What is read of NATS, etcd and the cluster, on fakes with a service that runs."""

from __future__ import annotations

import orjson
import pytest

from cli.examinations.servers import of_bus, of_cluster, of_store
from cli.findings.evidence import Checkpoint, NoOwner
from shared.contracts.controls import PartitionStatus
from shared.contracts.keys import PARTITIONS
from shared.contracts.streams import CHANGES
from shared.core.resources import COMPONENTS, GRAPHS
from shared.ports.store import Put
from shared.runtime.partitions.rules import pass_rules
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from tests.unit.shared.runtime.partitions.worlds import KEYS, READS, World, a_graph, a_world, running

pytestmark = pytest.mark.asyncio


async def a_running_world() -> World:
    """Return a world with a graph and its synced markers."""
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    return world


async def test_each_partition_is_asked_how_it_is() -> None:
    world = await a_running_world()
    rules = pass_rules("rbac", reads=READS, primaries={GRAPHS: world.handler})

    async with running(world.service("one", rules=rules)):
        await world.clock.settle()
        seen = await of_bus(world.bus.another())

    owned = [status for (name, _), status in seen.statuses.items() if name == "rbac"]
    assert len(owned) == PARTITIONS
    assert all(isinstance(status, PartitionStatus) and status.member == "one" for status in owned)
    assert {type(status) for (name, _), status in seen.statuses.items() if name != "rbac"} == {NoOwner}
    assert seen.markers[GRAPHS] is not None
    assert seen.markers[COMPONENTS] is None
    assert seen.streams[CHANGES] is not None


async def test_streams_that_are_not_there_are_none_and_no_failure() -> None:
    world = World()

    seen = await of_bus(world.bus)

    assert set(seen.streams.values()) == {None}
    assert set(seen.markers.values()) == {None}
    assert list(seen.letters) == []


async def test_claims_members_and_checkpoints_are_read_of_etcd() -> None:
    world = await a_running_world()
    rules = pass_rules("rbac", reads=READS, primaries={GRAPHS: world.handler})
    created = world.clock.now()
    good = orjson.dumps({"version": 5, "epoch": "uid.0", "streamCreated": created.isoformat()})
    await world.store.commit(
        [
            Put(f"{KEYS.root}checkpoints/pods", good),
            Put(f"{KEYS.root}checkpoints/nodes", b"{"),
            Put(KEYS.epoch, orjson.dumps({"uid": "uid", "counter": 0})),
        ]
    )

    async with running(world.service("one", rules=rules)):
        await world.clock.settle()
        seen = await of_store(world.store.another(), KEYS)

    assert {holder.member for holder in seen.claims["rbac"].values()} == {"one"}
    assert len(seen.claims["rbac"]) == PARTITIONS
    assert list(seen.members["rbac"]) == ["one"]
    assert seen.claims["reconciler"] == {}
    assert (seen.epoch, seen.partition_count) == ("uid.0", str(PARTITIONS))
    assert seen.checkpoints == {"pods": Checkpoint(5, "uid.0", created), "nodes": None}


async def test_definitions_that_are_not_there_are_none() -> None:
    seen = await of_cluster(FakeCluster(FakeClock()))

    assert set(seen.definitions.values()) == {None}
    assert seen.denied == ()
