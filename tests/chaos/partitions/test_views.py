"""The view against the cluster while events are late, lost, doubled, reordered, or come during a claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.core.objects import uid_of, version_of
from shared.core.outcomes import Done, Outcome
from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref, Resource
from shared.ports.passes import Work
from shared.runtime.partitions.rules import pass_rules
from shared.testing.bus import Perturbation
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import NAMESPACE, Process, Simulation, a_graph, simulated
from tests.chaos.stories import ONE, Story, stories_of, tell, undisturbed

SWEEP = timedelta(minutes=1)
READS: frozenset[Resource] = frozenset({GRAPHS, DEPLOYMENTS})


async def look(work: Work) -> Outcome:
    """Be a handler that only looks."""
    return Done()


def onlooker(run: Simulation, name: str) -> Process:
    """Start a replica that keeps views and changes nothing."""
    rules = pass_rules("onlooker", reads=READS, primaries={GRAPHS: look})
    return run.reconciler(name, rules=rules, again=run.dice.choice((0.0, 0.4)))


def seen(process: Process) -> dict[Ref, tuple[str, int]]:
    """Return what the views of a replica hold: uid and version of each object."""
    assert process.service is not None
    views = [loop.view for loop in process.service.loops.values()]
    return {placed.entry.ref: (placed.entry.uid, placed.entry.version) for view in views for placed in view}


def present(run: Simulation) -> dict[Ref, tuple[str, int]]:
    """Return what the API server holds."""
    found = ((Ref(kind, NAMESPACE, each["metadata"]["name"]), each) for kind in READS for each in run.cluster.all(kind))
    return {ref: (uid_of(each), version_of(each)) for ref, each in found}


def change_something(run: Simulation) -> None:
    """Create, edit or delete one of a few graphs."""
    name = f"graph-{run.dice.randrange(4)}"
    ref = Ref(GRAPHS, NAMESPACE, name)
    if run.cluster.peek(ref) is None:
        run.graph(name, services=ONE)
    elif run.dice.random() < 0.3:
        run.remove(ref)
    else:
        replicas = run.dice.randint(1, 9)
        run.edit(ref, lambda graph: graph.update(spec=a_graph(name, services=ONE, replicas=replicas)["spec"]))


async def claim_amid_changes(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher()
        await run.advance(1.0)
        changes, moment = 16, run.dice.randrange(14)
        owner: Process | None = None
        for number in range(changes):
            if number == moment:
                owner = onlooker(run, "owner")
                owner.bus.perturbation = Perturbation(delay=0.2, longest_delay=timedelta(seconds=0.05), replay_too=True)
            change_something(run)
            await run.advance(0.01)
        assert owner is not None
        owner.bus.perturbation = Perturbation()
        await run.advance(1.0)

        assert seen(owner) == present(run)


@pytest.mark.rule("P-11")
def test_a_claim_amid_a_hundred_changes_a_second_misses_none() -> None:
    run_seeds(claim_amid_changes, row="P-11")


async def disturbed_events(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds), replicas=2)
    async with simulated(seeds[0]) as run:
        run.watcher()
        reconciler = run.reconciler(sweep=SWEEP, again=run.dice.choice((0.0, 0.4)))
        await run.advance(1.0)
        reconciler.bus.perturbation = Perturbation(
            drop=0.2 * run.dice.random(),
            double=run.dice.random(),
            delay=run.dice.random(),
            reorder=run.dice.random(),
        )

        async def course(story: Story) -> None:
            story.create()
            await story.sleep(0.0, 10.0)
            story.scale(2)
            await story.sleep(0.0, 10.0)
            if story.dice.random() < 0.3:
                story.remove()
                while story.graph is not None:
                    await story.sleep(10.0)
                story.create(replicas=2)

        await tell(run, stories_of(run, seeds), course)
        await run.advance(5 * SWEEP.total_seconds())
        await run.converge()

        assert run.essence() == calm


@pytest.mark.rule("P-26")
def test_lost_doubled_late_and_reordered_events_leave_the_same_objects() -> None:
    run_seeds(disturbed_events, row="P-26", at_once=5, short=60)
