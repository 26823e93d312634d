"""What was deleted while nobody of a service ran: its record has to go all the same."""

from __future__ import annotations

import pytest

from services.discovery.handlers import READS, InstancesHandler, route
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import ENDPOINT_SLICES, GRAPHS
from shared.runtime.partitions.rules import pass_rules
from tests.chaos.simulation import KEYS, NAMESPACE, Silence, simulated

pytestmark = pytest.mark.asyncio


def a_slice_of(graph: str) -> Manifest:
    """Return an EndpointSlice with one ready pod of a graph."""
    serving = {"conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": "p1"}, "addresses": ["10.0.0.1"]}
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {"name": f"{graph}-slice", "namespace": NAMESPACE, "labels": {labels.GRAPH_NAME: graph}},
        "addressType": "IPv4",
        "endpoints": [serving],
    }


async def test_the_instance_view_of_a_graph_that_went_meanwhile_is_removed() -> None:
    async with simulated(1) as run:
        rules = pass_rules(
            "discovery", reads=READS, primaries={GRAPHS: InstancesHandler(run.store, KEYS, Silence())}, router=route
        )
        run.watcher(kinds=sorted(READS))
        first = run.reconciler("one", rules=rules)
        graph = run.graph()
        serving = ref_of(run.cluster.put(a_slice_of(graph.name)))
        await run.advance(20.0)
        key = KEYS.instances(NAMESPACE, graph.name)
        assert run.store.pairs(key)
        first.kill()
        await run.advance(1.0)
        run.remove(graph)
        run.remove(serving)
        await run.advance(20.0)
        run.reconciler("two", rules=rules)
        await run.advance(20.0)

        assert run.cluster.peek(graph) is None
        assert not run.store.pairs(key)
