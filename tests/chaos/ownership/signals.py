"""Randomised hand-overs on real processes: signals to reconcilers and etcd, leases that end, and edits meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from shared.ports.store import Lease
from shared.testing.eventually import eventually
from tests.chaos.ownership.observers import Observer
from tests.chaos.ownership.records import Claimed, Disturbed, Ended, Slept
from tests.chaos.ownership.users import RECOVERY, Users
from tests.e2e.stacks import LiveStack

RECONCILERS = ("reconciler", "reconciler-2", "reconciler-3")


@dataclass(slots=True)
class Signals:
    """What happens to the processes of a stack under observation."""

    stack: LiveStack
    observer: Observer
    users: Users
    dice: random.Random
    told: list[str] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)  # processes to which something happens

    async def play(self, rounds: int, *, longest_stop: float) -> None:
        """Disturb so many times, with edits before and after each."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(rounds):
                free = [each for each in RECONCILERS if each not in self._busy]
                if len(free) < 2:  # somebody has to go on
                    await eventually(lambda: len(self._busy) < 2, within=RECOVERY)
                    continue
                await self.users.edit_some()
                tasks.create_task(self._disturb(self.dice.choice(free), longest_stop))
                await asyncio.sleep(self.dice.uniform(0.0, 0.3))
                await self.users.edit_some()
                await asyncio.sleep(self.dice.uniform(0.0, 1.0))

    async def _disturb(self, victim: str, longest_stop: float) -> None:
        seconds = self.dice.choice((1.0, 2.5, 4.0, longest_stop)) * self.dice.uniform(0.5, 1.0)
        acts: tuple[Callable[[], Awaitable[None]], ...] = (
            partial(self._kill, victim),
            partial(self._terminate, victim),
            partial(self._stop, victim, max(1.0, seconds)),
            partial(self._stop, victim, max(1.0, seconds)),
            partial(self._end_lease, victim),
            partial(self._stop_etcd, self.dice.uniform(0.2, 2.5)),
        )
        self._busy.add(victim)
        try:
            await self.dice.choice(acts)()
        finally:
            self._busy.discard(victim)

    async def _kill(self, victim: str) -> None:
        self._tell(f"kill -9 {victim}")
        await asyncio.to_thread(self.stack.crash, victim)
        self.observer.add(Ended(self.observer.now, victim))
        await asyncio.to_thread(self.stack.restart, victim)

    async def _terminate(self, victim: str) -> None:
        self._tell(f"SIGTERM {victim}")
        await asyncio.to_thread(self.stack.bringup.stop, victim)
        await asyncio.to_thread(self.stack.restart, victim)

    async def _stop(self, victim: str, seconds: float) -> None:
        self._tell(f"SIGSTOP {victim} for {seconds:.1f} s")
        self.observer.add(Slept(self.observer.now, victim, is_asleep=True))
        self.stack.bringup.pause(victim)
        await asyncio.sleep(seconds)
        self.stack.bringup.resume(victim)
        self.observer.add(Slept(self.observer.now, victim, is_asleep=False))

    async def _end_lease(self, victim: str) -> None:
        self._tell(f"revoke the lease of {victim}")
        claims = [each for each in self.observer.records if isinstance(each, Claimed) and each.member == victim]
        async with self.stack.target.store() as store:
            for lease in {each.lease for each in claims[-1:]}:
                await store.revoke(Lease(lease, timedelta(), 0.0))

    async def _stop_etcd(self, seconds: float) -> None:
        self._tell(f"SIGSTOP etcd for {seconds:.1f} s")
        self.observer.add(Disturbed(self.observer.now, is_disturbed=True))
        self.stack.bringup.pause("etcd")
        await asyncio.sleep(seconds)
        self.stack.bringup.resume("etcd")
        self.observer.add(Disturbed(self.observer.now, is_disturbed=False))

    def _tell(self, what: str) -> None:
        self.told.append(f"{self.observer.now:.3f} s: {what}")
