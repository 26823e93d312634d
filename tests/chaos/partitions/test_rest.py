"""Take-overs and outages: a replica that rests asks nothing, and nothing stays broken for good."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from shared.contracts.streams import DEAD_LETTERS
from shared.core.errors import ForbiddenError, PlatformError, UnreachableError
from shared.core.json import text
from shared.core.resources import DEPLOYMENTS, GRAPHS, NAMESPACES, Resource
from shared.testing.cluster_faults import Fault, Refuse, Request
from tests.chaos.seeds import FIRST, count_of, record_seeds, run_seeds
from tests.chaos.simulation import Simulation, simulated
from tests.chaos.stories import ONE, stories_of, story_of, undisturbed

RESTING = 300
CAUSES: tuple[tuple[Resource, PlatformError], ...] = (
    (DEPLOYMENTS, UnreachableError("no answer")),
    (DEPLOYMENTS, ForbiddenError("no right")),
    (GRAPHS, ForbiddenError("no right")),  # one that cannot be reached cannot be told either: it is tried for ever
)


def asked(run: Simulation) -> list[Request]:
    """Return the requests about objects; the watcher looks at a namespace to know its epoch."""
    return [request for request in run.cluster.requests if request.resource is not NAMESPACES]


async def take_over(run: Simulation, seed: int) -> None:
    """Let another replica take over, by a death or gracefully, and check that nobody asked for anything."""
    dice = random.Random(seed)
    [owner] = [process for process in run.processes if process.service is not None and process.is_running]
    heir = run.reconciler(f"replica-{seed}")
    await run.advance(dice.uniform(0.0, 8.0))
    if dice.random() < 0.5:
        owner.kill()
    else:
        owner.stopping.set()
    await run.advance(13.0)

    assert not owner.is_running
    assert heir.service is not None
    assert heir.service.readiness.is_ready
    assert asked(run) == []


@pytest.mark.rule("P-17")
def test_taking_over_resting_graphs_asks_for_nothing() -> None:
    async def take_turns() -> None:
        async with simulated(FIRST) as run:
            run.watcher()
            run.reconciler("replica-first")
            for name in ("chat", "code", "draw"):
                run.graph(name, services=ONE)
            await run.converge()
            run.cluster.requests.clear()
            for seed in range(FIRST, FIRST + count_of()):
                await take_over(run, seed)

    asyncio.run(take_turns())
    record_seeds("P-17", count_of())


@pytest.mark.rule("P-17")
def test_taking_over_three_hundred_resting_graphs_asks_for_nothing() -> None:
    async def take_once() -> None:
        async with simulated(FIRST) as run:
            run.watcher()
            run.reconciler("replica-first")
            await run.advance(1.0)
            for number in range(RESTING):
                run.graph(f"graph-{number}", services=ONE)
            await run.converge()
            assert {text(graph, "status", "state") for graph in run.cluster.all(GRAPHS)} == {"successful"}
            run.cluster.requests.clear()
            await take_over(run, 1)

    asyncio.run(take_once())


async def silent_repair(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds))
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler()
        stories = stories_of(run, seeds)
        causes = {story.name: story.dice.choice(CAUSES) for story in stories}

        def refuse(request: Request) -> Fault | None:
            story = story_of(stories, request)
            if story is None or not request.is_write:
                return None
            refused, error = causes[story.name]
            return Refuse(error) if request.resource is refused else None

        run.cluster.intercept = refuse
        for story in stories:
            story.create()
        await run.advance(15 * 60.0)
        letters = [message.subject for message in run.bus.messages(DEAD_LETTERS)]
        assert all(any(story.name in subject for subject in letters) for story in stories)
        run.cluster.intercept = lambda request: None
        await run.advance(14 * 60.0)
        await run.converge()

        assert run.essence() == calm


@pytest.mark.rule("P-23")
def test_what_was_given_up_is_repaired_by_the_sweep_once_the_cause_is_gone() -> None:
    run_seeds(silent_repair, row="P-23", at_once=5, short=60)
