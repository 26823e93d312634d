"""When a feed calls its view complete, against a server that lags behind the stream's leader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import orjson
import pytest

from shared.contracts.markers import SyncedMarker
from shared.contracts.subjects import change_filter, change_subject, synced_subject
from shared.contracts.summaries import summary
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import GRAPHS
from shared.ports.bus import Delivery, EventLog, Start, StoredMessage, StreamState
from shared.runtime.partitions.views.feed import Feed, Listener
from shared.runtime.partitions.views.view import PartitionView
from shared.testing.clock import FakeClock
from tests.unit.shared.runtime.partitions.worlds import EPOCH, a_graph, headers_of, home_of

CLOCK = FakeClock()
HOME = home_of(a_graph())


@dataclass(slots=True)
class LaggingLog:
    """A log whose consumer's server is behind: the leader knows of more than it delivers."""

    last_sequence: int
    leader: Mapping[str, int]  # newest sequence by subject or filter
    deliveries: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    pending_at_open: int = 0

    async def state(self, stream: str) -> StreamState:
        """Return what the leader says."""
        return StreamState(CLOCK.now(), 1, self.last_sequence, self.last_sequence, {})

    async def newest(self, stream: str, subject: str) -> StoredMessage | None:
        """Return the newest message that the leader has."""
        sequence = self.leader.get(subject)
        return StoredMessage(subject, sequence, CLOCK.now(), {}, b"") if sequence else None

    @asynccontextmanager
    async def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AsyncIterator[LaggingLog]:
        """Open the consumer."""
        yield self

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield what the test delivers."""
        return self

    async def __anext__(self) -> Delivery:
        """Return the next delivery."""
        return await self.deliveries.get()

    def deliver(self, message: StoredMessage) -> None:
        """Deliver a message behind which nothing seems to wait."""
        self.deliveries.put_nowait(Delivery(message, 0))


def a_marker(sequence: int) -> StoredMessage:
    body = SyncedMarker(EPOCH, CLOCK.now(), 1).encode()
    return StoredMessage(synced_subject(GRAPHS), sequence, CLOCK.now(), {}, body)


def an_event(manifest: Manifest, sequence: int) -> StoredMessage:
    ref = ref_of(manifest)
    headers = headers_of(manifest, "added", partition=HOME).encode()
    body = orjson.dumps(summary(ref.resource, manifest))
    return StoredMessage(str(change_subject(HOME, ref)), sequence, CLOCK.now(), headers, body)


async def completeness(log: LaggingLog, *messages: StoredMessage) -> list[bool]:
    """Return whether the view was complete before and after each message."""

    async def fetch(ref: object) -> Manifest | None:
        return None

    listener = Listener(
        on_effect=lambda effect: None,
        on_arrival=lambda message: None,
        on_complete=lambda is_complete: None,
        on_waiting=lambda: None,
        on_unreadable=lambda message, error: None,
    )
    feed = Feed(cast(EventLog, log), PartitionView(HOME), frozenset({GRAPHS}), listener, fetch)
    found = []
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        await CLOCK.settle()
        found.append(feed.is_complete)
        for message in messages:
            log.deliver(message)
            await CLOCK.settle()
            found.append(feed.is_complete)
        running.cancel()
    return found


@pytest.mark.rule("P-11")
@pytest.mark.asyncio
async def test_a_consumer_that_lags_behind_the_leader_is_not_complete() -> None:
    whole = f"dynamo.changes.{HOME}.>"
    log = LaggingLog(last_sequence=9, leader={whole: 7, change_filter(HOME, GRAPHS): 7})

    found = await completeness(log, a_marker(3), an_event(a_graph(), 7))

    assert found == [False, False, True]


@pytest.mark.asyncio
async def test_what_the_partition_holds_of_other_resources_is_not_waited_for() -> None:
    log = LaggingLog(last_sequence=9, leader={f"dynamo.changes.{HOME}.>": 8, change_filter(HOME, GRAPHS): 2})

    assert await completeness(log, an_event(a_graph(), 2), a_marker(3)) == [False, False, True]


@pytest.mark.asyncio
async def test_a_consumer_past_the_goal_needs_no_word_of_the_leader() -> None:
    log = LaggingLog(last_sequence=3, leader={f"dynamo.changes.{HOME}.>": 99, change_filter(HOME, GRAPHS): 99})

    assert await completeness(log, a_marker(3)) == [False, True]
