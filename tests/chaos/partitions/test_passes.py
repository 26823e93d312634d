"""Passes over graphs under perturbation: whatever happens in between, the same objects are left."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.reconciler.desired.names import FINALIZER
from shared.core.errors import PlatformError
from shared.core.json import integer
from shared.core.objects import finalizers_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, Ref
from shared.testing.cluster_faults import Fault, Request
from shared.testing.cluster_objects import Change
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import Process, Simulation, a_graph, simulated
from tests.chaos.stories import ONE, TWO, Story, check_success, stories_of, story_of, tell, undisturbed

AT_ONCE, SHORT = 5, 60


async def scaling(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds), replicas=7)
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        stories = stories_of(run, seeds)

        def scale(request: Request) -> Fault | None:
            story = story_of(stories, request)
            if story is not None and story.requests < 2 and story.dice.random() < 0.3:
                story.requests += 1
                story.scale(story.dice.randint(1, 6))
            return None

        async def course(story: Story) -> None:
            story.create()
            await story.sleep(0.5, 3.0)
            story.requests = 2
            await adapter_scales(story, 7)

        run.cluster.intercept = scale
        await tell(run, stories, course)
        await run.converge()

        assert all(FINALIZER in finalizers_of(story.graph or {}) for story in stories)
        assert run.essence() == calm


async def adapter_scales(story: Story, replicas: int) -> None:
    """Scale as an adapter does: one guarded field, again while somebody else is quicker."""
    path = "/spec/services/Frontend/replicas"
    while True:
        seen = integer(story.graph, "spec", "services", "Frontend", "replicas")
        operations: list[dict[str, object]] = [
            {"op": "test", "path": path, "value": seen},
            {"op": "replace", "path": path, "value": replicas},
        ]
        try:
            await story.run.cluster.patch(story.ref, operations, manager="adapter")
        except PlatformError:
            continue
        return


@pytest.mark.rule("P-06")
def test_scaling_finalizer_status_and_children_do_not_undo_each_other() -> None:
    run_seeds(scaling, row="P-06", at_once=AT_ONCE, short=SHORT)


async def deletion(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        stories = stories_of(run, seeds)
        moments = {story.name: story.dice.randint(1, 18) for story in stories}
        gone = Counter[Ref]()

        def delete(request: Request) -> Fault | None:
            story = story_of(stories, request)
            if story is not None:
                story.requests += 1
                if story.requests == moments[story.name]:
                    story.remove()
            return None

        def watch(change: Change) -> None:
            if change.ref.resource is GRAPHS:
                assert not gone[change.ref], "a deleted graph came back"
                gone[change.ref] += change.after is None

        run.cluster.intercept = delete
        run.cluster.objects.listeners.append(watch)
        for story in stories:
            story.create()
        await run.converge()
        for story in stories:
            story.remove()
        await run.converge()

        assert gone.total() == len(seeds)
        assert run.essence() == {}


@pytest.mark.rule("P-07")
def test_a_graph_that_is_deleted_between_two_requests_never_exists_again() -> None:
    run_seeds(deletion, row="P-07", at_once=AT_ONCE, short=SHORT)


async def killing(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        owner = run.reconciler("first")
        [story] = stories_of(run, seeds[:1])
        story.create(services=TWO)
        for number, seed in enumerate(seeds):
            dice = random.Random(seed)
            await run.advance(dice.choice((0.0, 5.0)))
            services = TWO if number % 2 else ONE  # each edit adds or removes a service
            spec = a_graph(story.name, services=services)["spec"]
            kill_at(run, owner, dice)
            run.edit(story.ref, lambda graph, spec=spec: graph.update(spec=spec))  # type: ignore[misc]
            await run.advance(dice.uniform(0.0, 5.0))
            owner.kill()
            owner = run.reconciler(f"heir-{seed}")
            await run.converge()

            assert run.essence() == await undisturbed(1, services)


def kill_at(run: Simulation, process: Process, dice: random.Random) -> None:
    """Kill a replica at a request or etcd write from now: before it, or after it and before its answer."""
    calls, moment = Counter[str](), dice.randint(1, 12)

    async def on_store(call: str, _: str) -> None:
        calls["all"] += call == "commit"
        if calls["all"] == moment:
            process.kill()

    def on_request(request: Request) -> Fault | None:
        calls["all"] += process.is_running and request.resource in (GRAPHS, COMPONENTS, DEPLOYMENTS)
        if calls["all"] == moment:
            process.kill()
        return None

    if dice.random() < 0.5:
        process.store.before = on_store
    else:
        process.store.after = on_store
    run.cluster.intercept = on_request


@pytest.mark.rule("P-12")
def test_a_replica_killed_at_any_request_or_write_leaves_no_orphan_and_no_double() -> None:
    run_seeds(killing, row="P-12", at_once=AT_ONCE, short=SHORT)


async def late_events(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds), replicas=3)
    async with simulated(seeds[0]) as run:
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=2 * run.dice.random())
        run.cluster.objects.listeners.append(lambda change: check_success(run, change))
        run.watcher()
        run.reconciler()

        async def course(story: Story) -> None:
            await story.sleep(0.0, 2.0)
            story.create()
            await story.sleep(0.0, 8.0)
            story.scale(3)

        await tell(run, stories_of(run, seeds), course)
        await run.converge()

        assert run.essence() == calm
        writes = Counter(
            (request.resource, request.name)
            for request in run.cluster.requests
            if request.verb == "apply" and request.manager == "dynamo-reconciler-children"
        )
        assert max(count for (resource, _), count in writes.items() if resource in (COMPONENTS, DEPLOYMENTS)) <= 2


@pytest.mark.rule("P-16")
def test_late_watch_events_cause_no_second_write_and_no_false_success() -> None:
    run_seeds(late_events, row="P-16", at_once=AT_ONCE, short=SHORT)


async def recreation(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds), replicas=2)
    async with simulated(seeds[0]) as run:
        run.cluster.objects.collects_at_once = False
        run.cluster.objects.listeners.append(lambda change: check_success(run, change))
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=0.5 * run.dice.random())
        run.watcher()
        run.reconciler()

        async def course(story: Story) -> None:
            story.create()
            await story.sleep(0.0, 5.0)
            story.remove()
            while story.graph is not None:
                await story.sleep(0.05)
            await story.sleep(0.0, 0.5)
            story.create(replicas=2)
            await story.sleep(0.0, 6.0)
            run.cluster.objects.collect_garbage()

        await tell(run, stories_of(run, seeds), course)
        await run.converge()
        run.cluster.objects.collect_garbage()
        await run.converge()

        assert run.essence() == calm


@pytest.mark.rule("P-18")
def test_a_graph_made_anew_under_its_name_is_ready_only_with_children_of_its_own() -> None:
    run_seeds(recreation, row="P-18", at_once=AT_ONCE, short=SHORT)


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
