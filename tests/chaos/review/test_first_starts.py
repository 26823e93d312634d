"""The first start of an installation, with a part that does not come up."""

from __future__ import annotations

import pytest

from shared.contracts.facts import ORCHESTRATORS, encode_orchestrators
from shared.core.json import items, text
from shared.ports.store import Drop, Put
from tests.chaos.simulation import KEYS, simulated

pytestmark = pytest.mark.asyncio


async def test_a_graph_says_that_nobody_has_looked_at_the_cluster() -> None:
    async with simulated(1) as run:
        await run.store.commit([Drop(KEYS.fact(ORCHESTRATORS))])
        run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.advance(30.0)
        live = run.cluster.peek(graph)
        told = {text(each, "type"): each for each in items(live, "status", "conditions")}

        assert text(live, "status", "state") == "pending"
        assert "which orchestrators the cluster offers" in text(told["Ready"], "message")
        assert text(told["Reconciling"], "reason") == "ClusterNotRead"
        assert "discovery" in text(told["Reconciling"], "message")

        await run.store.commit([Put(KEYS.fact(ORCHESTRATORS), encode_orchestrators(()))])
        await run.converge()
        assert text(run.cluster.peek(graph), "status", "state") == "successful"


async def test_a_running_graph_keeps_its_status_while_the_fact_is_gone() -> None:
    async with simulated(1) as run:
        run.watcher()
        run.reconciler()
        graph = run.graph()
        await run.converge()
        before = run.cluster.peek(graph)
        await run.store.commit([Drop(KEYS.fact(ORCHESTRATORS))])
        await run.advance(60.0)

        assert run.cluster.peek(graph) == before
