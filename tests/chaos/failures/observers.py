"""Watches a whole cluster from outside: when something became so, and what graphs felt that were left alone.

Separate from what is stopped and from who edits. Invariants: all times are of this process's monotonic clock; a
connection that breaks is opened again within a tenth of a second, so that the observer is never what took long; what a
broken watch did not tell is found in the list that follows it, by version.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.assembly.connections import CLOCK
from shared.core.json import Manifest, integer, items, text
from shared.core.objects import generation_of, is_deleting, name_of, namespace_of, uid_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    PODS,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Ref,
    Resource,
)
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.kube.informers import InformerOptions
from shared.ports.cluster import Observation, Observed, Snapshot
from tests.e2e.graphs import is_successful
from tests.e2e.stacks import LiveStack

FOLLOWED: tuple[Resource, ...] = (
    GRAPHS,
    COMPONENTS,
    DEPLOYMENTS,
    SERVICES,
    SERVICE_ACCOUNTS,
    ROLE_BINDINGS,
    PODS,
)
IMPATIENT = InformerOptions(longest_pause=timedelta(milliseconds=100), absent_pause=timedelta(milliseconds=100))


@dataclass(slots=True)
class Felt:
    """What happened to the objects of one namespace since they were left alone."""

    objects: int
    writes: list[str] = field(default_factory=list)
    deletions: list[str] = field(default_factory=list)
    flips: list[str] = field(default_factory=list)  # of graphs that were successful

    @property
    def is_nothing(self) -> bool:
        """Say whether they felt nothing at all."""
        return not (self.writes or self.deletions or self.flips)

    def __str__(self) -> str:
        """Return the counts as one sentence."""
        return (
            f"{self.objects} objects: {len(self.writes)} writes, {len(self.deletions)} deletions, "
            f"{len(self.flips)} status changes"
        )


class Observer:
    """What a cluster holds as its watches tell it; made by `observing`."""

    def __init__(self, cluster: KubeCluster) -> None:
        """Follow nothing yet."""
        self.cluster = cluster
        self.seen: dict[Ref, Manifest] = {}
        self._changed = asyncio.Event()
        self._listed: set[Resource] = set()
        self._left_alone: dict[str, Felt] = {}

    def leave_alone(self, namespace: str) -> Felt:
        """Begin to count what happens in a namespace."""
        objects = sum(ref.namespace == namespace for ref in self.seen)
        return self._left_alone.setdefault(namespace, Felt(objects))

    async def until(self, is_so: Callable[[], bool], *, within: timedelta, goal: str) -> float:
        """Return the time at which something became so; fail with `goal` when it is too late."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{goal}: not within {within.total_seconds():g} s") from None
        return time.monotonic()

    async def calm(self, duration: timedelta, felt: Felt) -> None:
        """Return after a time, or at once when the objects that are left alone felt something."""
        loop = asyncio.get_running_loop()
        end = loop.time() + duration.total_seconds()
        while felt.is_nothing and (left := end - loop.time()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                return

    def field_of(self, ref: Ref, *path: str) -> int | None:
        """Return a number in an object, or None where there is no such object."""
        manifest = self.seen.get(ref)
        return None if manifest is None else integer(manifest, *path)

    def replicas(self, namespace: str, graph: str) -> int | None:
        """Return how many decode workers a graph's Deployment asks for."""
        return self.field_of(Ref(DEPLOYMENTS, namespace, f"{graph}-decode"), "spec", "replicas")

    def is_successful(self, ref: Ref) -> bool:
        """Say whether a graph exists and is successful in its newest generation."""
        manifest = self.seen.get(ref)
        return manifest is not None and is_successful(manifest)

    async def run(self) -> None:
        """Follow every resource until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for resource in FOLLOWED:
                tasks.create_task(self._follow(resource))

    async def listed(self) -> None:
        """Return when everything that stands in the cluster is known."""
        await self.until(lambda: len(self._listed) == len(FOLLOWED), within=timedelta(seconds=20), goal="all listed")

    async def _follow(self, resource: Resource) -> None:
        async for observation in self.cluster.follow(resource):
            self._take(resource, observation)
            self._changed.set()

    def _take(self, resource: Resource, observation: Observation) -> None:
        match observation:
            case Snapshot(items):
                found = {_ref(resource, each): each for each in items}
                for ref in [ref for ref in self.seen if ref.resource is resource and ref not in found]:
                    self._remove(ref)
                for ref, manifest in found.items():
                    self._put(ref, manifest)
                self._listed.add(resource)
            case Observed("deleted", manifest):
                self._remove(_ref(resource, manifest))
            case Observed(_, manifest):
                self._put(_ref(resource, manifest), manifest)
            case _:
                pass

    def _put(self, ref: Ref, manifest: Manifest) -> None:
        before = self.seen.get(ref)
        self.seen[ref] = manifest
        felt = self._left_alone.get(ref.namespace)
        if felt is None or (before is not None and _version(before) == _version(manifest)):
            return
        if before is not None and uid_of(before) != uid_of(manifest):
            felt.deletions.append(str(ref))
        felt.writes.append(
            f"{ref} by {_writer(manifest)}{' in deletion' if is_deleting(manifest) else ''}{_told(manifest)}"
        )
        if ref.resource is GRAPHS and not is_successful(manifest):
            felt.flips.append(f"{ref}: {text(manifest, 'status', 'state')} at generation {generation_of(manifest)}")

    def _remove(self, ref: Ref) -> None:
        if self.seen.pop(ref, None) is not None and ref.namespace in self._left_alone:
            self._left_alone[ref.namespace].deletions.append(str(ref))


@asynccontextmanager
async def observing(stack: LiveStack) -> AsyncIterator[Observer]:
    """Observe the cluster of a stack while the context lasts."""
    options = KubeOptions(Path(stack.record.kubeconfig), user_agent="observer", informer=IMPATIENT)
    async with open_cluster(options, CLOCK) as cluster, asyncio.TaskGroup() as tasks:
        observer = Observer(cluster)
        following = tasks.create_task(observer.run())
        await observer.listed()
        yield observer
        following.cancel()


def _ref(resource: Resource, manifest: Manifest) -> Ref:
    return Ref(resource, namespace_of(manifest), name_of(manifest))


def _version(manifest: Manifest) -> str:
    return text(manifest, "metadata", "resourceVersion")


def _writer(manifest: Manifest) -> str:
    """Return the manager that wrote last."""
    entries = manifest["metadata"].get("managedFields") or [{"manager": "nobody", "time": ""}]
    manager: str = max(entries, key=lambda each: each.get("time", ""))["manager"]
    return manager


def _told(manifest: Manifest) -> str:
    """Return what a status says of progress, where it says anything."""
    said = [
        each for each in items(manifest, "status", "conditions") if text(each, "type") in ("Reconciling", "Stalled")
    ]
    return "".join(f", {text(each, 'type')} {text(each, 'status')}: {text(each, 'message')}" for each in said)
