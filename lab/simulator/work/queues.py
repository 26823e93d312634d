"""Decides which key is worked on next.

Invariants: a key is in the queue at most once and worked on by at most one worker; a key that is added while it is
worked on is worked on again; a later moment never replaces an earlier one.
"""

import asyncio
from collections import deque

from lab.simulator.client.caches import Key

FIRST_RETRY = 0.05
LONGEST_RETRY = 30.0


class WorkQueue:
    """Keys that wait for a worker, now or at a moment."""

    def __init__(self) -> None:
        self._ready: deque[Key] = deque()
        self._waiting: set[Key] = set()
        self._in_work: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._news = asyncio.Event()

    def add(self, key: Key) -> None:
        """Have `key` worked on as soon as possible."""
        self._drop_timer(key)
        if key in self._in_work:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._news.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Have `key` worked on in `seconds`, or earlier if it was asked for earlier."""
        if key in self._waiting or key in self._again:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= loop.time() + seconds:
            return
        self._drop_timer(key)
        self._timers[key] = loop.call_later(seconds, self.add, key)

    async def take(self) -> Key:
        """Return the next key; `done` must follow."""
        while not self._ready:
            self._news.clear()
            await self._news.wait()
        key = self._ready.popleft()
        self._waiting.discard(key)
        self._in_work.add(key)
        return key

    def done(self, key: Key) -> None:
        """Say that `key` has been worked on; a retry that was planned for it starts small again."""
        self._in_work.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def succeeded(self, key: Key) -> None:
        """Forget earlier failures of `key`."""
        self._failures.pop(key, None)

    def retry(self, key: Key) -> None:
        """Have `key` worked on again after a pause that grows with each failure in a row."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(FIRST_RETRY * 2**failures, LONGEST_RETRY))

    def _drop_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
