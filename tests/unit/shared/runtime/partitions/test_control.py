"""What the owner of a partition answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from shared.contracts.controls import (
    REPLAY,
    STATUS,
    PartitionStatus,
    ReplayAnswer,
    ReplayRequest,
    Verb,
    control_subject,
)
from shared.core.errors import LeaseLostError, UnreachableError
from shared.core.outcomes import Reject
from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref
from shared.ports.bus import NoRespondersError
from shared.runtime.partitions.control import Control
from tests.unit.shared.runtime.partitions.worlds import (
    World,
    a_deployment,
    a_graph,
    a_world,
    home_of,
    running,
)

pytestmark = pytest.mark.asyncio
CHAT = Ref(GRAPHS, "team", "chat")
HOME = home_of(a_graph())


@dataclass(slots=True)
class HeldOnce:
    """A fence of a claim that ends after one look at it."""

    claim: str = "claims/test"
    token: int = 1
    is_held: bool = True

    def check(self) -> None:
        """Raise LeaseLostError at every look but the first."""
        if not self.is_held:
            raise LeaseLostError(f"{self.claim} is not held")
        self.is_held = False


async def ask(world: World, verb: Verb, body: bytes = b"", *, partition: int = HOME) -> bytes:
    """Ask the owner of a partition from another process."""
    subject = control_subject("test", partition, verb)
    return await world.bus.another().request(subject, body, within=timedelta(seconds=1))


async def a_synced_world() -> World:
    """Return a world with one graph and its child."""
    world = await a_world()
    await world.publish(a_graph())
    await world.publish(a_deployment("web", of="chat"))
    await world.mark_synced()
    return world


async def test_an_owner_that_has_seen_everything_says_so() -> None:
    world = await a_synced_world()

    async with running(world.service("one")):
        await world.clock.settle()
        status = PartitionStatus.decode(await ask(world, STATUS))

    assert (status.member, status.partition, status.is_complete, status.waits_for) == ("one", HOME, True, "")
    assert (status.entries, status.queued, status.running, status.given_up, status.lag) == (2, 0, 0, 0, 0.0)


async def test_an_owner_whose_consumer_is_deaf_tells_the_age_of_what_it_missed() -> None:
    world = await a_synced_world()
    service = world.service()

    async with running(service):
        await world.clock.settle()
        service.loops[HOME].feed.reached = 0  # as if nothing had come
        await world.clock.advance(timedelta(seconds=7))
        status = PartitionStatus.decode(await ask(world, STATUS))

    assert status.lag == pytest.approx(7, abs=0.5)


async def test_a_partition_that_waits_says_for_what() -> None:
    world = await a_world()

    async with running(world.service()):
        await world.clock.settle()
        status = PartitionStatus.decode(await ask(world, STATUS))

    assert not status.is_complete
    assert "synced marker" in status.waits_for


async def test_nobody_answers_for_a_partition_without_an_owner() -> None:
    world = await a_synced_world()
    async with running(world.service()):
        await world.clock.settle()

    with pytest.raises(NoRespondersError):
        await ask(world, STATUS)


async def test_who_may_not_write_any_more_stays_silent() -> None:
    world = await a_synced_world()

    async with running(world.service()):
        await world.clock.settle()
        world.store.stop()
        await world.clock.advance(timedelta(seconds=11))
        with pytest.raises(UnreachableError, match="no answer"):
            await ask(world, STATUS)
        world.store.start()


async def test_who_loses_the_claim_while_the_log_is_asked_stays_silent() -> None:
    world = await a_synced_world()
    service = world.service()

    async with running(service):
        await world.clock.settle()
        control = Control(service.loops[HOME], HeldOnce(), world.clock, "test", "one", "")
        answer = await control.answer(control_subject("test", HOME, STATUS), b"")

    assert answer is None


async def test_a_replay_makes_a_pass_over_what_was_given_up() -> None:
    world = await a_synced_world()
    world.handler.answers = [Reject("broken")]

    async with running(world.service()):
        await world.clock.settle()
        given_up = PartitionStatus.decode(await ask(world, STATUS)).given_up
        await world.rest()
        answer = ReplayAnswer.decode(await ask(world, REPLAY, ReplayRequest.of(CHAT).encode()))
        await world.clock.settle()
        left = PartitionStatus.decode(await ask(world, STATUS)).given_up

    assert answer.is_queued
    assert [(work.primary, work.trigger) for work in world.handler.passes] == [(CHAT, "replay")]
    assert (given_up, left) == (1, 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            ReplayRequest.of(Ref(DEPLOYMENTS, "team", "web")).encode(),
            "test makes no passes over deployments",
            id="an object that is no primary",
        ),
        pytest.param(
            ReplayRequest(resource="rockets", namespace="team", name="x").encode(),
            "request names the unknown resource 'rockets'",
            id="an unknown resource",
        ),
        pytest.param(b"?", "not a ReplayRequest", id="no request at all"),
    ],
)
async def test_a_replay_that_cannot_be_done_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    world = await a_synced_world()

    async with running(world.service()):
        await world.rest()
        answer = ReplayAnswer.decode(await ask(world, REPLAY, body))
        await world.clock.settle()

    assert not answer.is_queued
    assert reason in answer.reason
    assert world.handler.passes == []


async def test_the_series_of_a_partition_end_with_its_claim() -> None:
    world = await a_synced_world()
    labels = {"platform_service": "test", "partition": str(HOME)}

    async with running(world.service()):
        await world.clock.settle()
        held = REGISTRY.get_sample_value("dynamo_operator_view_entries", labels)

    assert held == 2
    assert REGISTRY.get_sample_value("dynamo_operator_view_entries", labels) is None
