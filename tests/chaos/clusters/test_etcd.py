"""Three etcd members lose a leader, a follower, the majority or all their data: nobody holds a unit beside another."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from lab.launcher.etcd_clusters import EtcdCluster
from shared.testing.eventually import eventually
from tests.chaos.clusters.claimants import PATIENCE, TAKEN_AGAIN, TTL, held_on, watched
from tests.chaos.clusters.forms import long_form, outage
from tests.chaos.records import Drill, Measure, record

pytestmark = pytest.mark.asyncio

AWAY = timedelta(seconds=30)


def taken_again(gap: float, stopped: str, *, outage: timedelta = timedelta()) -> Drill:
    """Record how long a unit had nobody who may write."""
    longest = Measure("nobody may write a unit", timedelta(seconds=gap), TAKEN_AGAIN, "design.md section 5: 2 x TTL")
    return record(Drill("etcd cluster", stopped, outage=outage, whole=(longest,), held="0 overlaps of holders"))


async def test_units_are_held_or_taken_again_when_the_leader_is_killed(etcd: EtcdCluster) -> None:
    leader = etcd.leader()
    async with watched(etcd, leader) as watch:
        await asyncio.to_thread(leader.kill)

        gap = await held_on(watch)

    assert taken_again(gap, "the leader of three members, kill -9").missed == ()


@long_form
async def test_units_stay_held_while_a_follower_is_paused(etcd: EtcdCluster) -> None:
    follower = etcd.followers[0]
    async with watched(etcd, follower) as watch:
        follower.pause()
        paused = await held_on(watch)
        follower.resume()

        gap = max(paused, await held_on(watch))

    assert taken_again(gap, "a follower of three members that a replica uses, paused", outage=TTL).missed == ()


@long_form
async def test_units_stay_held_through_a_rolling_restart(etcd: EtcdCluster) -> None:
    async with watched(etcd) as watch:
        for member in etcd.members:
            await asyncio.to_thread(member.stop)
            await asyncio.to_thread(member.start)
            await asyncio.to_thread(etcd.wait_until_whole)

        gap = await held_on(watch)

    assert taken_again(gap, "three members, restarted one after the other").missed == ()


@long_form
async def test_nobody_writes_while_the_majority_is_away(etcd: EtcdCluster) -> None:
    lost = etcd.members[:2]
    async with watched(etcd, etcd.members[2]) as watch:
        for member in lost:
            await asyncio.to_thread(member.kill)
        silent_after = await eventually(lambda: watch.is_silent, within=TTL)
        written = [each.written for each in watch.claimants]
        await outage(AWAY)
        assert [each.written for each in watch.claimants] == written

        await asyncio.to_thread(etcd.start)
        back = await eventually(lambda: watch.is_complete, within=PATIENCE)
        await held_on(watch)

    drill = Drill(
        "majority",
        "two of three etcd members, kill -9",
        outage=AWAY,
        whole=(
            Measure(
                "from the loss until nobody may write", timedelta(seconds=silent_after), TTL, "design.md section 5"
            ),
            Measure("from the election until all units are held", timedelta(seconds=back), TAKEN_AGAIN, "2 x TTL"),
        ),
        held="0 writes meanwhile, 0 overlaps of holders",
    )
    assert record(drill).missed == ()
