"""The disk of a leader is slow: every write of it waits, nothing is lost, and nobody holds a unit beside another.

A slow disk is made by stopping the server most of the time (SIGSTOP, SIGCONT), because a test has neither rights on a
device nor a file system of its own. Every fsync then takes as long as a pause. It is harsher than a disk: while it is
stopped the server answers nothing, also what a slow disk would let it answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats_clusters import NatsCluster
from lab.launcher.servers import Server
from shared.contracts.streams import CHANGES
from tests.chaos.clusters.claimants import TAKEN_AGAIN, watched
from tests.chaos.clusters.forms import long_form, outage
from tests.chaos.clusters.publishing import loaded
from tests.chaos.records import Drill, Measure, record

pytestmark = [pytest.mark.asyncio, long_form]

STOPPED, RUNNING = 0.2, 0.02  # seconds
SLOW_FOR = timedelta(seconds=20)
WAIT = timedelta(seconds=10)  # design.md section 11: back-pressure


@asynccontextmanager
async def slow_disk(server: Server) -> AsyncIterator[None]:
    """Stop a server nearly all the time while the block runs."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_stutter(server))
        yield
        task.cancel()


async def _stutter(server: Server) -> None:
    try:
        while True:
            server.pause()
            await asyncio.sleep(STOPPED)
            server.resume()
            await asyncio.sleep(RUNNING)
    finally:
        server.resume()


async def test_no_acknowledged_message_is_lost_while_the_disk_of_the_stream_leader_is_slow(nats: NatsCluster) -> None:
    loop = asyncio.get_running_loop()
    async with loaded(nats) as load:
        began = loop.time()
        async with slow_disk(await asyncio.to_thread(nats.stream_leader, CHANGES)):
            await outage(SLOW_FOR)
        stall = load.longest_stall(began)
        waited = load.longest_wait

    whole = (
        Measure("no publish acknowledged", timedelta(seconds=stall), WAIT, "design.md section 11"),
        Measure("from a change until it, or a newer one, is stored", timedelta(seconds=waited)),
    )
    stopped = f"the disk of the stream's leader: {STOPPED:g} s for each write"
    assert record(Drill("slow disk", stopped, outage=SLOW_FOR, whole=whole, held="0 messages lost")).missed == ()


async def test_units_stay_held_while_the_disk_of_the_etcd_leader_is_slow(etcd: EtcdCluster) -> None:
    async with watched(etcd, await asyncio.to_thread(etcd.leader)) as watch:
        async with slow_disk(await asyncio.to_thread(etcd.leader)):
            await outage(SLOW_FOR)
        gap = watch.longest_gap

    longest = Measure("nobody may write a unit", timedelta(seconds=gap), TAKEN_AGAIN, "design.md section 5: 2 x TTL")
    stopped = f"the disk of etcd's leader: {STOPPED:g} s for each write"
    drill = Drill("slow disk", stopped, outage=SLOW_FOR, whole=(longest,), held="0 overlaps of holders")
    assert record(drill).missed == ()
