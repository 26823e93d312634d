"""Three NATS servers lose a leader, a follower, the majority or a disk amid a hundred changes a second."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import pytest

from lab.launcher.nats_clusters import NatsCluster, NatsMember
from shared.contracts.streams import CHANGES
from shared.testing.eventually import eventually
from tests.chaos.clusters.forms import long_form, outage
from tests.chaos.clusters.publishing import PATIENCE, going_on, loaded
from tests.chaos.records import Drill, Measure, record

pytestmark = pytest.mark.asyncio

BACK = timedelta(seconds=30)  # design.md section 9: NATS
AWAY = timedelta(seconds=30)
RETRY = timedelta(seconds=1)  # pauses between two attempts, and the time to ask who leads


async def elected_after(cluster: NatsCluster, former: NatsMember) -> float:
    """Return the seconds until another member leads the stream."""
    others = [member for member in cluster.members if member is not former]

    async def is_led() -> bool:
        return any([await asyncio.to_thread(member.leads, CHANGES) for member in others])

    return await eventually(is_led, within=PATIENCE)


def drilled(stopped: str, stall: float, bar: timedelta, source: str, *, outage: timedelta = timedelta()) -> Drill:
    """Record the longest time in which no publish was acknowledged."""
    longest = Measure("no publish acknowledged", timedelta(seconds=stall), bar, source)
    held = "every acknowledged message is there, no older version on top of a newer one"
    return record(Drill("nats cluster", stopped, outage=outage, whole=(longest,), held=held))


async def test_no_acknowledged_message_is_lost_when_the_stream_leader_is_killed(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    async with loaded(nats) as load:
        leader = await asyncio.to_thread(nats.stream_leader, CHANGES)
        began = loop.time()
        await asyncio.to_thread(leader.kill)
        elected = timedelta(seconds=await elected_after(nats, leader))
        await going_on(load)
        await asyncio.to_thread(leader.start)
        stall = load.longest_stall(began)

    source = f"the election, {elected.total_seconds():.1f} s, and {RETRY.total_seconds():g} s"
    assert drilled("the stream's leader of three servers, kill -9", stall, elected + RETRY, source).missed == ()


@long_form
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_no_acknowledged_message_is_lost_while_the_stream_leader_is_paused(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    async with loaded(nats) as load:
        leader = await asyncio.to_thread(nats.stream_leader, CHANGES)
        began = loop.time()
        leader.pause()
        await elected_after(nats, leader)
        await going_on(load)
        leader.resume()
        stall = load.longest_stall(began)
    gc.collect()  # the library leaves an attempt to connect that timed out to the collector, which warns

    drill = drilled("the stream's leader of three servers, paused", stall, BACK, "design.md section 9")
    assert drill.missed == ()


@long_form
async def test_no_acknowledged_message_is_lost_by_a_rolling_restart(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with loaded(nats) as load:
        for member in nats.members:
            await asyncio.to_thread(member.stop)
            await asyncio.to_thread(member.start)
            await asyncio.to_thread(nats.wait_until_whole)
            await going_on(load)
        stall = load.longest_stall(began)

    drill = drilled("three servers, restarted one after the other", stall, BACK, "design.md section 9")
    assert drill.missed == ()


@long_form
async def test_no_acknowledged_message_is_lost_with_a_disk(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    async with loaded(nats) as load:
        leader = await asyncio.to_thread(nats.stream_leader, CHANGES)
        began = loop.time()
        await asyncio.to_thread(leader.kill)
        leader.wipe()
        await asyncio.to_thread(leader.start)
        await asyncio.to_thread(nats.wait_until_whole, PATIENCE)
        await going_on(load)
        stall = load.longest_stall(began)

    drill = drilled("the stream's leader of three servers, with its disk", stall, BACK, "design.md section 9")
    assert drill.missed == ()


@long_form
async def test_no_acknowledged_message_is_lost_while_the_majority_is_away(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    async with loaded(nats) as load:
        leader = await asyncio.to_thread(nats.stream_leader, CHANGES)
        other = next(member for member in nats.members if member is not leader)
        for member in (leader, other):
            await asyncio.to_thread(member.kill)
        await outage(AWAY)
        began, acknowledged = loop.time(), len(load.acknowledged)
        await asyncio.to_thread(nats.start)
        await going_on(load)
        back = load.moments[acknowledged] - began

    drill = Drill(
        "majority",
        "two of three NATS servers, kill -9",
        outage=AWAY,
        whole=(
            Measure(
                "from their return until a publish is acknowledged",
                timedelta(seconds=back),
                BACK,
                "design.md section 9",
            ),
        ),
        held="every acknowledged message is there, no older version on top of a newer one",
    )
    assert record(drill).missed == ()
