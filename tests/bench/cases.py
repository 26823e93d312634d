"""One case: so many graphs at so much latency, from the first apply to the last `successful`, then edits and rest."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field

from cli.commands.up import bring_up, stack_options
from cli.lab import RequestCounts, request_counts
from cli.targets import find_target
from lab.launcher.bringup import take_down
from lab.launcher.stacks import Stack
from shared.core.json import Manifest, integer, member, text
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref
from shared.kube.clusters import KubeCluster
from shared.ports.cluster import Observed, Selection, Snapshot
from tests.bench.graphs import SERVICES, graph
from tests.bench.machine import Cost, costs

NAMESPACE = "bench"
MANAGER = "bench"
APPLY_AT_ONCE = 16
TIME_LIMIT = 600.0
REST_BEFORE, REST = 12.0, 20.0  # seconds: until everything has settled, and of the measured silence
OURS = ("dynamo-watcher", "dynamo-reconciler", "dynamo-rbac", "dynamo-discovery", "dynamo-webhook")


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured."""

    graphs: int
    latency_ms: int
    edits: int = 60
    replicas: tuple[str, ...] = ()  # as `dynamoctl up --replicas` takes them


@dataclass(slots=True)
class Figures:
    """What was measured; seconds, requests and MiB."""

    case: Case
    children: float = 0.0
    successful: float = 0.0
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rest_requests: int = 0
    edits: list[float] = field(default_factory=list)
    stored: dict[str, float] = field(default_factory=dict)  # histogram of observed -> stored
    costs: dict[str, Cost] = field(default_factory=dict)

    @property
    def requests_per_graph(self) -> float:
        """Return the requests of our services for one graph."""
        return sum(self.requests.values()) / self.case.graphs

    def edit(self, share: float) -> float:
        """Return a percentile of the edits."""
        ordered = sorted(self.edits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def run_case(case: Case) -> Figures:
    """Bring a stack up, measure, take it down."""
    name = f"bench-{case.graphs}-{case.latency_ms}"
    stack = bring_up(stack_options(name, [], [], case.latency_ms, case.replicas), lambda *_: None)
    try:
        return asyncio.run(_measure(case, stack))
    finally:
        take_down(stack, lambda *_: None, purge=True)


async def _measure(case: Case, stack: Stack) -> Figures:
    figures = Figures(case)
    async with find_target(stack.name).cluster() as found:
        assert isinstance(found, KubeCluster)
        await found.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, manager=MANAGER)
        await asyncio.sleep(1)
        before = request_counts(stack)
        async with asyncio.TaskGroup() as tasks:
            watch = _Watch(found, case)
            following = [tasks.create_task(watch.deployments()), tasks.create_task(watch.graphs())]
            began = time.monotonic()
            await _apply_all(found, case)
            async with asyncio.timeout(TIME_LIMIT):
                figures.children = await watch.all_children.wait_since(began)
                figures.successful = await watch.all_successful.wait_since(began)
            await asyncio.sleep(2)
            figures.requests = _ours(request_counts(stack) - before)
            figures.edits = await _edit_some(found, case, watch)
            figures.stored = _stored(stack)
            figures.costs = costs(stack)
            for task in following:
                task.cancel()
    await asyncio.sleep(REST_BEFORE)
    resting = request_counts(stack)
    await asyncio.sleep(REST)
    figures.rest_requests = sum(_ours(request_counts(stack) - resting).values())
    return figures


class _Moment:
    """Something that happens once."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self._at = 0.0

    def happen(self) -> None:
        if not self._happened.is_set():
            self._at = time.monotonic()
            self._happened.set()

    async def wait_since(self, began: float) -> float:
        await self._happened.wait()
        return self._at - began


class _Watch:
    """Sees what an observer of the cluster sees."""

    def __init__(self, cluster: KubeCluster, case: Case) -> None:
        self._cluster, self._case = cluster, case
        self._deployments: set[str] = set()
        self._successful: set[str] = set()
        self.all_children, self.all_successful = _Moment(), _Moment()
        self.carried: dict[tuple[str, int], asyncio.Event] = {}

    async def deployments(self) -> None:
        async for each in self._cluster.follow(DEPLOYMENTS, Selection(namespace=NAMESPACE)):
            for manifest in _manifests(each):
                self._deployments.add(name_of(manifest))
                wanted = member(manifest, "spec", "replicas")
                event = self.carried.get((name_of(manifest), wanted if isinstance(wanted, int) else 0))
                if event is not None:
                    event.set()
            if len(self._deployments) == self._case.graphs * SERVICES:
                self.all_children.happen()

    async def graphs(self) -> None:
        async for each in self._cluster.follow(GRAPHS, Selection(namespace=NAMESPACE)):
            for manifest in _manifests(each):
                is_current = integer(manifest, "status", "observedGeneration") == integer(
                    manifest, "metadata", "generation"
                )
                if text(manifest, "status", "state") == "successful" and is_current:
                    self._successful.add(name_of(manifest))
            if len(self._successful) == self._case.graphs:
                self.all_successful.happen()


def _manifests(each: object) -> list[Manifest]:
    if isinstance(each, Snapshot):
        return list(each.items)
    return [each.manifest] if isinstance(each, Observed) else []


async def _apply_all(cluster: KubeCluster, case: Case) -> None:
    limit = asyncio.Semaphore(APPLY_AT_ONCE)

    async def apply(number: int) -> None:
        async with limit:
            await cluster.apply(graph(number, NAMESPACE), manager=MANAGER)

    async with asyncio.TaskGroup() as tasks:
        for number in range(case.graphs):
            tasks.create_task(apply(number))


async def _edit_some(cluster: KubeCluster, case: Case, watch: _Watch) -> list[float]:
    """Change the replicas of one service after the other, and time until its Deployment carries them."""
    found = []
    for number in range(case.edits):
        name, replicas = f"bench-{number % case.graphs}", 2 + number // case.graphs
        carried = watch.carried[f"{name}-decode", replicas] = asyncio.Event()
        began = time.monotonic()
        await cluster.patch(
            Ref(GRAPHS, NAMESPACE, name),
            [{"op": "replace", "path": "/spec/services/Decode/replicas", "value": replicas}],
            manager=MANAGER,
        )
        async with asyncio.timeout(30):
            await carried.wait()
        found.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    return found


def _ours(counts: RequestCounts) -> Counter[tuple[str, str, str]]:
    return Counter({call: count for call, count in counts.by_call.items() if call[0] in OURS})


def _stored(stack: Stack) -> dict[str, float]:
    """Return the watcher's histogram of the time from observing a change to its event being stored."""
    watcher = stack.process("watcher")
    assert watcher is not None
    with urllib.request.urlopen(f"{watcher.health_url}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    prefix = "dynamo_operator_watcher_store_seconds_bucket{le="
    return {
        line.partition('le="')[2].partition('"')[0]: float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(prefix)
    }
