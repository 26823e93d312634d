"""The room for streams in NATS and the quota of etcd are used up by others, and freed: services say so and go on.

A disk that is full is made by the servers' own limits: both refuse writes for want of room as they do when a disk has
none left, and a test needs neither a disk of its own nor rights.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import grpc
import pytest
from etcd3 import etcdrpc

from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.nats import NatsOptions, NatsServer
from shared.contracts.streams import StreamSpec
from shared.core.errors import NoRoomError
from shared.ports.bus import EventLog
from shared.ports.store import Put, Store
from shared.testing.eventually import eventually
from tests.chaos.clusters.forms import long_form, outage
from tests.chaos.clusters.worlds import Onlooker, World, world_on
from tests.chaos.records import Drill, Measure, record

pytestmark = [pytest.mark.asyncio, long_form]

ROOM = 16 << 20  # bytes that each server may keep
AWAY = timedelta(seconds=5)
BACK = timedelta(seconds=30)  # design.md section 9: NATS
PATIENCE = timedelta(seconds=30)
BALLAST = StreamSpec("BALLAST", ("ballast.>",))
LOAD = bytes(200_000)
DECISIONS = 1 << 20  # bytes that the stream of decisions reserves
DEACTIVATE = 2  # AlarmRequest.AlarmAction
TIMEOUT = 10


@pytest.fixture
def small_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS server with little room."""
    server = NatsServer(tmp_path / "nats", NatsOptions(store_bytes=ROOM))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def small_etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    """An etcd server with a small quota, whose administrator may ask for more room."""
    server = EtcdServer(
        tmp_path / "etcd", EtcdOptions(syncs_to_disk=False, arguments=(f"--quota-backend-bytes={ROOM}",))
    )
    try:
        server.start()
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def small_world(kubeconfig: Path, nats: NatsServer, etcd: EtcdServer) -> AsyncIterator[World]:
    """Run a watcher on two servers that can be filled."""
    given = {"kubeconfig": kubeconfig, "nats_url": (nats.url,), "etcd_endpoints": (etcd.endpoint,)}
    async with world_on(given, decisions_bytes=DECISIONS) as around:
        yield around


async def has_no_room(around: World, server: str) -> None:
    """Change graphs until the watcher's readiness says that a server has no room; then let some time go by."""

    async def is_told() -> bool:
        await around.change_some(1)
        return "no room" in around.watcher.service.readiness.waiting.get(server, "")

    await eventually(is_told, within=PATIENCE)
    await outage(AWAY)


async def goes_on(around: World, onlooker: Onlooker, server: str) -> Drill:
    """Record how long it takes until every event is stored and the watcher is ready again, without a restart."""
    back = await eventually(partial(around.agrees, onlooker), within=PATIENCE)
    await around.change_some(1)
    ready = await eventually(lambda: around.watcher.service.readiness.is_ready, within=PATIENCE)
    whole = (
        Measure(
            "from the first room until every event is stored", timedelta(seconds=back), BACK, "design.md section 9"
        ),
        Measure("from then until the watcher is ready", timedelta(seconds=ready), BACK, "design.md section 9"),
    )
    return record(Drill("full disk", server, outage=AWAY, whole=whole, held="readiness named the server; no restart"))


async def test_events_wait_while_nats_has_no_room_and_all_are_stored_after(
    kubeconfig: Path, small_nats: NatsServer, small_etcd: EtcdServer
) -> None:
    async with small_world(kubeconfig, small_nats, small_etcd) as around:
        bus = around.rooms.bus
        await bus.provision([BALLAST], install="dynamo")
        onlooker = await around.onlooker()
        with pytest.raises(NoRoomError):
            await fill_log(bus)
        await has_no_room(around, "nats")
        assert not await around.agrees(onlooker)

        await bus.purge(BALLAST.name, "ballast.>", up_to=1 << 30)
        drill = await goes_on(around, onlooker, "NATS: no room left for streams")

    assert drill.missed == ()


async def test_events_go_on_while_etcd_has_no_room_and_claims_are_kept(
    kubeconfig: Path, small_nats: NatsServer, small_etcd: EtcdServer
) -> None:
    async with small_world(kubeconfig, small_nats, small_etcd) as around:
        onlooker = await around.onlooker()
        owned = set(onlooker.partitions.loops)
        with pytest.raises(NoRoomError):
            await fill_store(around.rooms.store)
        await has_no_room(around, "etcd")
        live = await eventually(partial(around.agrees, onlooker), within=PATIENCE)
        kept = set(onlooker.partitions.loops)

        await asyncio.to_thread(make_room, small_etcd)
        drill = await goes_on(around, onlooker, "etcd: its quota used up")

    assert kept == owned
    assert live < BACK.total_seconds()
    assert drill.missed == ()


async def fill_log(bus: EventLog) -> None:
    """Publish what nobody needs until the server refuses it."""
    while True:
        await bus.publish("ballast.all", LOAD, {})


async def fill_store(store: Store) -> None:
    """Write what nobody needs until the server refuses it."""
    while True:
        await store.commit([Put("/ballast", LOAD)])


def make_room(server: EtcdServer) -> None:
    """Do what an administrator does: forget old revisions, give their space back, end the alarm."""
    with grpc.insecure_channel(server.endpoint) as channel:
        keys, maintenance = etcdrpc.KVStub(channel), etcdrpc.MaintenanceStub(channel)
        revision = keys.Range(etcdrpc.RangeRequest(key=b"/ballast"), timeout=TIMEOUT).header.revision
        keys.Compact(etcdrpc.CompactionRequest(revision=revision, physical=True), timeout=TIMEOUT)
        maintenance.Defragment(etcdrpc.DefragmentRequest(), timeout=TIMEOUT)
        for alarm in maintenance.Alarm(etcdrpc.AlarmRequest(), timeout=TIMEOUT).alarms:  # a GET
            ended = etcdrpc.AlarmRequest(action=DEACTIVATE, memberID=alarm.memberID, alarm=alarm.alarm)
            maintenance.Alarm(ended, timeout=TIMEOUT)
