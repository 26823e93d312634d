"""Replicas that share the units of a service, on a store in memory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import LeaseLostError, UnreachableError
from shared.ports.store import Drop
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import ClaimOptions, Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore

KEYS = EtcdKeys("test")
UNITS = [str(number) for number in range(8)]
pytestmark = pytest.mark.asyncio


@dataclass(slots=True)
class Member:
    """One replica and what it runs."""

    name: str
    store: FakeStore
    clock: FakeClock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    running: dict[str, Claimed] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    failure: Exception = field(default_factory=lambda: RuntimeError("a bug"))
    lingers: timedelta = timedelta()
    ownership: Ownership = field(init=False)
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        options = ClaimOptions()
        replica = Replica(
            self.store, self.clock, KEYS, "test", self.name, UNITS, options=options, dice=random.Random(self.name)
        )
        self.ownership = Ownership(replica)

    async def own(self, claimed: Claimed) -> None:
        """Be a unit that runs until it is asked to leave."""
        self.running[claimed.unit] = claimed
        self.started[claimed.unit] += 1
        try:
            if self.crashes:
                self.crashes -= 1
                raise self.failure
            await claimed.leaving.wait()
            await self.clock.sleep(self.lingers)
        finally:
            del self.running[claimed.unit]

    async def run(self) -> None:
        """Run the ownership."""
        await self.ownership.run(self.own, self.stopping)

    def writes(self) -> list[str]:
        """Return the units that this replica may write for now."""
        return sorted(unit for unit, claimed in self.running.items() if may_write(claimed))


def may_write(claimed: Claimed) -> bool:
    try:
        claimed.fence.check()
    except LeaseLostError:
        return False
    return True


@dataclass(slots=True)
class Cluster:
    """Replicas of one service."""

    clock: FakeClock
    store: FakeStore
    tasks: asyncio.TaskGroup
    members: list[Member] = field(default_factory=list)

    async def join(self, name: str) -> Member:
        member = Member(name, self.store.another(), self.clock)
        self.members.append(member)
        member.task = self.tasks.create_task(member.run())
        await self.clock.settle()
        return member

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(timedelta(seconds=seconds))

    async def kill(self, member: Member) -> None:
        assert member.task is not None
        member.task.cancel()
        await self.clock.settle()

    def owners(self) -> dict[str, list[str]]:
        return {unit: [each.name for each in self.members if unit in each.running] for unit in UNITS}


@asynccontextmanager
async def a_cluster() -> AsyncIterator[Cluster]:
    clock = FakeClock()
    async with asyncio.TaskGroup() as tasks:
        cluster = Cluster(clock, FakeStore(clock), tasks)
        yield cluster
        for member in cluster.members:
            if member.task is not None:
                member.task.cancel()


def is_shared_out(cluster: Cluster) -> bool:
    return all(len(names) == 1 for names in cluster.owners().values())


async def test_a_single_replica_owns_everything_at_once() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")

        assert one.writes() == UNITS
        assert one.ownership.waits_for == ""
        assert one.ownership.wanted == len(UNITS)
        assert one.ownership.held == set(UNITS)


async def test_a_claim_carries_its_create_revision_and_its_member() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")

        pair = await cluster.store.get(KEYS.claim("test", "3"))

        assert pair is not None
        assert pair.value == b"one"
        assert one.running["3"].fence.token == pair.create_revision
        assert one.running["3"].fence.claim == pair.key


async def test_a_joining_replica_gets_its_share_once_the_members_are_settled() -> None:
    async with a_cluster() as cluster:
        await cluster.join("one")
        two = await cluster.join("two")

        await cluster.advance(4.9)
        before = len(two.running)
        await cluster.advance(0.2)

        assert before == 0
        assert 0 < len(two.running) < len(UNITS)
        assert is_shared_out(cluster)


async def test_a_unit_that_is_handed_over_finishes_first() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        one.lingers = timedelta(seconds=2)
        two = await cluster.join("two")

        await cluster.advance(6)
        during = dict(two.running)
        await cluster.advance(2)

        assert not during
        assert two.running
        assert is_shared_out(cluster)


async def test_a_unit_that_does_not_finish_is_cancelled() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        one.lingers = timedelta(hours=1)
        two = await cluster.join("two")

        await cluster.advance(12)

        assert two.running
        assert is_shared_out(cluster)


async def test_the_units_of_a_dead_replica_are_taken_within_its_ttl_and_two_seconds() -> None:
    async with a_cluster() as cluster:
        await cluster.join("one")
        two = await cluster.join("two")
        await cluster.advance(10)

        await cluster.kill(two)
        await cluster.advance(12)

        assert is_shared_out(cluster)


async def test_a_leaving_replica_gives_its_units_back_at_once() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        two = await cluster.join("two")
        await cluster.advance(10)

        two.stopping.set()
        await cluster.clock.settle()

        assert len(one.running) == len(UNITS)
        assert list(cluster.store.pairs(KEYS.members("test"))) == [f"{KEYS.members('test')}one"]


async def test_a_unit_that_crashes_is_started_again_alone() -> None:
    async with a_cluster() as cluster:
        one = Member("one", cluster.store, cluster.clock, crashes=1)
        cluster.members.append(one)
        one.task = cluster.tasks.create_task(one.run())
        await cluster.clock.settle()
        crashed = next(unit for unit in UNITS if unit not in one.running)

        await cluster.advance(1)

        assert one.started == {unit: 2 if unit == crashed else 1 for unit in UNITS}
        assert one.writes() == UNITS


async def test_a_unit_that_keeps_crashing_backs_off() -> None:
    async with a_cluster() as cluster:
        one = Member("one", cluster.store, cluster.clock, crashes=1000)
        cluster.members.append(one)
        one.task = cluster.tasks.create_task(one.run())

        await cluster.advance(60)

        assert max(one.started.values()) < 10


async def test_a_unit_that_waits_for_a_server_looks_for_it_every_second() -> None:
    async with a_cluster() as cluster:
        away = ExceptionGroup("tasks", [UnreachableError("no server"), UnreachableError()])
        one = Member("one", cluster.store, cluster.clock, crashes=1000, failure=away)
        cluster.members.append(one)
        one.task = cluster.tasks.create_task(one.run())

        await cluster.advance(60)
        one.crashes = 0
        await cluster.advance(1)

        assert one.writes() == UNITS


async def test_a_crashed_unit_that_has_to_leave_does_not_wait_for_its_restart() -> None:
    async with a_cluster() as cluster:
        one = Member("one", cluster.store, cluster.clock, crashes=1000)
        cluster.members.append(one)
        one.task = cluster.tasks.create_task(one.run())
        await cluster.advance(60)

        one.stopping.set()
        await cluster.clock.settle()

        assert one.task.done()


async def test_nobody_writes_while_the_store_is_away_for_longer_than_the_claim_is_sure() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        cluster.store.stop()

        await cluster.advance(10)
        during = one.writes()
        cluster.store.start()
        await cluster.advance(2)

        assert during == []
        assert one.writes() == UNITS
        assert set(one.started.values()) == {1}, "the claims were resumed, nothing had to start again"


@pytest.mark.rule("P-22")
async def test_a_renewal_whose_answer_came_late_is_followed_by_the_next_at_once() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        delays = [8.0]

        async def answer_late(call: str, _: str) -> None:
            if call == "keep_alive" and delays:
                await cluster.clock.sleep(timedelta(seconds=delays.pop()))

        one.store.after = answer_late
        await cluster.advance(3.0 + 8.0 + 0.5)

        assert one.writes() == UNITS


async def test_a_replica_that_was_cut_off_stops_before_another_takes_over() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        two = await cluster.join("two")
        await cluster.advance(10)
        two.store.cut()

        overlaps = []
        for _ in range(60):
            await cluster.advance(0.25)
            overlaps += [unit for unit in one.writes() if unit in two.writes()]

        assert overlaps == []
        assert one.writes() == UNITS
        two.store.mend()
        await cluster.advance(12)
        assert is_shared_out(cluster)


async def test_a_suspended_machine_claims_again() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")

        await cluster.clock.suspend(timedelta(minutes=5))
        asleep = one.writes()
        await cluster.advance(12)

        assert asleep == []
        assert one.writes() == UNITS
        assert set(one.started.values()) == {2}


@pytest.mark.parametrize("revision", [1, 10_000])
async def test_a_wiped_store_is_claimed_again(revision: int) -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        old = {unit: claimed.fence for unit, claimed in one.running.items()}

        cluster.store.wipe(revision=revision)
        await cluster.advance(5)

        assert one.writes() == UNITS
        assert not any(fence is one.running[unit].fence for unit, fence in old.items())
        assert all(fence.is_ended or not fence.tenure.is_trusted for fence in old.values())


async def test_a_claim_that_somebody_removed_is_lost_alone_and_taken_again() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        fence = one.running["3"].fence

        await cluster.store.another().commit([_drop(KEYS.claim("test", "3"))])
        await cluster.clock.settle()

        assert one.writes() == UNITS
        assert one.running["3"].fence.token > fence.token
        assert fence.is_ended
        assert one.started["2"] == 1


async def test_a_member_key_that_somebody_removed_begins_a_new_term() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")

        await cluster.store.another().commit([_drop(f"{KEYS.members('test')}one")])
        await cluster.advance(11)

        assert one.writes() == UNITS


async def test_a_claim_whose_answer_was_lost_is_read_back() -> None:
    async with a_cluster() as cluster:
        store = cluster.store.another()
        one = Member("one", store, cluster.clock)
        cluster.members.append(one)

        async def lose_first_claim(call: str, about: str) -> None:
            if call == "commit" and about.endswith("/0") and store.calls["lost"] == 0:
                store.calls["lost"] += 1
                store.lose_answers(1)

        store.after = lose_first_claim
        one.task = cluster.tasks.create_task(one.run())
        await cluster.clock.settle()

        assert store.calls["lost"] == 1
        assert one.writes() == UNITS


async def test_a_claim_whose_answer_and_reading_back_were_lost_is_found_again() -> None:
    async with a_cluster() as cluster:
        store = cluster.store.another()
        one = Member("one", store, cluster.clock)
        cluster.members.append(one)

        async def lose_then_cut(call: str, about: str) -> None:
            if call == "commit" and about.endswith("/0") and store.calls["lost"] == 0:
                store.calls["lost"] += 1
                store.lose_answers(1)
                store.cut()

        store.after = lose_then_cut
        one.task = cluster.tasks.create_task(one.run())
        await cluster.clock.settle()
        store.mend()
        await cluster.advance(2)

        assert one.writes() == UNITS


async def test_names_the_claims_of_a_former_replica_until_they_end() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        await cluster.kill(one)
        two = await cluster.join("two")
        before = two.ownership.waits_for

        await cluster.advance(12)

        assert " of one;" in before
        assert "10 s after it" in before
        assert two.ownership.waits_for == ""
        assert two.writes() == UNITS


async def test_waits_for_a_store_that_is_away_at_start() -> None:
    async with a_cluster() as cluster:
        cluster.store.stop()
        one = await cluster.join("one")
        before = one.ownership.waits_for

        cluster.store.start()
        await cluster.advance(2)

        assert before
        assert one.writes() == UNITS


async def test_stops_although_the_store_is_away() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        cluster.store.stop()

        one.stopping.set()
        await cluster.advance(2)

        assert one.task is not None
        assert one.task.done()


async def test_a_claim_that_could_not_be_given_back_is_given_back_later() -> None:
    async with a_cluster() as cluster:
        one = await cluster.join("one")
        two = await cluster.join("two")
        await cluster.advance(4.5)
        one.store.cut()
        await cluster.advance(1.5)
        during = len(two.running)

        one.store.mend()
        await cluster.advance(2)

        assert during == 0
        assert two.running
        assert is_shared_out(cluster)


async def test_three_replicas_that_start_together_settle() -> None:
    async with a_cluster() as cluster:
        for name in ("one", "two", "three"):
            await cluster.join(name)

        await cluster.advance(10)

        assert is_shared_out(cluster)
        assert all(member.running for member in cluster.members)


def _drop(key: str) -> Drop:
    return Drop(key)
