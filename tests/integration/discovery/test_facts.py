"""discovery on real servers: what the cluster offers, what its nodes hold, and who serves."""

from __future__ import annotations

import pytest

from shared.contracts.capacity import Capacity, decode_capacity
from shared.contracts.facts import GPU, ORCHESTRATORS
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import owners_of, uid_of
from shared.core.resources import SERVICES, Ref
from shared.testing.eventually import eventually
from tests.integration.rooms import PATIENCE, Servers, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

QWEN = "Qwen/Qwen3-0.6B"
MODEL_SERVICE = Ref(SERVICES, "default", "dynamo-model-fb68f5a6")
NODE: Manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
SLICE: Manifest = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "chat-web",
        "namespace": "default",
        "labels": {labels.GRAPH_NAME: "chat", labels.COMPONENT: "web"},
    },
    "addressType": "IPv4",
    "endpoints": [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True},
            "targetRef": {"kind": "Pod", "name": "p1", "namespace": "default"},
        }
    ],
}


async def capacity(found: Servers) -> Capacity:
    """Return the recorded capacity."""
    pair = await found.store.get(found.keys.fact(GPU))
    return decode_capacity(pair.value) if pair else Capacity()


@pytest.mark.rule("W-37")
@pytest.mark.asyncio
async def test_records_facts_and_who_serves_a_graph_and_keeps_the_service_of_its_model(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    async with servers(start_api, start_nats, start_etcd) as found:
        await found.start("watcher", "discovery")
        graph = await found.graph(model=QWEN)
        await found.cluster.apply(NODE, manager="test")
        status = {"allocatable": {"nvidia.com/gpu": "8"}}
        await found.cluster.apply({**NODE, "status": status}, manager="test", subresource="status")
        await found.cluster.apply(SLICE, manager="test")

        async def is_recorded() -> bool:
            facts = await found.store.get(found.keys.fact(ORCHESTRATORS))
            view = await found.store.get(found.keys.instances("default", "chat"))
            nodes = [node.name for node in (await capacity(found)).nodes]
            has_service = await found.cluster.get(MODEL_SERVICE) is not None
            is_served = view is not None and b'"p1"' in view.value
            return facts is not None and is_served and nodes == ["n1"] and has_service

        await eventually(is_recorded, within=PATIENCE)
        made = await found.cluster.get(MODEL_SERVICE)

        await found.graph()

        async def is_gone() -> bool:
            return await found.cluster.get(MODEL_SERVICE) is None

        await eventually(is_gone, within=PATIENCE)

    assert [(each.uid, each.is_controller) for each in owners_of(made or {})] == [(uid_of(graph), False)]
