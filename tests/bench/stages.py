"""A stack for one case, with the graphs' observer: brought up before, taken down and purged after, whatever happens.

Invariant: nothing of a case survives it, so that cases cannot colour each other and a failed one harms no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from cli.commands.up import stack_options, start_parts, with_nodes
from cli.targets import Target, find_target
from lab.launcher.bringup import SERVICES, Bringup, take_down
from lab.launcher.stacks import Stack, read_stack
from shared.core.resources import GRAPHS, Ref
from shared.kube.clusters import KubeCluster
from tests.bench.graphs import EDITED, NAMESPACE, TICK, name_of_graph
from tests.bench.observers import Moment, Observer
from tests.bench.plans import Case

MANAGER = "bench"
OURS = tuple(f"dynamo-{service}" for service in SERVICES)  # how our services name themselves to the API server


@dataclass(slots=True)
class Stage:
    """What a measure works with."""

    case: Case
    bringup: Bringup
    cluster: KubeCluster
    observer: Observer
    edits: int = 0  # so many were made

    @property
    def stack(self) -> Stack:
        """Return the processes and addresses as they are now."""
        return self.bringup.stack

    @property
    def target(self) -> Target:
        """Return the stack's servers, behind our ports."""
        return find_target(self.stack.name)

    @property
    def editable(self) -> int:
        """Return how many graphs are edited, in turn; the others take the load beside the edits."""
        return max(1, self.case.graphs // 2)

    async def edit(self) -> Edit:
        """Change the replicas of one component of the next graph, and return what shows that it was carried out."""
        number, round_ = self.edits % self.editable, self.edits // self.editable
        self.edits += 1
        return await self.edit_graph(number, replicas=2 + round_)

    async def edit_graph(self, number: int, *, replicas: int) -> Edit:
        """Change the replicas of one component of one graph."""
        name = name_of_graph(number)
        carried = self.observer.expect(f"{name}-{EDITED}", replicas)
        path = f"/spec/services/{EDITED.capitalize()}/replicas"
        patch = [{"op": "replace", "path": path, "value": replicas}]
        stored = await self.cluster.patch(Ref(GRAPHS, NAMESPACE, name), patch, manager=MANAGER)
        metadata = stored["metadata"]
        return Edit(name, metadata["uid"], metadata["generation"], int(metadata["resourceVersion"]), carried)

    async def touch(self, number: int, value: str) -> None:
        """Change what nothing depends on, of one of the graphs that are not edited."""
        name = name_of_graph(self.editable + number % max(1, self.case.graphs - self.editable))
        path = "/metadata/annotations/" + TICK.replace("/", "~1")
        patch = [{"op": "replace", "path": path, "value": value}]
        await self.cluster.patch(Ref(GRAPHS, NAMESPACE, name), patch, manager=MANAGER)


@dataclass(frozen=True, slots=True)
class Edit:
    """One accepted edit: the graph's state after it, and the moment in which its Deployment carries it."""

    graph: str
    uid: str
    generation: int
    version: int
    carried: Moment


@contextmanager
def running(case: Case) -> Iterator[Bringup]:
    """Bring a stack up for a case, and take it down with all it wrote."""
    replicas = [f"reconciler={case.reconcilers}"]
    options = with_nodes(stack_options(case.stack, [], [], case.latency_ms, replicas), case.nodes)
    former = read_stack(case.stack)
    if former is not None:
        take_down(former, lambda *_: None, purge=True)
    bringup = Bringup(options, lambda *_: None)
    try:
        start_parts(bringup, lambda *_: None)
        yield bringup
    finally:
        bringup.take_down()
        take_down(bringup.stack, lambda *_: None, purge=True)


@asynccontextmanager
async def stage(case: Case, bringup: Bringup) -> AsyncIterator[Stage]:
    """Open the case's namespace and watch it."""
    async with find_target(bringup.stack.name).cluster() as cluster:
        assert isinstance(cluster, KubeCluster)
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, manager=MANAGER)
        observer = Observer(cluster, case.graphs, case.components)
        async with asyncio.TaskGroup() as tasks:
            following = [
                tasks.create_task(observer.follow_deployments()),
                tasks.create_task(observer.follow_graphs()),
            ]
            yield Stage(case, bringup, cluster, observer)
            for task in following:
                task.cancel()
