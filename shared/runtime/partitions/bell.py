"""Waiting for one of two things: that somebody rings, or that a time has come.

Separate because every loop of this folder waits in this way, and because time must come from the clock port: under a
driven clock a whole day of retries and sweeps runs in milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from shared.ports.clock import Clock

SHORTEST = 0.001  # a clock rounds: waiting for less would come before the time, again and again


class Bell:
    """Wakes the one task that waits; ringing before the wait is not lost."""

    def __init__(self, clock: Clock) -> None:
        """Begin silent."""
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiting task, or the next one that waits."""
        self._rung.set()

    async def wait(self, longest: float | None = None) -> None:
        """Wait until it rings, at most for some seconds."""
        if longest is None or self._rung.is_set():
            await self._rung.wait()
        elif longest > 0:
            async with asyncio.TaskGroup() as tasks:
                timer = tasks.create_task(self._ring_after(max(longest, SHORTEST)))
                await self._rung.wait()
                timer.cancel()
        self._rung.clear()

    async def _ring_after(self, delay: float) -> None:
        await self._clock.sleep(timedelta(seconds=delay))
        self._rung.set()


class Alarm:
    """Rings a bell at a time; set again and again, it costs a task only when that time comes sooner than before."""

    def __init__(self, bell: Bell, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        """Begin without a time."""
        self._bell = bell
        self._clock = clock
        self._tasks = tasks
        self._due = 0.0
        self._ringing: asyncio.Task[None] | None = None

    def set(self, due: float | None) -> None:
        """Ring at a time at the latest; it may ring sooner, for a time that was set before."""
        is_set = self._ringing is not None and not self._ringing.done() and (due is None or self._due <= due)
        if due is None or is_set:
            return
        self.stop()
        self._due = due
        self._ringing = self._tasks.create_task(self._ring(due))

    def stop(self) -> None:
        """Ring no more."""
        if self._ringing is not None:
            self._ringing.cancel()

    async def _ring(self, due: float) -> None:
        await self._clock.sleep(timedelta(seconds=max(due - self._clock.elapsed(), SHORTEST)))
        self._bell.ring()


async def finish_or_cancel(clock: Clock, tasks: Collection[asyncio.Task[Any]], budget: timedelta) -> None:
    """Wait until all tasks have ended; those that take longer than the budget are cancelled."""
    if not tasks:
        return
    async with asyncio.TaskGroup() as group:
        axe = group.create_task(_cancel_after(clock, tasks, budget))
        await asyncio.wait(tasks)
        axe.cancel()


async def _cancel_after(clock: Clock, tasks: Collection[asyncio.Task[Any]], budget: timedelta) -> None:
    await clock.sleep(budget)
    for task in tasks:
        task.cancel()
