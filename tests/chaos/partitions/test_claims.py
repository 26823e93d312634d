"""Replicas that are cut off, killed, joined and stopped at random: never two writers, and in the end one owner each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import LeaseLostError
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.chaos.seeds import run_seeds

UNITS = ("0", "1", "2", "3")


@dataclass(slots=True)
class Member:
    """One replica and the units that it runs."""

    name: str
    store: FakeStore
    clock: FakeClock
    dice: random.Random
    running: dict[str, Claimed] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Own units until stopped."""
        replica = Replica(self.store, self.clock, EtcdKeys("chaos"), "test", self.name, UNITS, dice=self.dice)
        await Ownership(replica).run(self._own, self.stopping)

    async def _own(self, claimed: Claimed) -> None:
        self.running[claimed.unit] = claimed
        try:
            await claimed.leaving.wait()
            await self.clock.sleep(timedelta(seconds=2 * self.dice.random()))
        finally:
            del self.running[claimed.unit]

    @property
    def is_alive(self) -> bool:
        """Return whether the replica runs."""
        return self.task is not None and not self.task.done()

    @property
    def writes(self) -> set[str]:
        """Return the units that the replica may write for now."""
        return {unit for unit, claimed in self.running.items() if _may_write(claimed)}


def _may_write(claimed: Claimed) -> bool:
    try:
        claimed.fence.check()
    except LeaseLostError:
        return False
    return True


@dataclass(slots=True)
class Group:
    """All replicas of a service on one store."""

    clock: FakeClock
    store: FakeStore
    dice: random.Random
    tasks: asyncio.TaskGroup
    members: list[Member] = field(default_factory=list)

    def join(self) -> None:
        """Start one more replica."""
        name = f"replica-{len(self.members)}"
        member = Member(name, self.store.another(), self.clock, random.Random(self.dice.random()))
        member.task = self.tasks.create_task(member.run())
        self.members.append(member)

    def disturb(self) -> None:
        """Do something to the store or to a replica."""
        member = self.dice.choice(self.members)
        match self.dice.randrange(9):
            case 0 | 1:
                member.store.cut()
            case 2 | 3:
                member.store.mend()
            case 4:
                self.join()
            case 5 if member.task is not None and len(self.members) > 1:
                member.task.cancel()
            case 6:
                member.stopping.set()
            case 7:
                self.store.stop()
            case _:
                self.store.start()

    async def advance(self, seconds: float) -> None:
        """Let time pass, looking at every moment at which something happens."""
        until = self.clock.elapsed() + seconds
        while self.clock.elapsed() < until:
            await self.clock.advance(timedelta(seconds=0.5))
            writers = [unit for member in self.members for unit in member.writes]
            assert len(writers) == len(set(writers)), "two replicas may write for one unit"


async def disturbed_claims(seeds: Sequence[int]) -> None:
    dice, clock = random.Random(seeds[0]), FakeClock()
    async with asyncio.TaskGroup() as tasks:
        group = Group(clock, FakeStore(clock), dice, tasks)
        group.join()
        group.join()
        for _ in range(8):
            await group.advance(dice.uniform(0.0, 8.0))
            group.disturb()
        group.store.start()
        for member in group.members:
            member.store.mend()
        group.join()
        await group.advance(35.0)

        alive = [member for member in group.members if member.is_alive]
        assert sorted(unit for member in alive for unit in member.writes) == sorted(UNITS)
        for member in group.members:
            if member.task is not None:
                member.task.cancel()


def test_claims_never_have_two_writers_and_always_find_one() -> None:
    run_seeds(disturbed_claims, row="hand-overs", held="at no moment two writers, in the end one owner each")
