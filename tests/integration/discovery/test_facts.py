"""discovery on real servers: what the cluster offers, what its nodes hold, and who serves."""

from __future__ import annotations

import pytest

from shared.contracts.capacity import Capacity, decode_capacity
from shared.contracts.facts import GPU, ORCHESTRATORS
from shared.core import labels
from shared.core.json import Manifest
from shared.testing.eventually import eventually
from tests.integration.rooms import PATIENCE, Servers, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

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


@pytest.mark.asyncio
async def test_records_facts_and_who_serves_a_graph(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    async with servers(start_api, start_nats, start_etcd) as found:
        await found.start("watcher", "discovery")
        await found.graph()
        await found.cluster.apply(NODE, manager="test")
        status = {"allocatable": {"nvidia.com/gpu": "8"}}
        await found.cluster.apply({**NODE, "status": status}, manager="test", subresource="status")
        await found.cluster.apply(SLICE, manager="test")

        async def is_recorded() -> bool:
            facts = await found.store.get(found.keys.fact(ORCHESTRATORS))
            view = await found.store.get(found.keys.instances("default", "chat"))
            nodes = [node.name for node in (await capacity(found)).nodes]
            return facts is not None and view is not None and b'"p1"' in view.value and nodes == ["n1"]

        await eventually(is_recorded, within=PATIENCE)
