"""What makes a graph or a component pass again."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.app import READS
from services.reconciler.handlers.routes import ReconcilerRouter
from services.reconciler.status.notes import Note
from shared.core import labels
from shared.core.json import text
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    SCALING_ADAPTERS,
    SERVICES,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
    Ref,
    Resource,
)
from shared.ports.passes import Queued
from shared.runtime.partitions.router import default_router
from shared.runtime.partitions.views.entries import entry_of_manifest
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, WEB, a_desk, a_graph

ROUTER = ReconcilerRouter(default_router([GRAPHS, COMPONENTS]))
OF_GRAPH, OF_COMPONENT = CHAT, Ref(COMPONENTS, NAMESPACE, "chat-web")


def queued(resource: Resource, owner: Ref | None) -> list[Ref]:
    """Return the primaries that a change of an object queues."""
    metadata: dict[str, Any] = {"name": "chat-web", "namespace": NAMESPACE, "resourceVersion": "1", "uid": "u"}
    metadata["labels"] = {labels.GRAPH_NAME: "chat"}
    if owner is not None:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner.resource.api_version,
                "kind": owner.resource.kind,
                "name": owner.name,
                "uid": "o",
                "controller": True,
            }
        ]
    manifest = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    entry = entry_of_manifest(manifest, epoch="")[0]
    return [each.primary for each in ROUTER(entry, copy_of=None) if isinstance(each, Queued)]


@pytest.mark.rule("workloads 9.5 #2", "W-56")
@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(COMPONENTS, marks=pytest.mark.rule("workloads 9.5 owned DCD"), id="component"),
        pytest.param(SCALING_ADAPTERS, marks=pytest.mark.rule("workloads 9.5 owned scaling adapter"), id="adapter"),
        pytest.param(VOLUME_CLAIMS, marks=pytest.mark.rule("workloads 9.5 owned PVC"), id="claim"),
        pytest.param(
            POD_CLIQUE_SETS, marks=pytest.mark.rule("workloads 9.5 owned PodCliqueSet (Grove on)"), id="PodCliqueSet"
        ),
        pytest.param(SERVICES, id="Service under Grove"),
        pytest.param(INGRESSES, id="Ingress under Grove"),
        pytest.param(VIRTUAL_SERVICES, id="VirtualService under Grove"),
    ],
)
def test_a_change_of_what_a_graph_owns_queues_the_graph(resource: Resource) -> None:
    assert OF_GRAPH in queued(resource, OF_GRAPH)
    assert resource in READS


@pytest.mark.rule(
    "workloads 9.5 PodClique (Grove on), mapped by its label nvidia.com/dynamo-graph-deployment-name in the same "
    "namespace"
)
@pytest.mark.parametrize("resource", [POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS], ids=lambda each: each.kind)
def test_a_change_of_what_grove_made_queues_the_graph_that_its_label_names(resource: Resource) -> None:
    assert queued(resource, Ref(POD_CLIQUE_SETS, NAMESPACE, "chat")) == [OF_GRAPH]
    assert resource in READS


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(each, marks=pytest.mark.rule("workloads 9.5 Deployment; LWS, PodGroup (LWS on)"), id=each.kind)
        for each in (DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS)
    ]
    + [
        pytest.param(
            each,
            marks=pytest.mark.rule("workloads 9.5 Service, Ingress, PVC; VirtualService (gateway configured)"),
            id=each.kind,
        )
        for each in (SERVICES, INGRESSES, VIRTUAL_SERVICES)
    ],
)
def test_a_change_of_what_a_component_owns_queues_the_component(resource: Resource) -> None:
    assert queued(resource, OF_COMPONENT) == [OF_COMPONENT]
    assert resource in READS


@pytest.mark.rule("workloads 9.5 DGD", "workloads 9.5 DCD")
@pytest.mark.parametrize("resource", [GRAPHS, COMPONENTS], ids=lambda each: each.kind)
def test_a_change_of_a_graph_or_component_queues_itself(resource: Resource) -> None:
    assert queued(resource, None) == [Ref(resource, NAMESPACE, "chat-web")]


@pytest.mark.asyncio
@pytest.mark.rule("W-57", "workloads 1.3 nvidia.com/dynamo-discovery-backend")
async def test_an_edit_of_an_annotation_alone_is_carried_out() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    etcd = {labels.DISCOVERY_BACKEND: "etcd"}
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(annotations=etcd))
    desk.see()

    await desk.run(CHAT)

    assert text(desk.cluster.peek(WEB), "spec", "annotations", labels.DISCOVERY_BACKEND) == "etcd"


@pytest.mark.asyncio
@pytest.mark.rule("OB-06")
async def test_more_events_of_one_object_than_a_client_s_burst_are_all_written() -> None:
    desk = await a_desk(a_graph())

    for number in range(40):
        desk.recorder.record(Note("Normal", f"Reason{number}", "said"), a_graph())

    assert len(await desk.events()) == 40
