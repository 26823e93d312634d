"""rbac on real servers: the accounts that a graph and its namespace need."""

from __future__ import annotations

import pytest

from services.rbac.grants import planner
from shared.core.resources import GRAPHS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS, Ref
from shared.testing.eventually import eventually
from tests.integration.rooms import PATIENCE, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

ACCOUNT = "chat-k8s-service-discovery"
WANTED = (
    planner.primary("default"),
    planner.binding_ref("default"),
    Ref(SERVICE_ACCOUNTS, "default", ACCOUNT),
    Ref(ROLES, "default", f"{ACCOUNT}-role"),
    Ref(ROLE_BINDINGS, "default", f"{ACCOUNT}-binding"),
)


@pytest.mark.asyncio
async def test_grants_appear_with_a_graph_and_are_repaired(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    async with servers(start_api, start_nats, start_etcd) as found:
        await found.start("watcher", "rbac")
        await found.graph()

        async def all_there() -> bool:
            return all([await found.cluster.get(ref) is not None for ref in WANTED])

        await eventually(all_there, within=PATIENCE)
        binding = await found.cluster.get(WANTED[-1])
        assert binding is not None
        await found.cluster.delete(WANTED[-1], uid=binding["metadata"]["uid"])
        await eventually(all_there, within=PATIENCE)

    [owner] = binding["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == (GRAPHS.kind, "chat")
