"""The partition service: everything that a room's app configures to have passes run for its share of partitions."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from functools import partial

from prometheus_client import Gauge

from shared.contracts.controls import control_subject
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, PermanentError
from shared.ports.bus import Bus
from shared.ports.clock import Clock
from shared.ports.store import CreatedAt, Put, Store
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.dependencies import wait_for
from shared.runtime.health import Readiness
from shared.runtime.partitions import metrics
from shared.runtime.partitions.claims.ownership import Ownership
from shared.runtime.partitions.claims.replicas import ClaimOptions, Replica
from shared.runtime.partitions.claims.units import BEING_CLAIMED, Claimed
from shared.runtime.partitions.control import Control
from shared.runtime.partitions.facts import Facts
from shared.runtime.partitions.loop import PartitionLoop, Surroundings
from shared.runtime.partitions.rules import PassOptions, PassRules
from shared.runtime.partitions.views.feed import Fetch


@dataclass(slots=True)
class PartitionService:
    """Claim partitions, keep their views, run passes; ready when nothing of that is missing."""

    rules: PassRules
    keys: EtcdKeys
    member: str
    bus: Bus
    store: Store
    clock: Clock
    letters: DeadLetters
    fetch: Fetch  # of one object, for events too large for the log: `cluster.get`
    readiness: Readiness
    version: str = ""
    options: PassOptions = field(default_factory=PassOptions)
    claims: ClaimOptions = field(default_factory=ClaimOptions)
    dice: random.Random = field(default_factory=random.Random)
    loops: dict[int, PartitionLoop] = field(default_factory=dict)
    _ownership: Ownership | None = None
    _facts: Facts | None = None
    _told: dict[str, str] = field(default_factory=dict)  # what readiness was told last, by check
    _owned: Gauge = field(init=False)
    _wanted: Gauge = field(init=False)
    _incomplete: Gauge = field(init=False)

    def __post_init__(self) -> None:
        """Name the service in its metrics."""
        metrics.TOTAL.labels(self.rules.service).set(self.options.partitions)
        self._owned = metrics.OWNED.labels(self.rules.service)
        self._wanted = metrics.WANTED.labels(self.rules.service)
        self._incomplete = metrics.VIEWS_INCOMPLETE.labels(self.rules.service)

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until told to stop; then finish passes, give the claims back and leave."""
        self._report()
        count = partial(agree_on_partitions, self.store, self.keys, self.options.partitions)
        await wait_for("etcd", count, readiness=self.readiness, clock=self.clock)
        facts = self._facts = Facts(self.store, self.keys.facts)
        facts.listeners.append(lambda _: self._report())
        around = self._surroundings(facts)
        units = [str(number) for number in range(self.options.partitions)]
        replica = Replica(
            store=self.store,
            clock=self.clock,
            keys=self.keys,
            service=self.rules.service,
            member=self.member,
            units=units,
            version=self.version,
            options=self.claims,
            dice=self.dice,
        )
        ownership = self._ownership = Ownership(replica, self._report, count)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(facts.run())
            await ownership.run(partial(self._own, around), stopping)
            following.cancel()

    def _surroundings(self, facts: Facts) -> Surroundings:
        return Surroundings(
            rules=self.rules,
            options=self.options,
            bus=self.bus,
            clock=self.clock,
            facts=facts,
            letters=self.letters,
            fetch=self.fetch,
            slots=asyncio.Semaphore(self.options.max_in_flight),
            on_progress=self._report,
            dice=self.dice,
        )

    async def _own(self, around: Surroundings, claimed: Claimed) -> None:
        number = int(claimed.unit)
        loop = self.loops[number] = PartitionLoop(number, claimed.fence, around)
        self._report()
        service = self.rules.service
        control = Control(loop, claimed.fence, self.clock, service, self.member, self.version)
        try:
            async with self.bus.serve(control_subject(service, number, "*"), control.answer):
                await loop.run(claimed.leaving)
        finally:
            if self.loops.get(number) is loop:
                del self.loops[number]
            self._report()

    def _report(self) -> None:
        """Bring readiness and metrics to what holds now."""
        held = len(self._ownership.held) if self._ownership else 0
        waiting = [loop for loop in self.loops.values() if not loop.is_complete]
        self._owned.set(held)
        self._wanted.set(self._ownership.wanted if self._ownership else 0)
        self._incomplete.set(len(waiting))
        awaited = self._ownership.waits_for if self._ownership else BEING_CLAIMED
        is_settled = not awaited
        self._check("claims", is_settled, awaited)
        reason = f"{len(waiting)} partitions wait for {waiting[0].feed.waits_for}" if waiting else "no view yet"
        self._check("views", is_settled and not waiting and len(self.loops) == held, reason)
        self._check("facts", self._facts is not None and self._facts.is_known, "facts were not read yet")

    def _check(self, name: str, is_fine: bool, reason: str) -> None:
        told = "" if is_fine else reason
        if self._told.get(name) == told:
            return
        self._told[name] = told
        if is_fine:
            self.readiness.clear(name)
        else:
            self.readiness.wait(name, reason)


async def agree_on_partitions(store: Store, keys: EtcdKeys, count: int) -> None:
    """Record the number of partitions once; refuse to start with another one."""
    key = keys.partition_count
    try:
        await store.commit([Put(key, str(count).encode())], [CreatedAt(key, 0)])
    except ConflictError:
        pair = await store.get(key)
        if pair is None:
            raise  # the store was wiped meanwhile: asked again
        if pair.value != str(count).encode():
            recorded = pair.value.decode(errors="replace")
            raise PermanentError(f"{key} says {recorded} partitions, these settings say {count}") from None
