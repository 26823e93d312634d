"""Lists and watches of the fake cluster, with late events, lost histories and kinds that are not served.

A watch keeps what it still has to deliver in order; an event that is late holds up those behind it, as one connection
does. A new Snapshot replaces everything that waits, as a new list does after a lost history.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from shared.core.json import Manifest
from shared.core.resources import Resource
from shared.ports.clock import Clock
from shared.ports.cluster import Absent, Bookmark, Interrupted, Observation, Observed, Selection, Snapshot
from shared.testing.cluster_faults import EventDelay, no_delay
from shared.testing.cluster_objects import Change, Objects
from shared.testing.cluster_selectors import is_selected, shown

_RESOLUTION = 1e-6  # seconds; less than that is how floats are added, and no sleep would ever make up for it


@dataclass(frozen=True, slots=True)
class _List:
    """The next thing to deliver is a list as of then."""


@dataclass(slots=True)
class _Watch:
    resource: Resource
    selection: Selection
    waiting: deque[tuple[float, Observation | _List]] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, item: Observation | _List, due: float = 0.0) -> None:
        self.waiting.append((due, item))
        self.filled.set()

    def restart(self, item: Observation | _List) -> None:
        self.waiting.clear()
        self.put(item)


@dataclass(slots=True)
class Watches:
    """All open watches of one fake cluster."""

    objects: Objects
    clock: Clock
    delay: EventDelay = no_delay
    _open: list[_Watch] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to the store."""
        self.objects.listeners.append(self._tell)

    @property
    def count(self) -> int:
        """Return how many watches are open."""
        return len(self._open)

    @property
    def undelivered(self) -> int:
        """Return how many observations wait to be taken."""
        return sum(len(watch.waiting) for watch in self._open)

    def snapshot(self, resource: Resource, selection: Selection) -> Snapshot:
        """Return a consistent list."""
        found = [item for item in self.objects.of(resource) if is_selected(selection, item)]
        return Snapshot(tuple(_copy(shown(selection, item)) for item in found), self.objects.version)

    async def follow(
        self, resource: Resource, selection: Selection, resume_from: int | None
    ) -> AsyncGenerator[Observation, None]:
        """Yield a Snapshot or what followed a version, then what happens."""
        watch = _Watch(resource, selection)
        self._begin(watch, resume_from)
        self._open.append(watch)
        try:
            while True:
                yield await self._next(watch)
        finally:
            self._open.remove(watch)

    def bookmark(self) -> None:
        """Tell every watch that nothing else happened so far."""
        for watch in self._served():
            watch.put(Bookmark(self.objects.version))

    def interrupt(self, resource: Resource | None = None) -> None:
        """Break the connections of open watches: they go on without a gap, and say that they did."""
        for watch in self._served():
            if resource in (None, watch.resource):
                watch.put(Interrupted())

    def relist(self, resource: Resource | None = None) -> None:
        """Lose the history of open watches (410): what they had not delivered is replaced by a new list."""
        for watch in self._served():
            if resource in (None, watch.resource):
                watch.restart(_List())

    def serving_changed(self, resource: Resource) -> None:
        """Tell the watches of a resource whether it is served now."""
        for watch in self._open:
            if watch.resource == resource:
                watch.restart(_List() if resource in self.objects.served else Absent())

    def _served(self) -> list[_Watch]:
        return [watch for watch in self._open if watch.resource in self.objects.served]

    def _begin(self, watch: _Watch, resume_from: int | None) -> None:
        if watch.resource not in self.objects.served:
            watch.put(Absent())
        elif resume_from is None or not self.objects.oldest <= resume_from <= self.objects.version:
            watch.put(_List())
        else:
            for change in self.objects.changes:
                if change.version > resume_from:
                    self._offer(watch, change)

    async def _next(self, watch: _Watch) -> Observation:
        while True:
            while not watch.waiting:
                watch.filled.clear()
                await watch.filled.wait()
            due, item = watch.waiting[0]
            late = due - self.clock.elapsed()
            if late > _RESOLUTION:
                await self.clock.sleep(timedelta(seconds=late))
                continue  # a new list may have replaced it meanwhile
            watch.waiting.popleft()
            return self.snapshot(watch.resource, watch.selection) if isinstance(item, _List) else item

    def _tell(self, change: Change) -> None:
        for watch in self._open:
            self._offer(watch, change)

    def _offer(self, watch: _Watch, change: Change) -> None:
        if change.ref.resource != watch.resource:
            return
        was = change.before is not None and is_selected(watch.selection, change.before)
        is_now = change.after is not None and is_selected(watch.selection, change.after)
        if not was and not is_now:
            return
        kind = ("modified" if was else "added") if is_now else "deleted"
        state = change.after if change.after is not None and is_now else change.gone
        manifest = _copy(shown(watch.selection, state))
        due = self.clock.elapsed() + self.delay(change.ref.resource, change.version).total_seconds()
        watch.put(Observed(kind, manifest), due)  # type: ignore[arg-type]  # one of the three words


def _copy(manifest: Manifest) -> Manifest:
    copied: Manifest = orjson.loads(orjson.dumps(manifest))
    return copied
