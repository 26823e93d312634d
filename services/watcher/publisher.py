"""The publisher: brings the newest state of each subject into the log, whatever happens on the way.

One publication per subject is in flight; a newer one replaces a waiting one. A publish without an answer is sent
again, and the sequence guard tells whether it had arrived. Memory is bounded by bytes: `submit` waits when too much
is unsent, so the watcher stops reading ahead of a bus that is away.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import structlog
from prometheus_client import Counter

from services.watcher import metrics
from services.watcher.changes.guards import Verdict, verdict
from services.watcher.changes.publications import Publication
from shared.contracts.streams import CHANGES
from shared.core.errors import TemporaryError
from shared.ports.bus import EventLog, SequenceConflictError
from shared.ports.clock import Clock

log = structlog.get_logger()

FIRST_DELAY = timedelta(milliseconds=50)
LONGEST_DELAY = timedelta(seconds=2)


@cache
def _published(resource: str, change: str) -> Counter:
    return metrics.PUBLISHED.labels(resource=resource, type=change)


@dataclass(frozen=True, slots=True)
class Stored:
    """A subject holds a publication (or something newer) at this sequence."""

    publication: Publication
    sequence: int
    was_ours: bool


@dataclass(slots=True)
class _Waiting:
    publication: Publication
    versions: list[int]


@dataclass(slots=True)
class Publisher:
    """Publish for one resource; `on_stored(stored, versions)` hears of every version that needs no more work."""

    bus: EventLog
    clock: Clock
    on_stored: Callable[[Stored, list[int]], None]
    expected: Callable[[str], int]  # sequence of the newest message of a subject, as far as is known
    epoch: Callable[[], Awaitable[str]]  # the installation's epoch now
    max_in_flight: int = 32
    max_bytes: int = 16 << 20
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _ready: deque[str] = field(default_factory=deque)  # subjects that wait and are not busy, in their order
    _bytes: int = 0
    _tasks: asyncio.TaskGroup | None = None  # while publications may begin
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_idle(self) -> bool:
        """Return whether everything that was submitted is stored."""
        return not self._waiting and not self._busy

    async def submit(self, publication: Publication, version: int) -> None:
        """Hand over a publication that a version caused; wait while the buffer is full."""
        while self._bytes >= self.max_bytes:
            self._room.clear()
            await self._room.wait()
        before = self._waiting.get(publication.subject)
        versions = [version]
        if before is not None:
            self._bytes -= len(before.publication.body)
            versions = [*before.versions, version]
        self._bytes += len(publication.body)
        self._waiting[publication.subject] = _Waiting(publication, versions)
        if before is None and publication.subject not in self._busy:
            self._ready.append(publication.subject)
        self._begin()

    async def run(self) -> None:
        """Publish for ever, also while the bus or the stream is away."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                self._begin()
                await asyncio.Event().wait()
            finally:
                self._tasks = None

    def _begin(self) -> None:
        """Begin with what waits; at once, since a task in between would cost each change a turn of the event loop."""
        while self._tasks is not None and self._ready and len(self._busy) < self.max_in_flight:
            subject = self._ready.popleft()
            self._busy.add(subject)
            self._tasks.create_task(self._store(self._waiting.pop(subject)))

    async def _store(self, waiting: _Waiting) -> None:
        publication = waiting.publication
        try:
            stored = await self._publish(publication)
            self.on_stored(stored, waiting.versions)
        except BaseException:
            self._tasks = None  # the group ends: nothing begins in it any more
            raise
        finally:
            self._bytes -= len(publication.body)
            self._busy.discard(publication.subject)
            if publication.subject in self._waiting:
                self._ready.append(publication.subject)
            self._room.set()
        self._begin()

    async def _publish(self, publication: Publication) -> Stored:
        expected = self.expected(publication.subject)
        headers = publication.headers.encode()
        delay = FIRST_DELAY
        while True:
            try:
                sequence = await self.bus.publish(
                    publication.subject, publication.body, headers, expected_last=expected
                )
                _published(publication.headers.plural, publication.headers.type).inc()
                return Stored(publication, sequence, was_ours=True)
            except SequenceConflictError:
                metrics.GUARD_CONFLICTS.inc()
                found = await self._after_conflict(publication)
                if isinstance(found, Stored):
                    return found
                expected = found
            except TemporaryError as error:
                log.debug("publish is tried again", subject=publication.subject, reason=str(error))
                metrics.PUBLISH_RETRIES.inc()
                await self.clock.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, LONGEST_DELAY)

    async def _after_conflict(self, publication: Publication) -> Stored | int:
        try:
            newest = await self.bus.newest(CHANGES, publication.subject)
            outcome = verdict(publication, newest, current_epoch=await self.epoch())
        except TemporaryError:
            await self.clock.sleep(FIRST_DELAY)
            return self.expected(publication.subject)  # the guard fails again and asks again
        sequence = newest.sequence if newest else 0
        return sequence if outcome is Verdict.AGAIN else Stored(publication, sequence, was_ours=False)
