"""Writing Kubernetes Events: best effort, in the background, aggregated (OB-03).

A pass never waits for an Event. What is said again about the same object raises the count of the same Event; when too
many wait to be written, the oldest is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.reconciler import metrics
from services.reconciler.status.notes import Note, event
from shared.core.errors import PlatformError
from shared.core.json import Manifest
from shared.core.objects import name_of, namespace_of
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster

log = structlog.get_logger()

MANAGER = "dynamo-reconciler-events"
QUEUE_LIMIT = 2000
REMEMBERED = 4096


@dataclass(slots=True)
class EventRecorder:
    """Queue Events and write them one after the other."""

    cluster: Cluster
    clock: Clock
    _queue: deque[Manifest] = field(default_factory=lambda: deque(maxlen=QUEUE_LIMIT))
    _seen: OrderedDict[tuple[str, str], tuple[int, datetime]] = field(default_factory=OrderedDict)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)

    def record(self, note: Note, regarding: Manifest) -> None:
        """Queue the Event of a note about an object."""
        now = self.clock.now()
        draft = event(note, regarding, now)
        key = (namespace_of(draft), name_of(draft))
        count, first = self._seen.get(key, (0, now))
        self._seen[key] = (count + 1, first)
        self._seen.move_to_end(key)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        if len(self._queue) == QUEUE_LIMIT:
            metrics.EVENTS_DROPPED.inc()
        self._queue.append(event(note, regarding, now, count=count + 1, first=first) if count else draft)
        self._filled.set()

    async def run(self) -> None:
        """Write queued Events, for ever."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                await self._write(self._queue.popleft())

    async def _write(self, manifest: Manifest) -> None:
        try:
            await self.cluster.apply(manifest, manager=MANAGER)
        except PlatformError as error:
            metrics.EVENTS_DROPPED.inc()
            log.debug("event was not written", name=name_of(manifest), reason=str(error))
