"""Users of a stack who edit all the while, and remember what they asked for last."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from shared.core.json import Manifest, integer
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, Resource
from shared.ports.cluster import Cluster, Selection
from shared.testing.eventually import eventually
from tests.e2e.graphs import MANAGER, graph, is_successful, names

SERVICES = ("Decode", "Prefill")  # whose replicas edits change; which services there are, admission lets nobody change
AT_ONCE = 3  # graphs that are edited together
RECOVERY = timedelta(seconds=60)


@dataclass(slots=True)
class Users:
    """Who edits the graphs of a namespace."""

    cluster: Cluster
    namespace: str
    dice: random.Random
    wanted: dict[str, dict[str, int]] = field(default_factory=dict)  # replicas by graph and service

    async def begin(self, count: int) -> None:
        """Make so many graphs, and wait until they are successful."""
        home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        await self.cluster.apply(home, manager=MANAGER)
        for name in names(count):
            await self.edit(name)
        await eventually(self.is_served, within=RECOVERY)

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
        for name in self.dice.sample(sorted(self.wanted), k=min(AT_ONCE, len(self.wanted))):
            await self.edit(name)

    async def is_served(self) -> bool:
        """Return whether everything is as the newest edits ask."""
        return not await self.complaints()

    async def complaints(self) -> list[str]:
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

    async def _all(self, resource: Resource) -> tuple[Manifest, ...]:
        return (await self.cluster.list(resource, Selection(namespace=self.namespace))).items

    def _expected(self) -> dict[str, int]:
        return {
            f"{name}-{service.lower()}": number
            for name, replicas in self.wanted.items()
            for service, number in {"Frontend": 1, **replicas}.items()
        }
