"""Replaying a dead letter: the owner of the partition is asked, and the letter goes only when it will do it."""

from __future__ import annotations

import pytest

from cli.commands.dlq import Handled, read_all, replay_letter
from cli.letters import letter_of
from shared.core.outcomes import Reject
from tests.unit.shared.runtime.partitions.worlds import World, a_graph, a_world, home_of, running

pytestmark = pytest.mark.asyncio


async def a_world_with_a_letter() -> World:
    """Return a world whose graph will be given up by its first pass."""
    world = await a_world()
    await world.publish(a_graph())
    await world.mark_synced()
    world.handler.answers = [Reject("broken")]
    return world


async def replay_first(world: World) -> Handled:
    """Replay the first letter from another process."""
    bus = world.bus.another()
    return await replay_letter(bus, letter_of((await read_all(bus))[0]))


async def test_a_replayed_object_gets_a_pass_and_its_letter_goes() -> None:
    world = await a_world_with_a_letter()

    async with running(world.service("one")):
        await world.rest()
        done = await replay_first(world)
        await world.clock.settle()

    assert (done.is_done, done.result) == (True, "queued by one")
    assert [work.trigger for work in world.handler.passes] == ["replay"]
    assert world.letters() == []


async def test_a_replay_that_fails_again_leaves_a_new_letter() -> None:
    world = await a_world_with_a_letter()
    world.handler.answers.append(Reject("still broken"))

    async with running(world.service()):
        await world.rest()
        await replay_first(world)
        await world.clock.settle()

    assert [letter.reason for letter in world.letters()] == ["still broken"]


async def test_without_an_owner_the_letter_stays_and_the_service_is_named() -> None:
    world = await a_world_with_a_letter()
    async with running(world.service()):
        await world.rest()

    done = await replay_first(world)

    assert not done.is_done
    assert f"nobody owns partition {home_of(a_graph())} of test: start test" in done.result
    assert len(world.letters()) == 1
