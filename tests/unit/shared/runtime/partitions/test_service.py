"""The whole service on fakes: from a claim to the last pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from shared.runtime.partitions.service import PartitionService
from tests.unit.shared.runtime.partitions.worlds import World, a_deployment, a_graph


@asynccontextmanager
async def running(*services: PartitionService) -> AsyncIterator[asyncio.Event]:
    """Run services until the block ends, then stop them gracefully."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for service in services:
            tasks.create_task(service.run(stopping))
        yield stopping
        stopping.set()


async def a_world() -> World:
    world = World()
    await world.provision()
    return world


@pytest.mark.asyncio
async def test_a_new_owner_passes_over_every_primary() -> None:
    world = await a_world()
    await world.publish(a_graph("chat"))
    await world.publish(a_graph("code"))
    await world.publish(a_deployment("orphan", of="gone"))
    await world.mark_synced()
    service = world.service()

    async with running(service):
        await world.clock.settle()

    assert sorted(world.handler.primaries) == ["chat", "code", "gone"]
    assert {work.trigger for work in world.handler.passes} == {"sweep"}


@pytest.mark.asyncio
async def test_is_ready_once_claims_views_and_facts_are_there() -> None:
    world = await a_world()
    service = world.service()

    async with running(service):
        await world.clock.advance(timedelta(seconds=1))
        before = service.readiness.waiting
        await world.mark_synced()
        await world.clock.settle()

        assert set(before) == {"views"}
        assert "deployments" in before["views"]
        assert service.readiness.is_ready
