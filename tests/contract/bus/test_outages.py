"""What holds when the server dies, hangs, forgets or forbids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import nats
import pytest
from nats.js import JetStreamManager

from shared.bus.event_log import connect
from shared.bus.options import NatsOptions
from shared.contracts.streams import MAX_BODY
from shared.core.errors import UnknownResultError, UnreachableError
from shared.ports.bus import Newest, SequenceConflictError, StreamMissingError
from shared.testing.eventually import eventually
from tests.contract.bus.bench import INSTALL, QUICK, Bench, RealFate, bodies, real_bench, relayed_bench, take
from tests.servers.fixtures import StartNats
from tests.servers.interface import NatsTestServer

pytestmark = pytest.mark.asyncio


async def test_acknowledged_messages_survive_a_crash(crashable: Bench) -> None:
    sequences = [await crashable.publish(f"s.{number}", "x") for number in range(20)]

    await crashable.server.kill()
    await crashable.server.start()
    await eventually(lambda: crashable.log.is_connected)

    state = await crashable.log.state(crashable.stream)
    assert (state.last_sequence, state.messages) == (sequences[-1], 20)


async def test_listeners_hear_that_the_connection_broke_and_stands_again(start_nats: StartNats) -> None:
    server = start_nats()
    heard: list[str] = []
    broken = "the connection broke and is being opened again"
    async with connect(NatsOptions(servers=(server.url,), times=QUICK)) as log:
        log.on_problem(heard.append)
        server.kill()
        await eventually(lambda: heard == ["", broken])
        server.start()
        await eventually(lambda: heard == ["", broken, ""])


async def test_a_view_is_live_again_within_a_second_of_the_reconnect(crashable: Bench) -> None:
    await crashable.publish("a", "1")
    async with crashable.log.follow(crashable.stream, [crashable.subject(">")], Newest()) as subscription:
        before = await take(subscription, 1)
        await crashable.server.kill()
        await crashable.server.start()
        await eventually(lambda: crashable.other.is_connected)
        await crashable.other.publish(crashable.subject("a"), b"2", {})
        async with asyncio.timeout(1):
            after = await take(subscription, 1)

    assert bodies(before + after) == ["1", "2"]


async def test_nothing_is_delivered_twice_or_lost_over_a_crash(crashable: Bench) -> None:
    async with crashable.log.follow(crashable.stream, [crashable.subject(">")], Newest()) as subscription:
        for number in range(30):
            await crashable.publish(f"n.{number}", str(number))
        before = await take(subscription, 11)
        await crashable.server.kill()
        await crashable.server.start()
        await eventually(lambda: crashable.other.is_connected)
        await crashable.other.publish(crashable.subject("n.30"), b"30", {})
        after = await take(subscription, 20)

    assert bodies(before + after) == [str(number) for number in range(31)]


async def test_a_wiped_server_is_not_mistaken_for_the_old_one(crashable: Bench) -> None:
    await crashable.publish("a", "1")
    async with crashable.log.follow(crashable.stream, [crashable.subject(">")], Newest()) as subscription:
        await take(subscription, 1)
        await crashable.server.kill()
        await crashable.server.wipe()
        await crashable.server.start()
        await eventually(lambda: crashable.other.is_connected)
        await crashable.other.provision([crashable.spec], install=INSTALL)

        with pytest.raises(StreamMissingError):
            await take(subscription, 1)


async def test_a_publish_during_a_short_outage_is_held_back_until_the_server_is_there(start_nats: StartNats) -> None:
    server = start_nats()
    async with real_bench(server) as bench:
        await bench.provision()
        await RealFate(server).kill()
        await eventually(lambda: not bench.log.is_connected)

        async with asyncio.TaskGroup() as tasks:
            publish = tasks.create_task(bench.publish("a", "1", expected_last=0))
            tasks.create_task(RealFate(server).start())

        assert publish.result() == 1


async def test_an_outage_longer_than_every_time_out_ends_in_an_error_and_then_in_success(start_nats: StartNats) -> None:
    server = start_nats()
    async with real_bench(server) as bench:
        await bench.provision()
        await RealFate(server).kill()
        await eventually(lambda: not bench.log.is_connected)

        with pytest.raises(UnreachableError) as caught:
            await bench.publish("a", "1")
        await RealFate(server).start()
        await eventually(lambda: bench.log.is_connected)

        assert not isinstance(caught.value, UnknownResultError)  # it was never sent
        assert await bench.publish("a", "1", expected_last=0) == 1


async def test_a_publish_whose_connection_breaks_has_an_unknown_result_at_once(nats_server: NatsTestServer) -> None:
    async with relayed_bench(nats_server) as (bench, relay):
        await bench.provision()
        relay.lose_answers()

        async with asyncio.timeout(2), asyncio.TaskGroup() as tasks:
            publish = tasks.create_task(_result(bench, "a"))
            await eventually(lambda: _holds(bench, 1))
            relay.cut()

        assert isinstance(publish.result(), UnknownResultError)


async def test_a_lost_acknowledgement_is_unknown_and_the_guard_stops_the_second_copy(
    nats_server: NatsTestServer,
) -> None:
    async with relayed_bench(nats_server) as (bench, relay):
        await bench.provision()
        relay.lose_answers()

        with pytest.raises(UnknownResultError):
            await bench.publish("a", "1", expected_last=0)
        with pytest.raises(SequenceConflictError):
            await bench.other.publish(bench.subject("a"), b"1", {}, expected_last=0)

        newest = await bench.other.newest(bench.stream, bench.subject("a"))
        assert newest is not None
        assert newest.sequence == 1


async def test_the_client_leaves_a_hung_server_by_itself(start_nats: StartNats) -> None:
    server = start_nats()
    async with real_bench(server, QUICK) as bench:
        server.pause()
        await eventually(lambda: not bench.log.is_connected, within=timedelta(seconds=3))
        server.resume()
        await eventually(lambda: bench.log.is_connected, within=timedelta(seconds=3))

        await bench.provision()


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(100, id="and has taken what was sent"),
        pytest.param(MAX_BODY, id="and takes nothing any more"),
    ],
)
async def test_a_hung_server_that_owes_an_answer_is_left_before_its_pings_tell(
    start_nats: StartNats, size: int
) -> None:
    server = start_nats()
    async with real_bench(server) as bench, asyncio.TaskGroup() as tasks:
        await bench.provision()
        server.pause()
        waiting = [tasks.create_task(_published(bench, f"{number}", b"x" * size)) for number in range(64)]
        await eventually(lambda: not bench.log.is_connected, within=timedelta(seconds=6))
        server.resume()
        await asyncio.wait(waiting)

        assert bench.log.is_connected


async def test_a_consumer_that_an_administrator_deleted_is_opened_again(nats_server: NatsTestServer) -> None:
    async with real_bench(nats_server, QUICK) as bench, administrator(nats_server) as admin:
        await bench.provision()
        await bench.publish("a", "1")
        async with bench.log.follow(bench.stream, [bench.subject(">")], Newest()) as subscription:
            before = await take(subscription, 1)
            for consumer in await admin.consumers_info(bench.stream):
                await admin.delete_consumer(bench.stream, consumer.name)
            await bench.publish("a", "2")
            after = await take(subscription, 1)

    assert bodies(before + after) == ["1", "2"]


async def test_a_stream_that_an_administrator_made_anew_is_not_mistaken_for_the_old_one(
    nats_server: NatsTestServer,
) -> None:
    async with real_bench(nats_server, QUICK) as bench, administrator(nats_server) as admin:
        await bench.provision()
        await bench.publish("a", "1")
        async with bench.log.follow(bench.stream, [bench.subject(">")], Newest()) as subscription:
            await take(subscription, 1)
            await admin.delete_stream(bench.stream)
            await bench.provision()
            await bench.publish("a", "1")

            with pytest.raises(StreamMissingError, match="anew"):
                await take(subscription, 1)


async def test_connecting_waits_for_a_server_that_is_not_there_yet(start_nats: StartNats) -> None:
    server = start_nats()
    await RealFate(server).kill()
    counted: list[str] = []
    options = NatsOptions(servers=(server.url,), times=QUICK)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_connect_once(options, counted))
        await eventually(lambda: len(counted) >= 2)
        tasks.create_task(RealFate(server).start())

    assert waiting.result()


@asynccontextmanager
async def administrator(server: NatsTestServer) -> AsyncIterator[JetStreamManager]:
    """Connect a client of the library's own, as an administrator's tools do."""
    client = await nats.connect(server.url)
    try:
        yield client.jsm()
    finally:
        await client.close()


async def _holds(bench: Bench, messages: int) -> bool:
    return (await bench.other.state(bench.stream)).messages == messages


async def _connect_once(options: NatsOptions, counted: list[str]) -> bool:
    async with connect(options, count_error=counted.append) as log:
        return log.is_connected


async def _published(bench: Bench, name: str, body: bytes) -> None:
    """Publish until it is stored."""

    async def is_stored() -> bool:
        try:
            await bench.log.publish(bench.subject(name), body, {})
        except UnreachableError:
            return False
        return True

    await eventually(is_stored, within=timedelta(seconds=20))


async def _result(bench: Bench, name: str) -> int | UnreachableError:
    try:
        return await bench.publish(name, "2")
    except UnreachableError as error:
        return error
