"""What ordered consumers promise, on the fake and on a real server."""

from __future__ import annotations

import pytest

from shared.ports.bus import After, LiveOnly, Newest, StreamMissingError
from tests.contract.bus.bench import Bench, bodies, take

pytestmark = pytest.mark.asyncio


async def test_newest_gives_one_message_per_subject_and_then_goes_on_live(bench: Bench) -> None:
    await bench.publish("a", "a1")
    await bench.publish("b", "b1")
    await bench.publish("a", "a2")

    async with bench.log.follow(bench.stream, [bench.subject(">")], Newest()) as subscription:
        stored = await take(subscription, 2)
        await bench.publish("b", "b2")
        live = await take(subscription, 1)

    assert subscription.pending_at_open == 2
    assert [(delivery.message.body, delivery.pending) for delivery in stored] == [(b"b1", 1), (b"a2", 0)]
    assert [(delivery.message.body, delivery.pending) for delivery in live] == [(b"b2", 0)]


async def test_only_the_subjects_asked_for_are_delivered(bench: Bench) -> None:
    async with bench.log.follow(bench.stream, [bench.subject("a.>"), bench.subject("c")], Newest()) as subscription:
        for name in ("a.1", "b.1", "c", "a.2"):
            await bench.publish(name, name)
        delivered = await take(subscription, 3)

    assert bodies(delivered) == ["a.1", "c", "a.2"]


async def test_behind_a_sequence_every_message_is_delivered(bench: Bench) -> None:
    first = await bench.publish("a", "1")
    await bench.publish("a", "2")
    await bench.publish("a", "3")

    async with bench.log.follow(bench.stream, [bench.subject("a")], After(first)) as subscription:
        delivered = await take(subscription, 2)

    assert bodies(delivered) == ["2", "3"]
    assert [delivery.message.sequence for delivery in delivered] == [2, 3]


async def test_behind_the_end_of_the_stream_there_is_nothing_to_resume(bench: Bench) -> None:
    with pytest.raises(StreamMissingError):
        async with bench.log.follow(bench.stream, [bench.subject("a")], After(7)):
            pass


async def test_live_only_begins_with_what_comes(bench: Bench) -> None:
    await bench.publish("a", "before")

    async with bench.log.follow(bench.stream, [bench.subject("a")], LiveOnly()) as subscription:
        await bench.other.publish(bench.subject("a"), b"after", {"ce-id": "1"})
        delivered = await take(subscription, 1)

    assert subscription.pending_at_open == 0
    assert bodies(delivered) == ["after"]
    assert delivered[0].message.headers == {"ce-id": "1"}
    assert delivered[0].message.subject == bench.subject("a")


async def test_eight_hundred_subjects_arrive_in_order(bench: Bench) -> None:
    for number in range(800):
        await bench.publish(f"o.{number}", str(number))

    async with bench.log.follow(bench.stream, [bench.subject("o.>")], Newest()) as subscription:
        delivered = await take(subscription, 800)

    assert bodies(delivered) == [str(number) for number in range(800)]
    assert delivered[-1].pending == 0


async def test_a_missing_stream_cannot_be_followed(bench: Bench) -> None:
    with pytest.raises(StreamMissingError):
        async with bench.log.follow("NOT_MADE", ["x"], Newest()):
            pass
