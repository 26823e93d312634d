"""What goes when something is turned off, and what stays because it is somebody else's (workloads 7.8)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.platform import Capability
from shared.core.json import Manifest
from shared.core.objects import ref_of, uid_of
from shared.core.resources import (
    ADD_ONS,
    DEPLOYMENTS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    SCALING_ADAPTERS,
    VIRTUAL_SERVICES,
    Resource,
)
from tests.unit.services.reconciler.handlers.lws_worlds import LwsDesk
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, Desk, a_graph

pytestmark = pytest.mark.asyncio

COMMAND = {"mainContainer": {"command": ["python3", "-m", "dynamo.vllm"], "args": ["--model", "m"]}}
WIDE: Manifest = {"componentType": "worker", "multinode": {"nodeCount": 2}, "extraPodSpec": COMMAND}


async def a_desk_with(*offers: Capability, **service: Any) -> Desk:
    """Return a desk whose graph has one service with some fields, brought about in a cluster with add-ons."""
    graph = a_graph()
    graph["spec"]["services"]["web"] |= service
    desk = LwsDesk()
    await desk.claim()
    desk.cluster.put(graph)
    desk.see()
    desk.offer(*offers, served=ADD_ONS)
    await desk.bring_about()
    return desk


async def edit(desk: Desk, **fields: Any) -> None:
    """Change fields of the service and carry it out; None takes a field away."""

    def change(live: Manifest) -> None:
        service = live["spec"]["services"]["web"] | fields
        live["spec"]["services"]["web"] = {key: value for key, value in service.items() if value is not None}

    desk.cluster.edit(CHAT, change)
    await desk.bring_about()


def names(desk: Desk, resource: Resource) -> list[str]:
    """Return the names of the objects of a kind."""
    return sorted(each["metadata"]["name"] for each in desk.cluster.all(resource))


def put_foreign(desk: Desk, *resources: Resource, name: str) -> None:
    """Add objects of a name that could be ours, which another controller owns."""
    metadata = {"name": "other", "namespace": NAMESPACE}
    other = desk.cluster.put(
        {"apiVersion": DEPLOYMENTS.api_version, "kind": DEPLOYMENTS.kind, "metadata": metadata, "spec": {}}
    )
    owner = {"apiVersion": DEPLOYMENTS.api_version, "kind": DEPLOYMENTS.kind, "name": "other", "controller": True}
    owned = {"name": name, "namespace": NAMESPACE, "ownerReferences": [{**owner, "uid": uid_of(other)}]}
    for resource in resources:
        desk.cluster.put({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": owned, "spec": {}})


@pytest.mark.rule("workloads 7.8 ingress off", "workloads 7.7 otherwise", "W-38")
async def test_an_ingress_that_is_switched_off_goes_with_its_virtual_service() -> None:
    both = {"enabled": True, "host": "chat", "ingressControllerClassName": "nginx"}
    both |= {"useVirtualService": True, "virtualServiceGateway": "mesh/gw"}
    desk = await a_desk_with(Capability.ISTIO, componentType="frontend", ingress=both)
    before = [names(desk, INGRESSES), names(desk, VIRTUAL_SERVICES)]

    await edit(desk, ingress={**both, "enabled": False})

    assert before == [["chat-web"], ["chat-web"]]
    assert [names(desk, INGRESSES), names(desk, VIRTUAL_SERVICES)] == [[], []]


@pytest.mark.rule("workloads 7.7 otherwise", "W-39")
async def test_an_ingress_of_another_owner_stays_where_ours_is_switched_off() -> None:
    desk = await a_desk_with(componentType="frontend", ingress={"enabled": False, "host": "chat"})
    put_foreign(desk, INGRESSES, name="chat-web")

    await edit(desk, replicas=2)

    assert names(desk, INGRESSES) == ["chat-web"]


@pytest.mark.rule("workloads 7.8 replicas lowered (LWS)", "workloads 7.4 #4", "workloads 12 LWS #5", "W-33")
async def test_fewer_replicas_remove_exactly_the_owned_surplus_also_behind_a_gap() -> None:
    desk = await a_desk_with(Capability.LWS, **WIDE, replicas=4)
    put_foreign(desk, LEADER_WORKER_SETS, POD_GROUPS, name="chat-web-7")
    before = names(desk, LEADER_WORKER_SETS)
    gap = next(each for each in desk.cluster.all(LEADER_WORKER_SETS) if each["metadata"]["name"] == "chat-web-2")
    desk.cluster.remove(ref_of(gap))

    await edit(desk, replicas=1)

    assert before == ["chat-web-0", "chat-web-1", "chat-web-2", "chat-web-3", "chat-web-7"]
    assert names(desk, LEADER_WORKER_SETS) == ["chat-web-0", "chat-web-7"]
    assert names(desk, POD_GROUPS) == ["chat-web-0", "chat-web-7"]


@pytest.mark.rule("workloads 7.8 multinode removed (webhook bypassed)", "W-61")
@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        pytest.param(WIDE, {"multinode": None}, [["chat-web"], [], []], id="from two nodes to one"),
        pytest.param(
            {**WIDE, "multinode": None},
            {"multinode": {"nodeCount": 2}},
            [[], ["chat-web-0"], ["chat-web-0"]],
            id="from one node to two",
        ),
    ],
)
async def test_another_shape_leaves_nothing_of_the_former_one(
    first: Manifest, then: Manifest, left: list[list[str]]
) -> None:
    desk = await a_desk_with(Capability.LWS, **{key: value for key, value in first.items() if value is not None})

    await edit(desk, **then)

    assert [names(desk, kind) for kind in (DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS)] == left


@pytest.mark.rule("workloads 7.8 scalingAdapter off or service gone", "workloads 3.1 #6")
async def test_a_scaling_adapter_goes_when_it_is_switched_off() -> None:
    desk = await a_desk_with(scalingAdapter={"enabled": True})
    before = names(desk, SCALING_ADAPTERS)

    await edit(desk, scalingAdapter={"enabled": False})

    assert before == ["chat-web"]
    assert names(desk, SCALING_ADAPTERS) == []
