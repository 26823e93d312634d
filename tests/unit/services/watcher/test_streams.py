"""The keeper of the streams: makes them, makes them again, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.watcher.markers import publish_marker, read_marker
from services.watcher.streams import StreamKeeper
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import CHANGES, DEAD_LETTERS, stream_specs
from shared.contracts.subjects import synced_subject
from shared.core.errors import ForbiddenError, ForeignInstallationError
from shared.core.resources import PODS
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def keeping() -> AsyncIterator[tuple[FakeClock, FakeBus, StreamKeeper]]:
    """Keep the streams of a bus."""
    clock = FakeClock()
    bus = FakeBus(clock)
    keeper = StreamKeeper(bus, clock, stream_specs(), "test")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(keeper.run())
        yield clock, bus, keeper
        running.cancel()


async def test_makes_the_streams_at_start() -> None:
    async with keeping() as (clock, bus, keeper):
        was_ready = keeper.is_ready
        created = await keeper.created()
        await clock.settle()

        assert not was_ready
        assert keeper.is_ready
        assert created == (await bus.state(CHANGES)).created


async def test_waits_for_a_server_that_is_away() -> None:
    async with keeping() as (clock, bus, keeper):
        bus.stop()
        await clock.advance(timedelta(seconds=30))
        was_ready = keeper.is_ready
        bus.start()
        await clock.advance(timedelta(seconds=2))

        assert not was_ready
        assert keeper.is_ready


async def test_who_may_not_ask_for_the_limit_of_the_account_keeps_the_streams_all_the_same() -> None:
    async def forbid(call: str, about: str) -> None:
        if call == "storage_limit":
            raise ForbiddenError("permissions violation")

    async with keeping() as (clock, bus, keeper):
        bus.before = forbid
        await clock.settle()

        assert keeper.is_ready


@pytest.mark.parametrize("stream", [CHANGES, DEAD_LETTERS])
async def test_a_stream_that_is_missing_is_made_within_seconds(stream: str) -> None:
    async with keeping() as (clock, bus, keeper):
        known = await keeper.created()
        replaced = asyncio.ensure_future(keeper.until_replaced(known))
        await clock.settle()
        bus.wipe() if stream == CHANGES else bus._server.streams.by_name.pop(stream)
        await clock.advance(timedelta(seconds=12))
        is_told = replaced.done()
        replaced.cancel()

        assert (await bus.state(stream)).messages == 0
        assert is_told is (stream == CHANGES)


async def test_the_streams_of_another_installation_are_refused() -> None:
    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="other")

    with pytest.raises(ForeignInstallationError):
        await StreamKeeper(bus, clock, stream_specs(), "test").run()


async def test_a_marker_is_published_until_it_is_stored() -> None:
    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="test")
    marker = SyncedMarker("cluster.0", clock.now(), 7)
    bus.stop()
    publishing = asyncio.ensure_future(publish_marker(bus, clock, PODS, marker, epoch=lambda: _epoch("cluster.0")))
    await clock.advance(timedelta(seconds=5))
    bus.start()
    await clock.advance(timedelta(seconds=1))
    await publishing

    assert await read_marker(bus, PODS) == marker


async def test_a_marker_of_an_ended_epoch_is_not_put_on_top() -> None:
    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="test")
    ours, newer = SyncedMarker("cluster.0", clock.now(), 7), SyncedMarker("cluster.1", clock.now(), 3)
    await bus.publish(synced_subject(PODS), newer.encode(), {})

    await publish_marker(bus, clock, PODS, ours, epoch=lambda: _epoch("cluster.1"))

    assert await read_marker(bus, PODS) == newer


async def _epoch(value: str) -> str:
    """Return an epoch as etcd would."""
    return value


async def test_a_marker_that_nobody_can_read_counts_as_none() -> None:
    bus = FakeBus(FakeClock())
    await bus.provision(stream_specs(), install="test")
    await bus.publish(synced_subject(PODS), b"]", {})

    assert await read_marker(bus, PODS) is None
