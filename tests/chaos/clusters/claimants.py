"""Replicas that own units over real etcd members, write under their fences, and are watched while they do.

Each has a connection of its own, as a process has; all share one event loop, so a sample of who may write is exact.
Invariant: whoever holds a unit writes state under its fence all the time, so a fence that is accepted when it should
not be shows in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from lab.launcher.etcd_clusters import EtcdCluster, EtcdMember
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, LeaseLostError, TemporaryError
from shared.ports.passes import Fence
from shared.ports.store import CreatedAt, Put, Store
from shared.runtime.clock import SystemClock
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import ClaimOptions, Replica
from shared.runtime.partitions.claims.units import Claimed
from shared.store.etcd_store import connect
from shared.store.options import EtcdOptions
from shared.testing.eventually import eventually

TTL = timedelta(seconds=2)
TAKEN_AGAIN = 2 * TTL  # design.md section 5, when etcd's leader dies
PATIENCE = timedelta(seconds=30)
UNITS = tuple(str(number) for number in range(8))
SERVICE = "claimant"
_numbers = count()
_PACE = 0.02  # seconds between two samples, and between two writes under one fence


@dataclass(slots=True)
class Claimant:
    """One replica; `fences` are those of the units that run."""

    member: str
    keys: EtcdKeys
    store: Store
    fences: dict[str, Fence] = field(default_factory=dict)
    written: int = 0
    refused: int = 0  # by etcd: our own clock would have let it pass

    def may_write(self, unit: str) -> bool:
        """Say whether a write under the claim on a unit would be sent now."""
        fence = self.fences.get(unit)
        try:
            if fence is not None:
                fence.check()
        except LeaseLostError:
            return False
        return fence is not None

    async def own(self, claimed: Claimed) -> None:
        """Write under the fence until asked to leave, or cancelled."""
        self.fences[claimed.unit] = claimed.fence
        try:
            while not claimed.leaving.is_set():
                await self._write(claimed.unit, claimed.fence)
                await asyncio.sleep(_PACE)
        finally:
            del self.fences[claimed.unit]

    async def _write(self, unit: str, fence: Fence) -> None:
        key = f"{self.keys.root}state/{unit}"
        try:
            fence.check()
            await self.store.commit([Put(key, self.member.encode())], [CreatedAt(fence.claim, fence.token)])
        except ConflictError:
            self.refused += 1
        except TemporaryError:
            return
        else:
            self.written += 1


@dataclass(slots=True)
class Watch:
    """What was seen of the claimants: overlaps, and how long each unit was without anybody who may write."""

    claimants: Sequence[Claimant]
    overlaps: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    _since: dict[str, float] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Say whether every unit has somebody who may write."""
        return all(self._holders(unit) for unit in UNITS)

    @property
    def is_silent(self) -> bool:
        """Say whether nobody may write anything."""
        return not any(self._holders(unit) for unit in UNITS)

    @property
    def tokens(self) -> frozenset[int]:
        """The fencing tokens of the units that run."""
        return frozenset(fence.token for each in self.claimants for fence in each.fences.values())

    def begin(self) -> None:
        """Measure gaps from now on."""
        self.longest_gap = 0.0

    async def run(self) -> None:
        """Look for ever."""
        loop = asyncio.get_running_loop()
        while True:
            for unit in UNITS:
                self._look(unit, loop.time())
            await asyncio.sleep(_PACE)

    def _look(self, unit: str, now: float) -> None:
        holders = self._holders(unit)
        if len(holders) > 1:
            self.overlaps.append(f"{unit}: {' and '.join(holders)}")
        if holders:
            self._since[unit] = now
        self.longest_gap = max(self.longest_gap, now - self._since.setdefault(unit, now))

    def _holders(self, unit: str) -> list[str]:
        return [each.member for each in self.claimants if each.may_write(unit)]


@asynccontextmanager
async def claimants(install: str, *orders: tuple[str, ...]) -> AsyncIterator[Watch]:
    """Run one claimant for each order of endpoints, the first of which is the one that it uses."""
    keys, clock = EtcdKeys(install), SystemClock()
    async with AsyncExitStack() as stack:
        found: list[Claimant] = []
        for number, order in enumerate(orders):
            connected = connect(EtcdOptions(order), clock, incarnation_key=keys.incarnation)
            found.append(Claimant(f"claimant-{number}", keys, await stack.enter_async_context(connected)))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        watch, options = Watch(found), ClaimOptions(TTL, settle=TTL / 2)
        running = [tasks.create_task(watch.run())]
        for each in found:
            replica = Replica(each.store, clock, keys, SERVICE, each.member, UNITS, options=options)
            running.append(tasks.create_task(Ownership(replica).run(each.own, asyncio.Event())))
        try:
            yield watch
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


@asynccontextmanager
async def watched(cluster: EtcdCluster, first: EtcdMember | None = None) -> AsyncIterator[Watch]:
    """Run two claimants that hold all units, one of which uses the named member first."""
    used = first or cluster.members[0]
    others = tuple(member.url for member in cluster.members if member is not used)
    async with claimants(f"clusters-{next(_numbers)}", (used.url, *others), (*others, used.url)) as watch:
        await eventually(lambda: watch.is_complete, within=PATIENCE)
        watch.begin()
        yield watch
        assert watch.overlaps == []
        assert [each.refused for each in watch.claimants] == [0, 0]


async def held_on(watch: Watch) -> float:
    """Wait until writes went on for a whole life of a lease, so that nothing of the disturbance is still to come."""
    written = sum(each.written for each in watch.claimants)
    loop = asyncio.get_running_loop()
    over = loop.time() + TTL.total_seconds()
    await eventually(lambda: watch.is_complete and loop.time() > over, within=PATIENCE)
    await eventually(lambda: sum(each.written for each in watch.claimants) > written, within=PATIENCE)
    return watch.longest_gap
