"""What others change or take away, and what everybody refuses for a while: repaired, and quickly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
import yaml

from shared.core.errors import ForbiddenError, PlatformError, UnreachableError
from shared.core.json import Manifest, integer, text
from shared.core.objects import name_of, ref_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, SERVICES, Ref, Resource
from shared.testing.cluster_faults import Refuse
from tests.chaos.records import Drill, Measure, record
from tests.chaos.seeds import IS_LONG, run_seeds
from tests.chaos.simulation import NAMESPACE, Simulation, simulated
from tests.conformance import Conformance
from tests.parity.scope import single_node

CHILDREN = (COMPONENTS, DEPLOYMENTS, SERVICES)
REPAIRED = timedelta(seconds=2)  # P-10
RETURNED = timedelta(seconds=1)  # P-14
REFUSED = 300 if IS_LONG else 15
RESTARTED = 3 if IS_LONG else 1  # replicas, one after the other


def spoil_component(live: Manifest) -> None:
    """Change a field of a component that its graph gave it."""
    live["spec"]["serviceName"] = "spoiled"


def spoil_deployment(live: Manifest) -> None:
    """Change a field of a Deployment that its component gave it."""
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/spoiled:1"


def spoil_service(live: Manifest) -> None:
    """Change a field of a Service that its component gave it."""
    live["spec"]["ports"][0]["targetPort"] = "spoiled"


SPOILT: Mapping[Resource, Callable[[Manifest], None]] = {
    COMPONENTS: spoil_component,
    DEPLOYMENTS: spoil_deployment,
    SERVICES: spoil_service,
}


def children(run: Simulation) -> list[Ref]:
    """Return all objects that were made for graphs."""
    return [ref_of(each) for kind in CHILDREN for each in run.cluster.all(kind)]


def asked_for(run: Simulation) -> dict[str, Any]:
    """Return what all children ask for; what became of it may take as long as the cluster takes."""
    return {name: {**each, "status": None} for name, each in run.essence().items()}


async def repairs(graphs: Iterable[Manifest]) -> tuple[int, float]:
    """Delete and edit each child once; return how many repairs there were, and the seconds of the slowest."""
    async with simulated(0) as run:
        run.watcher()
        run.reconciler()
        for graph in graphs:
            run.cluster.put({**graph, "metadata": {**graph["metadata"], "namespace": NAMESPACE}})
        await run.converge()
        calm, wanted, slowest = run.essence(), asked_for(run), 0.0
        found = children(run)
        for ref in found:
            for disturb in (run.remove, lambda each: run.edit(each, SPOILT[each.resource])):
                disturb(ref)
                began = run.clock.elapsed()
                assert asked_for(run) != wanted, ref
                await run.clock.run_until(lambda: asked_for(run) == wanted, limit=timedelta(minutes=1))
                slowest = max(slowest, run.clock.elapsed() - began)
                await run.advance(5.0)
        await run.converge()

        assert found
        assert run.essence() == calm
        return 2 * len(found), slowest


@pytest.mark.rule("P-10")
def test_each_child_of_each_manifest_is_repaired_after_a_deletion_and_after_an_edit(conformance: Conformance) -> None:
    manifests = single_node(conformance) if IS_LONG else single_node(conformance)[1::7]
    results = [asyncio.run(repairs(_graphs(conformance, path))) for path in manifests]

    drill = record(
        Drill(
            row="P-10",
            stopped=f"each child of {len(manifests)} manifests, deleted and edited",
            whole=(
                Measure(
                    "slowest repair, on the driven clock",
                    timedelta(seconds=max(took for _, took in results)),
                    REPAIRED,
                    "P-10",
                ),
            ),
            held="all objects as before",
            runs=sum(count for count, _ in results),
            on="fakes",
        )
    )
    assert not drill.missed


def _graphs(conformance: Conformance, path: str) -> list[Manifest]:
    documents = yaml.safe_load_all((conformance.data / "manifests" / path).read_text(encoding="utf-8"))
    return [each for each in documents if each and each["kind"] == GRAPHS.kind]


async def refused_writes(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        graphs = [run.graph(f"chat-{number}", services=("Frontend",)) for number in range(REFUSED)]
        await run.converge()
        error: PlatformError = run.dice.choice((UnreachableError("no answer"), ForbiddenError("no right")))
        run.cluster.intercept = lambda request: Refuse(error) if request.is_write else None
        for graph in graphs:
            run.edit(graph, scaled(2))
        await run.advance(run.dice.uniform(1.0, 120.0))
        run.cluster.intercept = lambda request: None
        edited = run.dice.choice(graphs)
        run.edit(edited, scaled(3))
        await run.advance(RETURNED.total_seconds())

        assert replicas_of(run, edited) == 3
        await run.advance(14 * 60.0)
        assert [replicas_of(run, graph) for graph in graphs if graph != edited] == [2] * (REFUSED - 1)


def scaled(replicas: int) -> Callable[[Manifest], None]:
    """Return an edit of a graph's frontend."""

    def change(graph: Manifest) -> None:
        graph["spec"]["services"]["Frontend"]["replicas"] = replicas

    return change


def replicas_of(run: Simulation, graph: Ref) -> int:
    """Return the replicas that the frontend's Deployment asks for."""
    return integer(run.cluster.peek(Ref(DEPLOYMENTS, NAMESPACE, f"{graph.name}-frontend")), "spec", "replicas")


@pytest.mark.rule("P-14")
def test_an_edit_after_a_time_of_refusals_is_done_at_once_and_the_rest_follows() -> None:
    run_seeds(refused_writes, row="P-14", short=4, long=6)


async def restarts(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0], partitions=8) as run:
        run.watcher()
        replicas = [run.reconciler(f"first-{number}") for number in range(3)]
        graphs = [run.graph(f"chat-{number}", services=("Frontend",)) for number in range(10)]
        await run.converge()
        edits = Edits(run, graphs)
        for number in range(RESTARTED):
            replicas[number].stopping.set()
            await edits.for_seconds(run.dice.uniform(0.0, 3.0))
            replicas[number] = run.reconciler(f"second-{number}")
            await edits.for_seconds(run.dice.uniform(5.0, 8.0))

        await run.advance(RETURNED.total_seconds())
        assert edits.worst < RETURNED.total_seconds()
        assert not edits.waiting


class Edits:
    """Ten edits a second, and how long the slowest took to reach its Deployment."""

    def __init__(self, run: Simulation, graphs: Sequence[Ref]) -> None:
        """Listen to the cluster."""
        self._run, self._graphs, self._number = run, graphs, 1
        self.waiting: dict[str, tuple[int, float]] = {}
        self.worst = 0.0
        run.cluster.objects.listeners.append(lambda change: self._on_change(change.after))

    async def for_seconds(self, seconds: float) -> None:
        """Edit one graph after the other."""
        for _ in range(int(10 * seconds)):
            graph = self._graphs[self._number % len(self._graphs)]
            self._number += 1
            self.waiting[f"{graph.name}-frontend"] = (self._number, self._run.clock.elapsed())
            self._run.edit(graph, scaled(self._number))
            await self._run.advance(0.1)

    def _on_change(self, after: Manifest | None) -> None:
        if after is None or text(after, "kind") != DEPLOYMENTS.kind:
            return
        replicas, began = self.waiting.get(name_of(after), (0, 0.0))
        if replicas and integer(after, "spec", "replicas") == replicas:
            del self.waiting[name_of(after)]
            self.worst = max(self.worst, self._run.clock.elapsed() - began)


@pytest.mark.rule("P-15")
def test_edits_during_a_rolling_restart_are_done_within_a_second() -> None:
    run_seeds(restarts, row="P-15", short=1, long=10)
