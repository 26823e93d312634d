"""Getting publications into the log: one in flight per subject, the newest wins, nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.watcher.changes.publications import Publication
from services.watcher.publisher import Publisher, Stored
from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES, stream_specs
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from tests.unit.services.watcher.changes.builders import headers

pytestmark = pytest.mark.asyncio


@dataclass(slots=True)
class Desk:
    """A publisher, and what it said."""

    clock: FakeClock
    bus: FakeBus
    publisher: Publisher = field(init=False)
    stored: list[tuple[Stored, list[int]]] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)

    def hear(self, stored: Stored, versions: list[int]) -> None:
        """Take in what is stored."""
        self.stored.append((stored, versions))
        self.sequences[stored.publication.subject] = stored.sequence

    async def submit(self, name: str, version: int, *, size: int = 2) -> None:
        """Submit a publication."""
        await self.publisher.submit(a_publication(name, version, size=size), version)

    def versions(self) -> list[int]:
        """Return the versions in the log."""
        return [decode_change(message.headers).version for message in self.bus.messages(CHANGES)]

    def released(self) -> list[int]:
        """Return every version that was said to need no more work."""
        return sorted(version for _, versions in self.stored for version in versions)


def a_publication(name: str, version: int, *, size: int = 2) -> Publication:
    """Return a publication for a subject of its own."""
    return Publication(f"dynamo.changes.3.services.team.{name}", headers(version=version), b"x" * size)


@asynccontextmanager
async def a_desk(*, epoch: str = "cluster.0", max_bytes: int = 1 << 20, max_in_flight: int = 32) -> AsyncIterator[Desk]:
    """Run a publisher."""

    async def current() -> str:
        return epoch

    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="test")
    desk = Desk(clock, bus)
    desk.publisher = Publisher(
        bus,
        clock,
        desk.hear,
        lambda subject: desk.sequences.get(subject, 0),
        current,
        max_bytes=max_bytes,
        max_in_flight=max_in_flight,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(desk.publisher.run())
        yield desk
        running.cancel()


async def test_stores_what_is_submitted() -> None:
    async with a_desk() as desk:
        await desk.submit("one", 1)
        await desk.clock.settle()

        assert desk.versions() == [1]
        assert desk.released() == [1]
        assert desk.publisher.is_idle


async def test_a_newer_version_replaces_a_waiting_one_and_answers_for_it() -> None:
    async with a_desk() as desk:
        desk.bus.stop()
        await desk.submit("one", 1)
        await desk.clock.settle()
        for version in (2, 3, 4):
            await desk.submit("one", version)
        desk.bus.start()
        await desk.clock.advance(timedelta(seconds=5))

        assert desk.versions() == [1, 4]
        assert desk.released() == [1, 2, 3, 4]


async def test_a_lost_acknowledgement_stores_nothing_twice() -> None:
    async with a_desk() as desk:
        desk.bus.lose_acks(2)
        await desk.submit("one", 1)
        await desk.submit("two", 2)
        await desk.clock.advance(timedelta(seconds=5))

        assert sorted(desk.versions()) == [1, 2]
        assert [stored.was_ours for stored, _ in desk.stored] == [False, False]


async def test_what_somebody_else_stored_meanwhile_is_not_put_below_ours() -> None:
    async with a_desk() as desk:
        other = a_publication("one", 7)
        await desk.bus.publish(other.subject, other.body, other.headers.encode())
        await desk.submit("one", 5)
        await desk.submit("two", 8)
        await desk.clock.settle()

        assert desk.versions() == [7, 8]
        assert desk.released() == [5, 8]
        assert desk.sequences[other.subject] == 1


async def test_what_is_older_in_the_log_is_covered() -> None:
    async with a_desk() as desk:
        other = a_publication("one", 4)
        await desk.bus.publish(other.subject, other.body, other.headers.encode())
        await desk.submit("one", 5)
        await desk.clock.settle()

        assert desk.versions() == [4, 5]


async def test_a_publication_of_an_ended_epoch_is_let_go() -> None:
    async with a_desk(epoch="cluster.1") as desk:
        newer = Publication(a_publication("one", 1).subject, headers(version=1, epoch="cluster.1"), b"{}")
        await desk.bus.publish(newer.subject, newer.body, newer.headers.encode())
        await desk.submit("one", 9)
        await desk.clock.settle()

        assert desk.versions() == [1]
        assert desk.released() == [9]


async def test_the_newest_is_asked_for_again_when_that_question_fails() -> None:
    async with a_desk() as desk:
        other = a_publication("one", 7)
        await desk.bus.publish(other.subject, other.body, other.headers.encode())
        failures = [True]

        async def fail_once(call: str, _: str) -> None:
            if call == "newest" and failures:
                failures.pop()
                desk.bus.cut()
                desk.clock.call_at(desk.clock.elapsed() + 1.0, desk.bus.mend)

        desk.bus.before = fail_once
        await desk.submit("one", 5)
        await desk.clock.advance(timedelta(seconds=5))

        assert desk.released() == [5]
        assert desk.versions() == [7]


async def test_a_full_buffer_makes_the_reader_wait() -> None:
    async with a_desk(max_bytes=100) as desk:
        desk.bus.stop()
        await desk.submit("one", 1, size=60)
        await desk.submit("two", 2, size=60)
        third = asyncio.ensure_future(desk.submit("three", 3, size=60))
        await desk.clock.advance(timedelta(seconds=5))
        is_waiting = not third.done()
        desk.bus.start()
        await desk.clock.advance(timedelta(seconds=5))
        await third

        assert is_waiting
        assert sorted(desk.versions()) == [1, 2, 3]


async def test_replacing_what_waits_gives_its_bytes_back() -> None:
    async with a_desk(max_bytes=1000) as desk:
        desk.bus.stop()
        await desk.submit("one", 1, size=10)
        await desk.clock.settle()
        for version in range(2, 50):
            await asyncio.wait_for(desk.submit("one", version, size=900), 1.0)
        desk.bus.start()
        await desk.clock.advance(timedelta(seconds=5))

        assert desk.versions() == [1, 49]


async def test_no_more_than_the_limit_is_in_flight() -> None:
    async with a_desk(max_in_flight=2) as desk:
        running, most = 0, 0

        async def count(call: str, _: str) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await desk.clock.sleep(timedelta(milliseconds=10))
            running -= 1

        desk.bus.before = count
        for number in range(9):
            await desk.submit(f"service-{number}", number + 1)
        await desk.clock.advance(timedelta(seconds=1))

        assert most == 2
        assert desk.versions() == list(range(1, 10))
