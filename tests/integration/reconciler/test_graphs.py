"""The reconciler on real servers: from an applied graph to its children and their status."""

from __future__ import annotations

import pytest

from services.reconciler.desired.names import FINALIZER
from shared.contracts.facts import ORCHESTRATORS, encode_orchestrators
from shared.core.json import Manifest, text
from shared.core.objects import finalizers_of, generation_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, SERVICES, Ref
from shared.ports.store import Put
from shared.testing.eventually import eventually
from tests.integration.rooms import CHAT, PATIENCE, Servers, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

DEPLOYMENT = Ref(DEPLOYMENTS, "default", "chat-web")


async def make_ready(found: Servers) -> None:
    """Be the Deployment's controller and its kubelet."""
    live = await found.cluster.get(DEPLOYMENT)
    assert live is not None
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    conditions = [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ]
    status = {**counts, "observedGeneration": generation_of(live), "conditions": conditions}
    metadata = {"name": "chat-web", "namespace": "default"}
    manifest: Manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "status": status}
    await found.cluster.apply(manifest, manager="kubelet", subresource="status")


@pytest.mark.asyncio
async def test_brings_a_graph_to_successful_and_lets_it_go(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    async with servers(start_api, start_nats, start_etcd) as found:
        await found.store.commit([Put(found.keys.fact(ORCHESTRATORS), encode_orchestrators(()))])
        await found.start("watcher", "reconciler")
        await found.graph()

        async def has_children() -> bool:
            return await found.cluster.get(DEPLOYMENT) is not None

        async def state() -> str:
            return text(await found.cluster.get(CHAT), "status", "state")

        async def is_successful() -> bool:
            return await state() == "successful"

        async def is_gone() -> bool:
            return await found.cluster.get(CHAT) is None

        await eventually(has_children, within=PATIENCE)
        await make_ready(found)
        await eventually(is_successful, within=PATIENCE)
        graph = await found.cluster.get(CHAT)
        assert graph is not None
        await found.cluster.delete(CHAT, uid=graph["metadata"]["uid"])
        await eventually(is_gone, within=PATIENCE)

        async def is_empty() -> bool:
            left = [await found.cluster.list(kind) for kind in (COMPONENTS, DEPLOYMENTS, SERVICES)]
            return not any(each.items for each in left)

        await eventually(is_empty, within=PATIENCE)

    assert FINALIZER in finalizers_of(graph)
