"""Passes over graphs under perturbation: whatever happens in between, the same objects are left."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from services.reconciler.desired.names import FINALIZER
from shared.core.errors import PlatformError
from shared.core.json import Manifest, integer, text
from shared.core.objects import finalizers_of, generation_of, owners_of, uid_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, Ref
from shared.testing.cluster_faults import Fault, Request
from shared.testing.cluster_objects import Change
from tests.chaos.partitions.calm import undisturbed
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import NAMESPACE, Process, Simulation, a_graph, simulated

ONE = ("Frontend",)
TWO = ("Frontend", "Worker")
CHAT = Ref(GRAPHS, NAMESPACE, "chat")
SCALED = (GRAPHS, COMPONENTS, DEPLOYMENTS)


def scaled(graph: Manifest, replicas: int) -> None:
    """Ask for a number of replicas."""
    graph["spec"]["services"]["Frontend"]["replicas"] = replicas


async def scaling(seed: int) -> None:
    calm = await undisturbed(ONE, replicas=7)
    async with simulated(seed) as run:
        run.watcher()
        run.reconciler()
        run.graph(services=ONE)

        edits = [run.dice.randint(1, 6) for _ in range(2)]

        def scale(request: Request) -> Fault | None:
            if request.resource in SCALED and edits and run.dice.random() < 0.3:
                replicas = edits.pop()
                run.edit(CHAT, lambda graph: scaled(graph, replicas))
            return None

        run.cluster.intercept = scale
        await run.advance(run.dice.uniform(0.5, 3.0))
        await adapter_scales(run, 7)
        run.cluster.intercept = lambda request: None
        await run.converge()

        graph = run.cluster.peek(CHAT)
        assert graph is not None
        assert FINALIZER in finalizers_of(graph)
        assert run.essence() == calm


@pytest.mark.rule("P-06")
def test_scaling_finalizer_status_and_children_do_not_undo_each_other() -> None:
    run_seeds(scaling)


async def adapter_scales(run: Simulation, replicas: int) -> None:
    """Scale as an adapter does: one guarded field, again while somebody else is quicker."""
    path = "/spec/services/Frontend/replicas"
    while True:
        seen = integer(run.cluster.peek(CHAT), "spec", "services", "Frontend", "replicas")
        operations: list[dict[str, object]] = [
            {"op": "test", "path": path, "value": seen},
            {"op": "replace", "path": path, "value": replicas},
        ]
        try:
            await run.cluster.patch(CHAT, operations, manager="adapter")
        except PlatformError:
            continue
        return


async def deletion(seed: int) -> None:
    async with simulated(seed) as run:
        run.watcher()
        run.reconciler()
        run.graph(services=ONE)
        moment, requests, gone = run.dice.randint(1, 20), Counter[str](), list[Change]()

        def delete(request: Request) -> Fault | None:
            requests["all"] += request.resource in (GRAPHS, COMPONENTS, DEPLOYMENTS)
            if requests["all"] == moment:
                run.remove(CHAT)
            return None

        def watch(change: Change) -> None:
            if change.ref == CHAT and change.after is None:
                gone.append(change)
            assert not (gone and change.ref.resource is GRAPHS and change.after is not None)

        run.cluster.intercept = delete
        run.cluster.objects.listeners.append(watch)
        await run.converge()
        run.remove(CHAT)
        await run.converge()

        assert len(gone) == 1
        assert run.essence() == {}


@pytest.mark.rule("P-07")
def test_a_graph_that_is_deleted_between_two_requests_never_exists_again() -> None:
    run_seeds(deletion)


async def killing(seed: int) -> None:
    calm = await undisturbed(ONE)
    async with simulated(seed) as run:
        run.watcher()
        doomed = run.reconciler("doomed")
        run.graph(services=TWO)
        if run.dice.random() < 0.7:
            await run.advance(5.0)
        kill_at(run, doomed, run.dice.randint(1, 12))
        run.edit(CHAT, lambda graph: graph.update(spec=a_graph("chat", services=ONE)["spec"]))
        await run.advance(run.dice.uniform(0.0, 5.0))
        doomed.kill()
        run.reconciler("heir")
        await run.converge()

        assert run.essence() == calm


@pytest.mark.rule("P-12")
def test_a_replica_killed_at_any_request_or_write_leaves_no_orphan_and_no_double() -> None:
    run_seeds(killing)


def kill_at(run: Simulation, process: Process, moment: int) -> None:
    """Kill a replica at its n-th request or etcd write from now: before it, or after it and before its answer."""
    calls = Counter[str]()

    async def count() -> None:
        calls["all"] += 1
        if calls["all"] == moment:
            process.kill()

    async def on_store(call: str, _: str) -> None:
        if call == "commit":
            await count()

    def on_request(request: Request) -> Fault | None:
        calls["all"] += request.manager.startswith("dynamo-") and process.is_running
        if calls["all"] == moment:
            process.kill()
        return None

    if run.dice.random() < 0.5:
        process.store.before = on_store
    else:
        process.store.after = on_store
    run.cluster.intercept = on_request


async def late_events(seed: int) -> None:
    async with simulated(seed) as run:
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=2 * run.dice.random())
        run.cluster.objects.listeners.append(lambda change: success_is_true(run, change))
        run.watcher()
        run.reconciler()
        run.graph(services=ONE)
        await run.advance(run.dice.uniform(0.0, 8.0))
        run.edit(CHAT, lambda graph: scaled(graph, 3))
        await run.converge()

        assert run.essence() == await undisturbed(ONE, replicas=3)
        writes = Counter(
            request.resource
            for request in run.cluster.requests
            if request.verb == "apply" and request.manager == "dynamo-reconciler-children"
        )
        assert writes[COMPONENTS] <= 2
        assert writes[DEPLOYMENTS] <= 2


@pytest.mark.rule("P-16")
def test_late_watch_events_cause_no_second_write_and_no_false_success() -> None:
    run_seeds(late_events)


def success_is_true(run: Simulation, change: Change) -> None:
    """Check that a graph which says that it runs as asked does so, with children of its own."""
    graph = change.after
    if change.ref != CHAT or graph is None or text(graph, "status", "state") != "successful":
        return
    if integer(graph, "status", "observedGeneration") != generation_of(graph):
        return
    wanted = integer(graph, "spec", "services", "Frontend", "replicas")
    [component] = [each for each in run.cluster.all(COMPONENTS) if _owner(each) == uid_of(graph)]
    [deployment] = [each for each in run.cluster.all(DEPLOYMENTS) if _owner(each) == uid_of(component)]
    assert integer(deployment, "spec", "replicas") == wanted
    assert integer(deployment, "status", "observedGeneration") == generation_of(deployment)
    assert integer(deployment, "status", "readyReplicas") == wanted


def _owner(manifest: Manifest) -> str:
    return next((owner.uid for owner in owners_of(manifest)), "")


async def recreation(seed: int) -> None:
    async with simulated(seed) as run:
        run.cluster.objects.collects_at_once = False
        run.cluster.objects.listeners.append(lambda change: success_is_true(run, change))
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=0.5 * run.dice.random())
        run.watcher()
        run.reconciler()
        run.graph(services=ONE)
        await run.advance(run.dice.uniform(0.0, 5.0))
        run.remove(CHAT)
        while run.cluster.peek(CHAT) is not None:
            await run.advance(0.05)
        await run.advance(run.dice.uniform(0.0, 0.5))
        run.graph(services=ONE, replicas=2)
        for _ in range(4):
            await run.advance(run.dice.uniform(0.0, 3.0))
            run.cluster.objects.collect_garbage()
        await run.converge()
        run.cluster.objects.collect_garbage()
        await run.converge()

        assert run.essence() == await undisturbed(ONE, replicas=2)


@pytest.mark.rule("P-18")
def test_a_graph_made_anew_under_its_name_is_ready_only_with_children_of_its_own() -> None:
    run_seeds(recreation)


def test_one_seed_is_one_schedule() -> None:
    async def course(seed: int) -> list[tuple[str, str]]:
        async with simulated(seed) as run:
            run.cluster.watches.delay = lambda resource, version: timedelta(seconds=run.dice.random())
            run.watcher()
            run.reconciler()
            run.graph(services=ONE)
            await run.converge()
            return [(request.verb, request.resource.plural) for request in run.cluster.requests]

    assert asyncio.run(course(3)) == asyncio.run(course(3))
