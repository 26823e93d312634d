"""The failures that the event log in memory has on demand; what it promises otherwise is in the contract suite."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.streams import StreamSpec
from shared.core.errors import ForbiddenError, UnknownResultError, UnreachableError
from shared.ports.bus import EventLog, Newest, SequenceConflictError, StreamMissingError
from shared.testing.bus import FakeBus, Perturbation
from shared.testing.bus_streams import matches
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio

SPEC = StreamSpec("S", ("s.>",), per_subject=3, max_age=timedelta(hours=1))


async def a_bus(*, seed: int = 0) -> tuple[FakeClock, FakeBus]:
    """Return a bus with one stream."""
    clock = FakeClock()
    bus = FakeBus(clock, seed=seed)
    as_port: EventLog = bus
    await as_port.provision([SPEC], install="a")
    return clock, bus


async def delivered(bus: FakeBus, clock: FakeClock, number: int) -> list[int]:
    """Publish some messages to a follower and return what it got, as sequences."""
    seen: list[int] = []

    async def follow() -> None:
        async with bus.follow("S", ["s.>"], Newest()) as subscription:
            async for delivery in subscription:
                seen.append(delivery.message.sequence)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(follow())
        await clock.settle()
        for count in range(number):
            await bus.publish(f"s.{count}", b"", {})
        await clock.advance(timedelta(minutes=5))
        task.cancel()
    return seen


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.*.c", "a.b.c", True),
        ("a.*", "a.b.c", False),
        ("a.b", "a.b", True),
        ("a.b.c", "a.b", False),
        (">", "a", True),
    ],
)
async def test_patterns_match_as_the_server_matches_them(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected


async def test_an_undisturbed_follower_gets_everything_in_order() -> None:
    clock, bus = await a_bus()

    assert await delivered(bus, clock, 50) == list(range(1, 51))


async def test_deliveries_are_dropped_on_demand() -> None:
    clock, bus = await a_bus(seed=1)
    bus.perturbation = Perturbation(drop=0.5)

    seen = await delivered(bus, clock, 50)

    assert 5 < len(seen) < 45
    assert seen == sorted(seen)


async def test_deliveries_are_doubled_delayed_and_reordered_on_demand_and_none_is_lost() -> None:
    clock, bus = await a_bus(seed=1)
    bus.perturbation = Perturbation(double=0.3, delay=0.5, reorder=0.5)

    seen = await delivered(bus, clock, 50)

    assert len(seen) > 50
    assert set(seen) == set(range(1, 51))
    assert seen != sorted(seen)


async def test_one_seed_is_one_course() -> None:
    courses = []
    for _ in range(2):
        clock, bus = await a_bus(seed=7)
        bus.perturbation = Perturbation(drop=0.2, double=0.2, delay=0.2, reorder=0.2)
        courses.append(await delivered(bus, clock, 40))

    assert courses[0] == courses[1]


async def test_a_lost_acknowledgement_leaves_the_message_stored() -> None:
    _, bus = await a_bus()
    bus.lose_acks(1)

    with pytest.raises(UnknownResultError):
        await bus.publish("s.a", b"1", {}, expected_last=0)
    with pytest.raises(SequenceConflictError):
        await bus.publish("s.a", b"1", {}, expected_last=0)

    assert [message.body for message in bus.messages("S")] == [b"1"]


async def test_a_client_that_is_cut_off_leaves_the_others_alone() -> None:
    _, bus = await a_bus()
    other = bus.another()
    bus.cut()

    with pytest.raises(UnreachableError):
        await bus.publish("s.a", b"", {})
    await other.publish("s.a", b"", {})
    bus.mend()

    assert (bus.is_connected, other.is_connected) == (True, True)
    assert await bus.newest("S", "s.a") is not None


async def test_a_denied_subject_is_forbidden() -> None:
    _, bus = await a_bus()
    bus.deny("s.secret.>")

    with pytest.raises(ForbiddenError):
        await bus.publish("s.secret.a", b"", {})


async def test_a_wiped_bus_has_no_streams_until_they_are_made_anew() -> None:
    _, bus = await a_bus()
    before = await bus.state("S")
    bus.wipe()

    with pytest.raises(StreamMissingError):
        await bus.state("S")
    await bus.provision([SPEC], install="a")

    assert (await bus.state("S")).created != before.created


async def test_messages_leave_when_they_are_too_old() -> None:
    clock, bus = await a_bus()
    await bus.publish("s.a", b"", {})
    await clock.advance(timedelta(hours=2))

    assert await bus.newest("S", "s.a") is None


async def test_a_hook_stops_a_call_before_the_server_sees_it() -> None:
    _, bus = await a_bus()
    seen: list[tuple[str, str, int]] = []

    async def before(call: str, about: str) -> None:
        seen.append((call, about, len(bus.messages("S"))))

    async def after(call: str, about: str) -> None:
        seen.append((call, about, len(bus.messages("S"))))

    bus.before, bus.after = before, after
    await bus.publish("s.a", b"", {})

    assert seen == [("publish", "s.a", 0), ("publish", "s.a", 1)]
