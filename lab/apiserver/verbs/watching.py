"""Decides what a watch sends, and when it ends: initial state, history, changes as they come, bookmarks, 410.

Separate from the HTTP stream that it writes to. Invariant: a watch holds no buffer of its own; it is a position in
the collection's history, and whoever falls behind the history is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import dumps
from lab.apiserver.errors import expired
from lab.apiserver.requests.options import ListOptions, watch_version
from lab.apiserver.storage.history import History
from lab.apiserver.views.events import Lens

BOOKMARK_EVERY = 60.0
_BEFORE_TIMEOUT = 2.0
_BATCH = 64  # events in one chunk: bounds what a slow client makes the server hold


@dataclass(slots=True)
class _Progress:
    """Where a watch stands."""

    position: int
    version: int  # the newest version that the client knows
    told: int  # the version up to which the collection was looked through


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch, as a series of chunks of event lines."""

    cluster: Cluster
    lens: Lens
    options: ListOptions
    max_seconds: float

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what is to be sent, until the watch ends."""
        is_untold = self.lens.view == "table"  # the client does not know the columns yet
        async for chunk in self._chunks():
            if is_untold:
                first, _, others = chunk.partition(b"\n")
                yield self.lens.with_columns(first) + others
                is_untold = False
            else:
                yield chunk

    async def _chunks(self) -> AsyncIterator[bytes]:
        history = self.cluster.collection(self.lens.resource).history
        start = watch_version(self.options.version)
        if self._begins_with_state():
            position, version = history.end, self.cluster.store.version
            for chunk in self._initial(version):
                yield chunk
        else:
            start = start or self.cluster.store.version  # sendInitialEvents=false begins with the present
            found = history.position_after(start)
            if found is None:
                yield self._error(start, history)
                return
            position, version = found, start
        async for chunk in self._follow(history, _Progress(position, version, version)):
            yield chunk

    def _begins_with_state(self) -> bool:
        if self.options.initial_events is not None:
            return self.options.initial_events
        return self.options.version in ("", "0")

    def _initial(self, version: int) -> Iterator[bytes]:
        records = self.cluster.collection(self.lens.resource).all(self.lens.namespace)
        seen = [record for record in records if self.lens.sees(record)]
        for at in range(0, len(seen), _BATCH):
            yield b"".join(self.lens.initial(record) for record in seen[at : at + _BATCH])
        if self.options.initial_events and self.options.bookmarks:
            yield self.lens.bookmark(version, initial=True)

    async def _follow(self, history: History, progress: _Progress) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.max_seconds
        bookmark_at = min(loop.time() + BOOKMARK_EVERY, end - _BEFORE_TIMEOUT)
        while True:
            changes = history.since(progress.position, limit=_BATCH)
            if changes is None:
                return  # too slow: the client resumes from what it saw, or lists again
            if changes:
                progress.position += len(changes)
                progress.told = changes[-1].version
                lines = []
                for change in changes:
                    if change.version <= progress.version:
                        continue
                    line = self.lens.line(change)
                    if line is not None:
                        lines.append(line)
                        progress.version = change.version
                if lines:
                    yield b"".join(lines)
                continue
            now = loop.time()
            if history.closed or now >= end:
                return
            if now >= bookmark_at and self.options.bookmarks:
                if progress.told > progress.version:
                    progress.version = progress.told
                    yield self.lens.bookmark(progress.told, initial=False)
                bookmark_at = now + BOOKMARK_EVERY if end - now > BOOKMARK_EVERY else end
            await _woken(history, min(end, bookmark_at if self.options.bookmarks else end) - now)

    @staticmethod
    def _error(version: int, history: History) -> bytes:
        error = expired(f"too old resource version: {version} ({history.floor})")
        return b'{"type":"ERROR","object":' + dumps(error.status()) + b"}\n"


async def _woken(history: History, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await history.wait()
    except TimeoutError:
        return
