"""Randomised hand-overs on real processes: signals to reconcilers and etcd, leases that end, and edits meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from shared.core.json import Manifest, integer
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, Resource
from shared.ports.cluster import Cluster, Selection
from shared.ports.store import Lease
from shared.testing.eventually import eventually
from tests.chaos.ownership.observers import Observer
from tests.chaos.ownership.records import Claimed, Disturbed, Ended, Slept
from tests.e2e.graphs import MANAGER, graph, is_successful, names
from tests.e2e.stacks import LiveStack

RECONCILERS = ("reconciler", "reconciler-2", "reconciler-3")
SERVICES = ("Decode", "Prefill")  # whose replicas edits change; which services there are, admission lets nobody change
RECOVERY = timedelta(seconds=60)


@dataclass(slots=True)
class Ground:
    """A stack under observation, its graphs, and what each of them should be by now."""

    stack: LiveStack
    observer: Observer
    cluster: Cluster
    namespace: str
    dice: random.Random
    wanted: dict[str, dict[str, int]] = field(default_factory=dict)  # replicas by graph and service
    told: list[str] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)  # processes to which something happens

    async def edit(self, name: str) -> None:
        """Ask for other numbers of replicas."""
        replicas = {service: self.dice.randint(1, 3) for service in SERVICES}
        wanted = graph(name, self.namespace)
        for service, number in replicas.items():
            wanted["spec"]["services"][service]["replicas"] = number
        await self.cluster.apply(wanted, manager=MANAGER)
        self.wanted[name] = replicas

    async def edit_some(self) -> None:
        """Edit a few graphs."""
        for name in self.dice.sample(sorted(self.wanted), k=min(3, len(self.wanted))):
            await self.edit(name)

    async def play(self, rounds: int, *, longest_stop: float) -> None:
        """Disturb so many times, with edits before and after each."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(rounds):
                free = [each for each in RECONCILERS if each not in self._busy]
                if len(free) < 2:  # somebody has to go on
                    await eventually(lambda: len(self._busy) < 2, within=RECOVERY)
                    continue
                await self.edit_some()
                tasks.create_task(self._disturb(self.dice.choice(free), longest_stop))
                await asyncio.sleep(self.dice.uniform(0.0, 0.3))
                await self.edit_some()
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

    async def differences(self) -> list[str]:
        """Return what is not as the newest edits ask."""
        found = {name_of(each): each for each in await self._all(GRAPHS)}
        deployments = {name_of(each): integer(each, "spec", "replicas") for each in await self._all(DEPLOYMENTS)}
        expected = self._expected()
        wrong = [f"{name} is not successful" for name in self.wanted if not is_successful(found.get(name, {}))]
        return wrong + [
            f"{name}: {deployments.get(name)} replicas instead of {expected.get(name)}"
            for name in sorted({*deployments, *expected})
            if deployments.get(name) != expected.get(name)
        ]

    async def is_whole(self) -> bool:
        """Return whether everything is as the newest edits ask."""
        return not await self.differences()

    async def _all(self, resource: Resource) -> tuple[Manifest, ...]:
        return (await self.cluster.list(resource, Selection(namespace=self.namespace))).items

    def _expected(self) -> dict[str, int]:
        return {
            f"{name}-{service.lower()}": number
            for name, replicas in self.wanted.items()
            for service, number in {"Frontend": 1, **replicas}.items()
        }


async def make_graphs(ground: Ground, count: int) -> None:
    """Make so many graphs, and wait until they are successful."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ground.namespace}}
    await ground.cluster.apply(namespace, manager=MANAGER)
    for name in names(count):
        await ground.edit(name)
    await eventually(ground.is_whole, within=RECOVERY)
