"""A clock that tests drive, so that no test waits and every run takes the same course.

Separate from the fakes of the stores because everything that waits shares one. Two kinds of timers exist, as on a real
machine: sleeps stop while the machine is suspended, what servers elsewhere do (a lease that ends) does not. Timers
fire in the order of their times and, at the same time, of their making; between two of them every task runs until
nothing is ready any more.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_START = datetime(2025, 1, 1, tzinfo=UTC)
_SETTLE_LIMIT = 100_000  # turns of the event loop; more is a loop that never waits


class FakeClock:
    """A `Clock` that stands still until a test moves it."""

    def __init__(self, start: datetime = _START) -> None:
        """Begin at a time of day."""
        self._start = start
        self._elapsed = 0.0
        self._suspended = 0.0
        self._jumped = timedelta()
        self._made = 0
        self._sleeps: list[tuple[float, int, asyncio.Future[None]]] = []
        self._callbacks: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        """Return the time of day."""
        return self._start + timedelta(seconds=self._elapsed) + self._jumped

    def elapsed(self) -> float:
        """Return the seconds since the clock was made, with those of a suspended machine."""
        return self._elapsed

    async def sleep(self, delay: timedelta) -> None:
        """Wait until the test has moved the clock far enough; a delay of nothing gives other tasks a turn."""
        if delay <= timedelta():
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        due = self._elapsed - self._suspended + delay.total_seconds()
        heapq.heappush(self._sleeps, (due, self._next(), woken))
        await woken

    def call_at(self, elapsed: float, callback: Callable[[], None]) -> None:
        """Call a function when the clock gets there; for servers, which no suspended client stops."""
        heapq.heappush(self._callbacks, (elapsed, self._next(), callback))

    def jump(self, delta: timedelta) -> None:
        """Set the time of day forward or back, as an administrator or a time server does; nothing else passes."""
        self._jumped += delta

    async def advance(self, delta: timedelta) -> None:
        """Move the clock on, waking in order everything that waits for a moment on the way."""
        target = self._elapsed + delta.total_seconds()
        await self.settle()
        while (due := self._next_due()) is not None and due <= target:
            self._elapsed = max(self._elapsed, due)
            self._fire()
            await self.settle()
        self._elapsed = target

    async def run_until(self, is_reached: Callable[[], bool], *, limit: timedelta = timedelta(minutes=5)) -> None:
        """Move from timer to timer until a condition holds; raise TimeoutError at the limit or when nothing waits."""
        target = self._elapsed + limit.total_seconds()
        await self.settle()
        while not is_reached():
            due = self._next_due()
            if due is None or due > target:
                raise TimeoutError(f"not reached by {self._elapsed:.3f} s, the next timer is at {due}")
            self._elapsed = max(self._elapsed, due)
            self._fire()
            await self.settle()

    async def suspend(self, delta: timedelta) -> None:
        """Let the machine sleep: the time passes, servers elsewhere go on, our own sleeps do not."""
        target = self._elapsed + delta.total_seconds()
        while self._callbacks and self._callbacks[0][0] <= target:
            due, _, callback = heapq.heappop(self._callbacks)
            self._suspended += max(0.0, due - self._elapsed)
            self._elapsed = max(self._elapsed, due)
            callback()
        self._suspended += target - self._elapsed
        self._elapsed = target
        await self.settle()

    async def settle(self) -> None:
        """Give other tasks turns until all of them wait."""
        loop = asyncio.get_running_loop()
        # The length of the loop's queue is the only exact answer to "does anything still run"; counting turns
        # would either miss long chains of tasks or cost every step of a simulation their number.
        ready = getattr(loop, "_ready", ())
        for _ in range(_SETTLE_LIMIT):
            await asyncio.sleep(0)
            if not ready:
                return
        raise RuntimeError("tasks keep running without waiting for anything")

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _next_due(self) -> float | None:
        while self._sleeps and self._sleeps[0][2].done():  # cancelled
            heapq.heappop(self._sleeps)
        times = [self._callbacks[0][0]] if self._callbacks else []
        if self._sleeps:
            times.append(self._sleeps[0][0] + self._suspended)
        return min(times, default=None)

    def _fire(self) -> None:
        """Fire one timer that is due; servers go first."""
        if self._callbacks and self._callbacks[0][0] <= self._elapsed:
            heapq.heappop(self._callbacks)[2]()
            return
        woken = heapq.heappop(self._sleeps)[2]
        if not woken.done():
            woken.set_result(None)
