"""The whole service on fakes: claims, readiness, take-over, stopping."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.core.errors import PermanentError
from shared.ports.passes import Work
from shared.ports.store import Put
from shared.runtime.partitions.rules import PassOptions
from shared.runtime.partitions.service import agree_on_partitions
from tests.unit.shared.runtime.partitions.worlds import (
    KEYS,
    a_deployment,
    a_graph,
    a_world,
    running,
)

pytestmark = pytest.mark.asyncio


async def test_a_new_owner_passes_over_every_primary() -> None:
    world = await a_world()
    await world.publish(a_graph("chat"))
    await world.publish(a_graph("code"))
    await world.publish(a_deployment("orphan", of="gone"))
    await world.mark_synced()

    async with running(world.service()):
        await world.clock.settle()

    assert sorted(world.handler.primaries) == ["chat", "code", "gone"]
    assert {work.trigger for work in world.handler.passes} == {"sweep"}


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


async def test_is_not_ready_while_the_claims_of_a_replica_before_it_stand() -> None:
    world = await a_world()
    await world.mark_synced()
    former, service = world.service("former", store=world.store.another()), world.service("next")
    async with asyncio.TaskGroup() as tasks:
        killed = tasks.create_task(former.run(asyncio.Event()))
        await world.clock.settle()
        killed.cancel()

    async with running(service):
        await world.clock.settle()
        before = service.readiness.waiting
        await world.clock.advance(timedelta(seconds=12))

        assert "of former;" in before["claims"]
        assert service.readiness.is_ready


async def test_waits_for_a_store_that_is_away_at_start() -> None:
    world = await a_world()
    await world.mark_synced()
    world.store.stop()
    service = world.service()

    async with running(service):
        await world.clock.advance(timedelta(seconds=3))
        before = set(service.readiness.waiting)
        world.store.start()
        await world.clock.advance(timedelta(seconds=10))

        assert {"etcd", "claims", "views", "facts"} == before
        assert service.readiness.is_ready


async def test_another_number_of_partitions_refuses_to_start() -> None:
    world = await a_world()
    await agree_on_partitions(world.store, KEYS, 32)
    await agree_on_partitions(world.store, KEYS, 32)

    with pytest.raises(PermanentError, match="says 32 partitions, these settings say 16"):
        await agree_on_partitions(world.store, KEYS, 16)


async def test_another_replica_takes_over_and_passes_over_everything() -> None:
    world = await a_world()
    for name in ("chat", "code", "draw", "sing"):
        await world.publish(a_graph(name))
    await world.mark_synced()
    one, two = world.service("one"), world.service("two", store=world.store.another())

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(one.run(asyncio.Event()))
        second = tasks.create_task(two.run(asyncio.Event()))
        await world.clock.advance(timedelta(seconds=10))
        shared = (len(one.loops), len(two.loops))
        world.handler.passes.clear()
        first.cancel()
        await world.clock.advance(timedelta(seconds=12))
        taken = len(two.loops)
        second.cancel()

    assert min(shared) > 0
    assert sum(shared) == taken == 32
    assert world.handler.passes


async def test_finishes_the_passes_in_hand_when_told_to_stop() -> None:
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    finished: list[Work] = []

    async def slow(work: Work) -> None:
        await world.clock.sleep(timedelta(seconds=3))
        finished.append(work)

    world.handler.before = slow
    async with running(world.service()) as stopping:
        await world.clock.settle()
        stopping.set()
        await world.clock.advance(timedelta(seconds=4))

    assert len(finished) == 1


async def test_cancels_a_pass_that_does_not_finish() -> None:
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    cancelled: list[Work] = []

    async def hang(work: Work) -> None:
        try:
            await world.clock.sleep(timedelta(hours=1))
        except asyncio.CancelledError:
            cancelled.append(work)
            raise

    world.handler.before = hang
    async with running(world.service()) as stopping:
        await world.clock.settle()
        stopping.set()
        await world.clock.advance(timedelta(seconds=6))

    assert len(cancelled) == 1


async def test_runs_no_more_passes_at_once_than_allowed() -> None:
    world = await a_world()
    for number in range(12):
        await world.publish(a_graph(f"graph-{number}"))
    await world.mark_synced()
    running_now, most = 0, 0

    async def count(work: Work) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await world.clock.sleep(timedelta(seconds=1))
        running_now -= 1

    world.handler.before = count
    async with running(world.service(options=PassOptions(max_in_flight=3))):
        await world.clock.advance(timedelta(seconds=5))

    assert most == 3
    assert len(world.handler.passes) == 12


@pytest.mark.rule("P-05")
async def test_a_lost_stream_is_read_anew_and_nothing_passes_meanwhile() -> None:
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    service = world.service()

    async with running(service):
        await world.clock.settle()
        world.handler.passes.clear()
        world.bus.wipe()
        await world.provision()
        await world.clock.advance(timedelta(seconds=5))
        during, was_ready = list(world.handler.passes), service.readiness.is_ready
        await world.publish(a_graph())
        await world.mark_synced()
        await world.clock.advance(timedelta(seconds=5))

        assert during == []
        assert not was_ready
        assert world.handler.primaries == ["chat"]
        assert service.readiness.is_ready


async def test_no_pass_runs_before_the_facts_are_read() -> None:
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    await world.store.commit([Put(KEYS.fact("gpu"), b"8")])

    async with running(world.service()):
        await world.clock.settle()

    assert [dict(work.facts) for work in world.handler.passes] == [{"gpu": b"8"}]


async def test_a_changed_fact_queues_what_it_concerns_with_jitter() -> None:
    world = await a_world()
    await world.publish(a_graph("chat"))
    await world.publish(a_graph("code"))
    await world.mark_synced()
    service = world.service(options=PassOptions(fact_spread=timedelta(seconds=1)))

    async with running(service):
        await world.clock.advance(timedelta(seconds=2))
        world.handler.passes.clear()
        await world.store.commit([Put(KEYS.fact("gpu"), b"16")])
        await world.clock.settle()
        at_once = len(world.handler.passes)
        await world.clock.advance(timedelta(seconds=1))

    assert at_once == 0
    assert {(work.primary.name, work.trigger) for work in world.handler.passes} == {("chat", "fact"), ("code", "fact")}
