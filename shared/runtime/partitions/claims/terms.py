"""One term: the life of one lease, with the member key, the claims and the units that hang on it.

Separate from `ownership`, which begins terms, so that nothing of an ended lease can leak into the next one: a term
ends by an exception that takes every task of it along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

import orjson
import structlog

from shared.core.errors import ConflictError, LeaseLostError, TemporaryError, UnknownResultError
from shared.ports.store import CreatedAt, Drop, Lease, Put
from shared.runtime.partitions.bell import Bell
from shared.runtime.partitions.claims.fences import ClaimFence, Tenure
from shared.runtime.partitions.claims.replicas import Replica
from shared.runtime.partitions.claims.roster import ClaimTable, Holder, Members
from shared.runtime.partitions.claims.targets import Moves, Situation, awaited, moves
from shared.runtime.partitions.claims.units import BEING_CLAIMED, Claimed, HeldUnits, Own

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RENEWALS_PER_TTL = 3
RETRY = 0.5  # seconds, after the store refused or did not answer
AXE = timedelta(seconds=1)  # beyond what a unit allows itself to finish


class Term:
    """Hold one lease and all that depends on it."""

    def __init__(self, replica: Replica, lease: Lease, own: Own, on_change: Callable[[], None]) -> None:
        """Begin with a fresh lease."""
        self._replica = replica
        self._on_change = on_change
        self._store, self._clock = replica.store, replica.clock
        self._tenure = Tenure(lease)
        self._own = own
        self._members = Members(replica.keys.members(replica.service))
        self._claims = ClaimTable(replica.keys.claims(replica.service))
        self._bell = Bell(replica.clock)
        self._units: HeldUnits | None = None
        self._waits_for = BEING_CLAIMED
        self._wanted = 0

    @property
    def held(self) -> frozenset[str]:
        """Return the units that run."""
        return self._units.names if self._units else frozenset()

    @property
    def waits_for(self) -> str:
        """Return why this replica does not own every unit that it should, or an empty text."""
        return self._waits_for

    @property
    def wanted(self) -> int:
        """Return how many units this replica should own."""
        return self._wanted

    async def run(self, stopping: asyncio.Event) -> None:
        """Join, own and renew until told to stop; raise LeaseLostError (in a group) when the lease is gone."""
        try:
            await self._join()
            await self._hold(stopping)
        finally:
            self._tenure.end()  # however the term ends, a pass that still runs must not write
        await self._revoke()

    async def _hold(self, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._units = HeldUnits(self._own, self._clock, tasks, self._replica.dice, self._changed)
            background = [
                tasks.create_task(self._keep_lease()),
                tasks.create_task(self._follow_members()),
                tasks.create_task(self._follow_claims(self._units)),
            ]
            decider = tasks.create_task(self._decide(self._units))
            await stopping.wait()
            decider.cancel()
            await self._leave(self._units)
            for task in background:
                task.cancel()

    async def _join(self) -> None:
        record = orjson.dumps({"since": self._clock.now().isoformat(), "version": self._replica.version})
        await self._store.commit([Put(self._replica.member_key, record, lease=self._tenure.lease.id)])

    async def _revoke(self) -> None:
        try:
            await self._store.revoke(self._tenure.lease)
        except TemporaryError as error:
            log.warning("lease ends by itself", service=self._replica.service, reason=str(error))

    async def _keep_lease(self) -> None:
        """Renew the lease three times in its life; after a gap, read the claims back before they are trusted."""
        pause = self._tenure.lease.ttl.total_seconds() / RENEWALS_PER_TTL
        delay = pause
        while True:
            await self._clock.sleep(timedelta(seconds=delay * self._replica.dice.uniform(0.8, 1.0)))
            try:
                lease = await self._store.keep_alive(self._tenure.lease)
                self._tenure.renewed(lease, self._clock.elapsed())
                if not self._tenure.is_trusted:
                    await self._resume()
                # From the sending on: an answer that came late, as to a process that was stopped, has little left.
                delay = max(0.0, pause - (self._clock.elapsed() - lease.sent_at))
            except LeaseLostError:
                self._tenure.end()
                raise
            except TemporaryError as error:
                log.warning("lease could not be renewed", service=self._replica.service, reason=str(error))
                delay = min(RETRY, pause)

    async def _resume(self) -> None:
        units = self._units
        for claimed in units.claims if units else ():
            await self._verify(claimed)
        self._tenure.resume()
        log.info("claims are resumed", service=self._replica.service, units=len(self.held))

    async def _verify(self, claimed: Claimed) -> None:
        """Lose a unit unless a linearizable read shows its own create revision."""
        pair = await self._store.get(claimed.fence.claim)
        is_ours = pair is not None and pair.create_revision == claimed.fence.token
        if not is_ours and self._units is not None and self._units.get(claimed.unit) is claimed:
            self._units.lose(claimed.unit)

    async def _follow_members(self) -> None:
        async for change in self._store.follow(self._members.prefix):
            self._members.take(change, self._clock.elapsed())
            if self._replica.member not in self._members.names:
                raise LeaseLostError(f"the member key of {self._replica.member} is gone")
            self._changed()

    async def _follow_claims(self, units: HeldUnits) -> None:
        async for change in self._store.follow(self._claims.prefix):
            self._claims.take(change)
            for claimed in units.claims:
                holder = self._claims.holders.get(claimed.unit)
                if not claimed.leaving.is_set() and (holder is None or holder.token != claimed.fence.token):
                    await self._check(claimed)
            self._changed()

    async def _check(self, claimed: Claimed) -> None:
        try:
            await self._verify(claimed)
        except TemporaryError:
            self._tenure.end()  # in doubt: the next answered renewal reads all claims back

    async def _decide(self, units: HeldUnits) -> None:
        """Take and hand over until cancelled."""
        settle = self._replica.options.settle.total_seconds()
        async with asyncio.TaskGroup() as handovers:
            while True:
                waiting = None
                if self._members.is_known and self._claims.is_known:
                    unsettled = self._members.settles_in(self._clock.elapsed(), settle)
                    situation = self._situation(units, is_settled=unsettled <= 0)
                    plan = moves(situation, self._replica.units)
                    for unit in plan.give_back:
                        claimed = units.get(unit)
                        if claimed is not None and not claimed.leaving.is_set():
                            claimed.leaving.set()
                            handovers.create_task(self._give_back(units, claimed))
                    is_complete = await self._take_all(units, plan.take)
                    self._set_waiting(situation, plan, is_complete=is_complete)
                    waiting = (unsettled or None) if is_complete else RETRY * self._replica.dice.uniform(0.5, 1.0)
                await self._bell.wait(waiting)

    def _situation(self, units: HeldUnits, *, is_settled: bool) -> Situation:
        lease, held = self._tenure.lease.id, units.names
        owners = {unit: holder.member for unit, holder in self._claims.holders.items()}
        strays = {unit for unit, holder in self._claims.holders.items() if holder.lease == lease and unit not in held}
        return Situation(
            member=self._replica.member,
            members=self._members.names,
            owners=owners,
            held=held,
            strays=frozenset(strays),
            is_settled=is_settled,
        )

    async def _take_all(self, units: HeldUnits, wanted: Collection[str]) -> bool:
        """Return whether nothing is left to take for now."""
        for unit in wanted:
            try:
                holder = await self._take(unit)
            except ConflictError:
                continue  # somebody was first; the watch tells who
            except LeaseLostError:
                raise
            except TemporaryError as error:
                log.warning("claim could not be taken", unit=unit, reason=str(error))
                return False
            self._claims.holders[unit] = holder
            units.start(Claimed(unit, ClaimFence(self._replica.claim(unit), holder.token, self._tenure, self._clock)))
        return all(unit in self._claims.holders for unit in wanted)

    async def _take(self, unit: str) -> Holder:
        """Create a claim that is free, or find it ours already; raise ConflictError when it is not."""
        key, member, lease = self._replica.claim(unit), self._replica.member, self._tenure.lease.id
        try:
            token = await self._store.commit([Put(key, member.encode(), lease)], [CreatedAt(key, 0)])
        except (ConflictError, UnknownResultError):
            pair = await self._store.get(key)
            if pair is None or pair.lease != lease:
                raise
            token = pair.create_revision
        return Holder(member, token, lease)

    async def _leave(self, units: HeldUnits) -> None:
        async with asyncio.TaskGroup() as handovers:
            for claimed in units.claims:
                handovers.create_task(self._give_back(units, claimed, is_last_act=True))

    async def _give_back(self, units: HeldUnits, claimed: Claimed, *, is_last_act: bool = False) -> None:
        """Let a unit finish, then free its claim; when the replica leaves, the claim may also end with the lease."""
        await units.finish(claimed, self._replica.options.drain + AXE)
        while not await self._free(claimed) and not is_last_act:
            await self._clock.sleep(timedelta(seconds=RETRY))
        self._claims.holders.pop(claimed.unit, None)
        units.forget(claimed)

    async def _free(self, claimed: Claimed) -> bool:
        key = claimed.fence.claim
        try:
            await self._store.commit([Drop(key)], [CreatedAt(key, claimed.fence.token)])
        except ConflictError:
            return True  # it is gone, or somebody else's by now
        except TemporaryError as error:
            log.warning("claim could not be given back", unit=claimed.unit, reason=str(error))
            return False
        return True

    def _set_waiting(self, situation: Situation, plan: Moves, *, is_complete: bool) -> None:
        holders = awaited(situation, self._replica.units)
        self._wanted = len(self.held - set(plan.give_back)) + sum(holders.values())
        waits_for = "" if is_complete else BEING_CLAIMED
        if is_complete and holders:
            ttl = self._replica.options.ttl.total_seconds()
            held = ", ".join(f"{count} of {member}" for member, count in holders.items())
            waits_for = f"claims of other replicas: {held}; those of a former replica end {ttl:g} s after it"
        if self._waits_for != waits_for:
            self._waits_for = waits_for
            self._on_change()

    def _changed(self) -> None:
        self._bell.ring()
        self._on_change()
