"""A cluster restored from a backup: what was remembered of the history that has ended proves nothing any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of
from shared.core.resources import DEPLOYMENTS, Ref
from tests.chaos.review.histories import Backup
from tests.chaos.simulation import NAMESPACE, Simulation, simulated

pytestmark = pytest.mark.asyncio

WORKER = Ref(DEPLOYMENTS, NAMESPACE, "chat-worker")


def scale(replicas: int) -> Callable[[Manifest], None]:
    """Return an edit that changes the number of workers."""

    def change(graph: Manifest) -> None:
        graph["spec"]["services"]["Worker"]["replicas"] = replicas

    return change


def has_followed(run: Simulation, graph: Ref, replicas: int) -> bool:
    """Return whether the newest edit is done and told."""
    live, worker = run.cluster.peek(graph), run.cluster.peek(WORKER)
    return (
        integer(worker, "spec", "replicas") == replicas
        and text(live, "status", "state") == "successful"
        and live is not None
        and integer(live, "status", "observedGeneration") == generation_of(live)
    )


async def test_an_edit_that_gives_a_generation_for_the_second_time_is_done() -> None:
    async with simulated(1) as run:
        run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.converge()
        backup = Backup.of(run.cluster)
        run.edit(graph, scale(2))
        await run.converge()
        backup.restore(run.cluster)
        run.edit(graph, scale(3))  # generation 2 again
        await run.converge()

        assert has_followed(run, graph, 3)


async def test_a_child_that_a_backup_holds_in_an_older_state_than_its_owner_is_brought_up() -> None:
    async with simulated(1) as run:
        run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.converge()
        former = run.cluster.peek(WORKER)
        assert former is not None
        run.edit(graph, scale(2))
        await run.converge()
        backup = Backup.of(run.cluster)
        backup.stored[WORKER] = former  # the backup was taken between the two writes
        run.edit(graph, lambda live: live["metadata"].setdefault("labels", {}).update(again="yes"))
        await run.converge()
        backup.restore(run.cluster)
        await run.converge()

        assert has_followed(run, graph, 2)
