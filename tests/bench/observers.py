"""Sees what an observer of the cluster sees: which Deployments exist, which graphs are `successful`, which edits came.

Separate from what causes it, so that every time is taken at the same place: when the observer's own watch told it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.core.json import Manifest, integer, text
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS
from shared.kube.clusters import KubeCluster
from shared.ports.cluster import Observation, Observed, Selection, Snapshot
from tests.bench.graphs import NAMESPACE


@dataclass(slots=True)
class Moment:
    """Something that happens once; times are those of the wall clock, in seconds."""

    _happened: asyncio.Event = field(default_factory=asyncio.Event)
    at: float = 0.0

    def happen(self) -> None:
        """Take the time, the first time only."""
        if not self._happened.is_set():
            self.at = time.time()
            self._happened.set()

    async def wait(self, seconds: float) -> float:
        """Return when it happened; raise TimeoutError when it does not."""
        async with asyncio.timeout(seconds):
            await self._happened.wait()
        return self.at


@dataclass(slots=True)
class Observer:
    """Follows Deployments and graphs of the benchmark's namespace."""

    cluster: KubeCluster
    graphs: int
    components: int
    all_children: Moment = field(default_factory=Moment)
    all_successful: Moment = field(default_factory=Moment)
    _deployments: set[str] = field(default_factory=set)
    _successful: set[str] = field(default_factory=set)
    _expected: dict[tuple[str, int], Moment] = field(default_factory=dict)

    @property
    def progress(self) -> str:
        """Return how far a roll-out is."""
        children = self.graphs * self.components
        return f"{len(self._deployments)}/{children} Deployments, {len(self._successful)}/{self.graphs} successful"

    def expect(self, deployment: str, replicas: int) -> Moment:
        """Return the moment in which a Deployment carries so many replicas."""
        return self._expected.setdefault((deployment, replicas), Moment())

    async def follow_deployments(self) -> None:
        """Take in Deployments until cancelled."""
        async for each in self.cluster.follow(DEPLOYMENTS, Selection(namespace=NAMESPACE)):
            for manifest in _manifests(each):
                self._deployments.add(name_of(manifest))
                moment = self._expected.get((name_of(manifest), integer(manifest, "spec", "replicas")))
                if moment is not None:
                    moment.happen()
            if len(self._deployments) >= self.graphs * self.components:
                self.all_children.happen()

    async def follow_graphs(self) -> None:
        """Take in graphs until cancelled."""
        async for each in self.cluster.follow(GRAPHS, Selection(namespace=NAMESPACE)):
            self._successful.update(name_of(manifest) for manifest in _manifests(each) if _is_successful(manifest))
            if len(self._successful) >= self.graphs:
                self.all_successful.happen()


def _is_successful(graph: Manifest) -> bool:
    is_current = integer(graph, "status", "observedGeneration") == integer(graph, "metadata", "generation")
    return is_current and text(graph, "status", "state") == "successful"


def _manifests(each: Observation) -> Iterator[Manifest]:
    if isinstance(each, Snapshot):
        yield from each.items
    elif isinstance(each, Observed):
        yield each.manifest
