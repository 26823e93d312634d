"""A partition is claimed amid a hundred changes a second while a NATS server is frozen: the view misses none."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats_clusters import NatsCluster
from shared.contracts.streams import CHANGES
from shared.testing.eventually import eventually
from tests.chaos.clusters.forms import long_form
from tests.chaos.clusters.worlds import World, world
from tests.chaos.records import Drill, Measure, record

pytestmark = [pytest.mark.asyncio, pytest.mark.rule("P-11"), long_form]

ONE_SECOND = timedelta(seconds=1)
MANY = 100  # changes before and after the claim


async def changed(around: World) -> None:
    """Wait for so many more changes."""
    enough = around.changed + MANY
    await eventually(lambda: around.changed >= enough, within=timedelta(seconds=20))


@pytest.mark.parametrize("is_used", [pytest.param(False, id="of others"), pytest.param(True, id="its own")])
async def test_a_view_that_was_claimed_while_a_follower_was_paused_is_whole_a_second_later(
    kubeconfig: Path, nats: NatsCluster, etcd: EtcdCluster, is_used: bool
) -> None:
    async with world(kubeconfig, nats, etcd) as around, asyncio.TaskGroup() as tasks:
        leader = await asyncio.to_thread(nats.stream_leader, CHANGES)
        follower = next(member for member in nats.members if member is not leader)
        changing = tasks.create_task(around.change())
        await changed(around)
        claiming = tasks.create_task(around.onlooker(nats_url=(follower.url if is_used else leader.url,)))
        follower.pause()
        await changed(around)
        follower.resume()
        onlooker = await claiming
        await changed(around)
        changing.cancel()
        await asyncio.wait([changing])
        took = await eventually(partial(around.agrees, onlooker), within=timedelta(seconds=20))

    drill = Drill(
        "P-11",
        f"a follower of three servers, paused while a partition is claimed; the owner is connected to "
        f"{'it' if is_used else 'another'}",
        outage=timedelta(seconds=1),
        whole=(Measure("from the last change until the view is right", timedelta(seconds=took), ONE_SECOND, "P-11"),),
        held=f"{around.changed} changes at 100/s",
    )
    assert record(drill).missed == ()
