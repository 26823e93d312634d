"""Histories that end, come back, or are forgotten: no running view may refuse what is true now."""

from __future__ import annotations

import pytest

from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of
from shared.core.resources import DEPLOYMENTS, Ref
from shared.testing.facts import facts_of_a_cluster, recorded
from tests.chaos.review.histories import Backup, become_another
from tests.chaos.simulation import KEYS, NAMESPACE, Simulation, simulated

pytestmark = pytest.mark.asyncio

FOREIGN_UID = "ffffffff-0000-0000-0000-000000000000"
WORKER = Ref(DEPLOYMENTS, NAMESPACE, "chat-worker")


def scale(replicas: int) -> object:
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


async def edit_and_wait(run: Simulation, graph: Ref, replicas: int) -> None:
    """Edit a graph and let it be done."""
    run.edit(graph, scale(replicas))  # type: ignore[arg-type]
    await run.converge()


async def test_etcd_wiped_after_a_restored_backup_leaves_no_service_deaf() -> None:
    async with simulated(1) as run:
        watcher = run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.converge()
        backup = Backup.of(run.cluster)
        await edit_and_wait(run, graph, 2)
        backup.restore(run.cluster)
        await run.converge()

        run.store.wipe()
        await run.store.another().commit(recorded(KEYS, facts_of_a_cluster()))
        await run.advance(15.0)  # the reconciler claims again, over a log that tells of the second history
        watcher.kill()  # as the loss of its claims ends it
        run.watcher("watcher-2")
        await run.advance(15.0)
        await edit_and_wait(run, graph, 4)

        assert has_followed(run, graph, 4)


async def test_a_cluster_that_comes_back_after_another_one_is_served_again() -> None:
    async with simulated(1) as run:
        run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.converge()
        backup = Backup.of(run.cluster)
        become_another(run.cluster, FOREIGN_UID)
        await run.advance(30.0)
        backup.restore(run.cluster)
        await run.advance(30.0)
        await edit_and_wait(run, graph, 3)

        assert has_followed(run, graph, 3)
