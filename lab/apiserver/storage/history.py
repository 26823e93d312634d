"""Decides how far back a watch can go, and when it is told that it came too late (410).

Separate, because watchers own no buffers: each is a position in this one bounded list, so fifty slow watchers
cost as much memory as one. Invariant: positions only grow; what lies before `start` is gone for everybody.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right

from lab.apiserver.storage.records import Change


class History:
    """The latest changes of one collection, bounded by number and by bytes."""

    def __init__(self, floor: int, *, max_changes: int = 4096, max_bytes: int = 16 << 20) -> None:
        self.floor = floor  # the version below which nothing can be replayed
        self.start = 0  # position of the first change still here
        self._changes: list[Change] = []
        self._bytes = 0
        self._max_changes = max_changes
        self._max_bytes = max_bytes
        self._waiting: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def end(self) -> int:
        """The position that the next change will get."""
        return self.start + len(self._changes)

    @property
    def closed(self) -> bool:
        """Whether the collection is gone, and every watch on it has to end."""
        return self._closed

    def append(self, change: Change) -> None:
        """Add a change, forget the oldest if there are too many, and wake who waits."""
        self._changes.append(change)
        self._bytes += len(change.record.body)
        if len(self._changes) > self._max_changes * 5 // 4 or self._bytes > self._max_bytes * 5 // 4:
            self._trim()
        self._wake()

    def _trim(self) -> None:
        keep = self._bytes
        dropped = 0
        last = len(self._changes) - 1
        while dropped < last and (len(self._changes) - dropped > self._max_changes or keep > self._max_bytes):
            keep -= len(self._changes[dropped].record.body)
            dropped += 1
        self._forget(dropped)

    def _forget(self, count: int) -> None:
        if not count:
            return
        self.floor = self._changes[count - 1].version
        self._bytes -= sum(len(change.record.body) for change in self._changes[:count])
        del self._changes[:count]
        self.start += count

    def compact(self, version: int) -> None:
        """Forget every change up to a version, as etcd's compaction does."""
        self._forget(bisect_right(self._changes, version, key=lambda change: change.version))
        self.floor = max(self.floor, version)

    def position_after(self, version: int) -> int | None:
        """Return where a watch from this version continues; None if that is already forgotten."""
        if version < self.floor:
            return None
        return self.start + bisect_right(self._changes, version, key=lambda change: change.version)

    def since(self, position: int, *, limit: int | None = None) -> list[Change] | None:
        """Return the changes from a position on, at most so many; None if the reader was too slow."""
        if position < self.start:
            return None
        first = position - self.start
        return self._changes[first : None if limit is None else first + limit]

    def newest_first_after(self, version: int) -> list[Change]:
        """Return the changes after a version, the newest first."""
        first = bisect_right(self._changes, version, key=lambda change: change.version)
        return self._changes[first:][::-1]

    def close(self) -> None:
        """Say that nothing will follow."""
        self._closed = True
        self._wake()

    async def wait(self) -> None:
        """Return when there may be something new."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            if not future.done() or future.cancelled():
                self._waiting = [other for other in self._waiting if other is not future]

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
