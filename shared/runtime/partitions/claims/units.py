"""The units that this replica runs: one supervised task for each claim.

A unit that crashes is started again alone, with back-off, under the same claim; a unit that is handed over finishes
its work in hand first; a unit whose claim is lost is cancelled at once, since its writes would be refused anyway.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from shared.core.errors import TemporaryError
from shared.ports.clock import Clock
from shared.runtime.partitions.bell import Bell, finish_or_cancel
from shared.runtime.partitions.claims.fences import ClaimFence

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BEING_CLAIMED = "units are being claimed"  # what a replica waits for until its claims are answered
FIRST_RESTART = 0.5
LAST_RESTART = 30.0
LONGEST_WAIT = 1.0  # for a server or a stream that may be back at any moment
STABLE_AFTER = 60.0  # a unit that ran for so long starts its back-off anew


@dataclass(frozen=True, slots=True)
class Claimed:
    """One owned unit: its fence, and the event that asks it to finish."""

    unit: str
    fence: ClaimFence
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


Own = Callable[[Claimed], Awaitable[None]]


@dataclass(slots=True)
class HeldUnits:
    """Runs one task per claimed unit inside the caller's task group."""

    own: Own
    clock: Clock
    tasks: asyncio.TaskGroup
    dice: random.Random
    on_change: Callable[[], None]
    _running: dict[str, tuple[Claimed, asyncio.Task[None]]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Return the units that run, those that are leaving too."""
        return frozenset(self._running)

    @property
    def claims(self) -> list[Claimed]:
        """Return the claims of the units that run."""
        return [claimed for claimed, _ in self._running.values()]

    def get(self, unit: str) -> Claimed | None:
        """Return a running unit."""
        found = self._running.get(unit)
        return found[0] if found else None

    def start(self, claimed: Claimed) -> None:
        """Run a unit until it leaves or is lost."""
        task = self.tasks.create_task(self._supervise(claimed), name=f"unit {claimed.unit}")
        self._running[claimed.unit] = (claimed, task)
        self.on_change()

    def lose(self, unit: str) -> None:
        """Cancel a unit whose claim is gone."""
        claimed, task = self._running.pop(unit)
        claimed.fence.end()
        task.cancel()
        log.warning("claim was lost", unit=unit, claim=claimed.fence.claim)
        self.on_change()

    async def finish(self, claimed: Claimed, budget: timedelta) -> None:
        """Let a unit finish what it does; cancel what it has not finished within the budget."""
        claimed.leaving.set()
        if self.get(claimed.unit) is not claimed:
            return  # lost meanwhile
        task = self._running[claimed.unit][1]
        await finish_or_cancel(self.clock, [task], budget)
        claimed.fence.end()

    def forget(self, claimed: Claimed) -> None:
        """Drop a unit that has finished and whose claim is given back."""
        if self.get(claimed.unit) is claimed:
            del self._running[claimed.unit]
        self.on_change()

    async def _supervise(self, claimed: Claimed) -> None:
        delay = FIRST_RESTART
        while not claimed.leaving.is_set():
            started = self.clock.elapsed()
            # The failure comes back as a value: nothing but this unit may end because of it.
            [failure] = await asyncio.gather(self.own(claimed), return_exceptions=True)
            if claimed.leaving.is_set():
                return
            if self.clock.elapsed() - started > STABLE_AFTER:
                delay = FIRST_RESTART
            awaited = _what_may_heal(failure)
            if awaited:
                delay = min(delay, LONGEST_WAIT)
                log.warning("unit waits and is started again", unit=claimed.unit, reason=awaited, delay_seconds=delay)
            else:
                log.error("unit ended and is started again", unit=claimed.unit, delay_seconds=delay, exc_info=failure)
            await self._pause(claimed, delay * self.dice.uniform(0.5, 1.0))
            delay = min(delay * 2, LAST_RESTART)

    async def _pause(self, claimed: Claimed, delay: float) -> None:
        bell = Bell(self.clock)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_ring_when(claimed.leaving, bell))
            await bell.wait(delay)
            waiting.cancel()


def _what_may_heal(failure: BaseException | None) -> str:
    """Return what a unit waits for, or an empty text when a bug or a refusal ended it."""
    if isinstance(failure, BaseExceptionGroup):
        reasons = [_what_may_heal(each) for each in failure.exceptions]
        return reasons[0] if all(reasons) else ""
    return str(failure) or type(failure).__name__ if isinstance(failure, TemporaryError) else ""


async def _ring_when(event: asyncio.Event, bell: Bell) -> None:
    await event.wait()
    bell.ring()
