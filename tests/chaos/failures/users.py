"""What a user does in every drill, and whether it is done as an observer sees it.

The user edits a graph that stands already and applies a new one, and tries again when refused or not heard: what counts
is when it was accepted, and when the cluster carries it. Separate from what is stopped meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from shared.core.errors import TemporaryError
from shared.core.json import items, text
from shared.core.resources import DEPLOYMENTS, GRAPHS, NAMESPACES, Ref
from shared.kube.clusters import KubeCluster
from shared.testing.eventually import eventually
from tests.chaos.failures.observers import Observer
from tests.e2e.graphs import MANAGER, edit_replicas, graph

STANDING, NEW = "standing", "new"  # the graph that is edited, and the one that is new
COMPONENTS = ("frontend", "decode", "prefill")
INSISTENCE, AGAIN = timedelta(minutes=10), timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who edits a graph and applies another, and tries again when refused."""

    cluster: KubeCluster
    namespace: str

    async def prepare(self) -> None:
        """Make the namespace and the graph that will be edited."""
        await self.make_namespace()
        await self._insist(partial(self._apply, STANDING))

    async def make_namespace(self) -> None:
        """Make the namespace."""
        metadata = {"name": self.namespace}
        manifest = {"apiVersion": NAMESPACES.api_version, "kind": NAMESPACES.kind, "metadata": metadata}
        await self.cluster.apply(manifest, manager=MANAGER)

    async def edit(self) -> float:
        """Edit the standing graph; return when that was accepted."""
        standing = Ref(GRAPHS, self.namespace, STANDING)
        await self._insist(lambda: edit_replicas(self.cluster, standing, "Decode", 2))
        return time.monotonic()

    async def add(self) -> float:
        """Apply the new graph; return when that was accepted."""
        await self._insist(partial(self._apply, NEW))
        return time.monotonic()

    async def _apply(self, name: str) -> None:
        await self.cluster.apply(graph(name, self.namespace), manager=MANAGER)

    async def _insist(self, act: Callable[[], Awaitable[None]]) -> None:
        async def is_done() -> bool:
            try:
                await act()
            except TemporaryError:
                return False
            return True

        await eventually(is_done, within=INSISTENCE, every=AGAIN)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asked for in one namespace, and whether it is done as an observer sees it."""

    observer: Observer
    namespace: str
    patience: timedelta = timedelta(seconds=60)

    def is_carried(self) -> bool:
        """Say whether the Deployment carries the edit."""
        return self.observer.field_of(self._deployment(STANDING, "decode"), "spec", "replicas") == 2

    def stands(self) -> bool:
        """Say whether the graph that will be edited is successful."""
        return self.observer.is_successful(Ref(GRAPHS, self.namespace, STANDING))

    def name(self, cause: str) -> bool:
        """Say whether a condition of the new graph names a cause."""
        new = self.observer.seen.get(Ref(GRAPHS, self.namespace, NEW))
        return any(cause in text(each, "message") for each in items(new, "status", "conditions"))

    def has_children(self) -> bool:
        """Say whether the new graph has all its Deployments."""
        return all(self._deployment(NEW, each) in self.observer.seen for each in COMPONENTS)

    def are_fulfilled(self) -> bool:
        """Say whether both graphs serve as asked."""
        graphs = (Ref(GRAPHS, self.namespace, name) for name in (STANDING, NEW))
        return self.is_carried() and self.has_children() and all(map(self.observer.is_successful, graphs))

    async def until(self, is_so: Callable[[], bool], goal: str) -> float:
        """Return when something was so."""
        return await self.observer.until(is_so, within=self.patience, goal=f"{goal} in namespace {self.namespace}")

    def _deployment(self, graph_name: str, component: str) -> Ref:
        return Ref(DEPLOYMENTS, self.namespace, f"{graph_name}-{component}")
