"""Replicas of the reconciler in a simulation, each a process that can be stopped, woken, killed and told to end.

Real code throughout, as in the simulation; only clock, servers and network are wrapped, so that everything that a
replica does is noted with the claim under which it did it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from services.reconciler.app import pass_rules
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.settings import ReconcilerSettings
from shared.api.platform import PlatformContext
from shared.assembly.rooms import Platform
from shared.core.errors import TemporaryError
from shared.core.outcomes import Outcome
from shared.core.resources import COMPONENTS, GRAPHS
from shared.ports.bus import Bus
from shared.ports.cluster import Cluster
from shared.ports.passes import Handler, Work
from shared.ports.store import Lease, Store
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.decisions import Origin
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.replicas import ClaimOptions
from shared.runtime.partitions.rules import PassOptions, PassRules
from shared.runtime.partitions.service import PartitionService
from shared.testing.cluster_objects import Change
from tests.chaos.ownership.clients import DEADLINE, Client, Network
from tests.chaos.ownership.diaries import Diary
from tests.chaos.ownership.pulses import Pulse, PulsedBus, PulsedClock, PulsedStore
from tests.chaos.ownership.records import Claimed, Ended, PassBegan, PassEnded
from tests.chaos.simulation import KEYS, PARTITIONS, Process, Silence, Simulation, simulated

SERVICE = "reconciler"


@dataclass(slots=True)
class Replica:
    """One process of the reconciler."""

    process: Process
    pulse: Pulse

    @property
    def name(self) -> str:
        """Return the name under which it holds claims."""
        return self.process.name

    def kill(self) -> None:
        """End it as `kill -9` does: nothing more leaves it, nothing is given back."""
        if self.process.is_running:
            self.process.cut()
            self.process.kill()

    def terminate(self) -> None:
        """Tell it to end, as SIGTERM does."""
        self.process.stopping.set()


@dataclass(slots=True)
class Scene:
    """A simulation with an observer, and the replicas in it."""

    run: Simulation
    network: Network
    diary: Diary
    replicas: list[Replica] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to observe the simulation."""
        self.run.cluster.objects.listeners.append(self._see)

    def _see(self, change: Change) -> None:
        if change.ref.resource in (GRAPHS, COMPONENTS):
            self.diary.see(change, PARTITIONS)

    @property
    def alive(self) -> list[Replica]:
        """Return the replicas that run, those that are stopped or end too."""
        return [each for each in self.replicas if each.process.is_running]

    def start(self) -> Replica:
        """Start one more replica."""
        run, name = self.run, f"replica-{len(self.replicas)}"
        seed = run.dice.randrange(1 << 30)
        process = Process(name, run.bus.another(seed=seed), run.store.another())
        run.processes.append(process)
        replica = Replica(process, Pulse(name, self.diary))
        process.service = self._service(replica)
        process.task = self._tasks.create_task(process.service.run(process.stopping))
        process.task.add_done_callback(lambda _: self.diary.add(Ended(self.diary.now, name)))
        self.replicas.append(replica)
        return replica

    @property
    def _tasks(self) -> asyncio.TaskGroup:
        return self.network.tasks

    def end_lease(self, replica: Replica) -> None:
        """End the lease of a replica at the server, as an operator or a lost renewal would."""
        claims = [each for each in self.diary.records if isinstance(each, Claimed) and each.member == replica.name]
        if claims:
            self._tasks.create_task(self._revoke(Lease(claims[-1].lease, timedelta(), 0.0)))

    async def _revoke(self, lease: Lease) -> None:
        with suppress(TemporaryError):  # the server may be away
            await self.run.store.another().revoke(lease)

    def _service(self, replica: Replica) -> PartitionService:
        process, pulse = replica.process, replica.pulse
        # Casts: the wrappers leave out what only other programs than a reconciler ask of a server.
        clock, store = PulsedClock(self.run.clock, pulse), cast(Store, PulsedStore(process.store, pulse))
        client = cast(Cluster, Client(self.run.cluster, self.network, pulse, SERVICE))
        letters = DeadLetters(process.bus, clock, Origin(SERVICE, "chaos", "1", process.name))
        settings = ReconcilerSettings(install="chaos", platform=PlatformContext())
        around = SimpleNamespace(
            cluster=client,
            bus=process.bus,
            store=store,
            clock=clock,
            keys=KEYS,
            decisions=Silence(),
            letters=letters,
            settings=settings,
            member=process.name,
        )
        rules = pass_rules(cast(Platform, around), settings, EventRecorder(client, clock))
        return PartitionService(
            rules=self._noted(rules, replica),
            keys=KEYS,
            member=process.name,
            bus=cast(Bus, PulsedBus(process.bus, pulse)),
            store=store,
            clock=clock,
            letters=letters,
            fetch=client.get,
            readiness=Readiness(SERVICE),
            options=PassOptions(partitions=PARTITIONS, fact_spread=timedelta()),
            claims=ClaimOptions(),
            dice=random.Random(self.run.dice.random()),
        )

    def _noted(self, rules: PassRules, replica: Replica) -> PassRules:
        diary = self.diary

        def noted(handler: Handler) -> Handler:
            async def handle(work: Work) -> Outcome:
                diary.add(PassBegan(diary.now, replica.name, work.fence.token, work.primary))
                try:
                    return await handler(work)
                finally:
                    diary.add(PassEnded(diary.now, replica.name, work.fence.token, work.primary))

            return handle

        return replace(rules, primaries={kind: noted(handler) for kind, handler in rules.primaries.items()})


@asynccontextmanager
async def observed(seed: int, delay: Callable[[], float]) -> AsyncIterator[Scene]:
    """Run a simulation with a watcher and an observer, and end all of its processes."""
    async with simulated(seed) as run, asyncio.TaskGroup() as tasks:
        scene = Scene(run, Network(tasks, delay), Diary(run.clock))
        following = tasks.create_task(scene.diary.follow(run.store.another(), KEYS))
        run.watcher()
        yield scene
        for replica in scene.alive:
            replica.process.kill()
        await run.advance(DEADLINE)  # until nothing is on its way any more
        following.cancel()
