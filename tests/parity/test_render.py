"""`dynamoctl render` prints what the reconciler applies: the same objects, for each manifest in each cluster."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.reconciler.desired.rendering import render
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.resources import GRAPHS
from tests.conformance import Conformance
from tests.parity.clusters import ETCD, GROVE, KAI, LWS, OPTIONS, RecordedCluster
from tests.parity.comparison import compare, key_of, written_down
from tests.parity.courses import applied_documents, comparisons
from tests.parity.rooms import an_installation
from tests.parity.workloads import MADE_BY_OTHERS


def test_render_gives_exactly_what_the_reconciler_applies(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    graphs = [each for each in applied_documents(conformance, path) if each["kind"] == GRAPHS.kind]
    found = [manifest for graph in graphs for manifest in render(graph, cluster.platform)]
    ours = comparisons(conformance, cluster)[path].ours
    applied = {key: each for key, each in ours.objects.items() if GRAPH_CHILDREN in ours.managers[key]}

    rendered = {
        key: {**each, "status": applied.get(key, {}).get("status")}
        for key, each in written_down(conformance, found, frozenset()).items()
    }
    result = compare(conformance, rendered, applied, ())

    assert [(each.where, each.reference, each.ours) for each in result.differences] == []


NAMESPACE = "team"
MADE_ELSEWHERE = frozenset({"ServiceAccount", "Role", "RoleBinding", "Secret", "Event"})
SET_BY_SERVERS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


def a_rich_graph() -> dict[str, Any]:
    """Return a graph with one of everything that the recorded manifests do without."""
    image = {"image": "registry.example/runtime:1"}
    worker = {"componentType": "worker", "resources": {"limits": {"gpu": "8"}}}
    claim = {"create": True, "size": "100Gi", "storageClass": "fast", "volumeAccessMode": "ReadWriteMany"}
    services = {
        "Frontend": {
            "componentType": "frontend",
            "replicas": 2,
            "scalingAdapter": {"enabled": True},
            "ingress": {"enabled": True, "host": "chat", "ingressControllerClassName": "nginx"},
            "extraPodSpec": {"mainContainer": image},
        },
        "Decode": {
            **worker,
            "replicas": 3,
            "scalingAdapter": {"enabled": True},
            "multinode": {"nodeCount": 2},
            "volumeMounts": [{"name": "models", "mountPoint": "/models"}],
            "extraPodSpec": {
                "mainContainer": {**image, "command": ["python3", "-m", "dynamo.sglang"], "args": ["--tp-size", "16"]}
            },
        },
        "Planner": {"componentType": "planner", "extraPodSpec": {"mainContainer": image}},
    }
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": "chat", "namespace": NAMESPACE},
        "spec": {"backendFramework": "sglang", "pvcs": [{"name": "models", **claim}], "services": services},
    }


def essence(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what only a server or a status writer gives it."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in SET_BY_SERVERS}
    for owner in metadata.get("ownerReferences", ()):
        owner.pop("uid", None)
    metadata.pop("finalizers", None)
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": metadata}


async def made(cluster: RecordedCluster, graph: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the reconciler makes of a graph."""
    installation = await an_installation(cluster, [NAMESPACE])
    installation.cluster.put(graph)
    await installation.come_to_rest()
    stored = [each for ref, each in installation.cluster.objects.stored.items() if ref.namespace == NAMESPACE]
    ours = [each for each in stored if each["metadata"].get("annotations") != MADE_BY_OTHERS]
    return [each for each in ours if each["kind"] not in MADE_ELSEWHERE | {GRAPHS.kind}]


@pytest.mark.parametrize("cluster", [LWS, GROVE, OPTIONS, KAI, ETCD], ids=lambda cluster: cluster.name)
def test_render_gives_claims_adapters_and_ingresses_too(cluster: RecordedCluster) -> None:
    graph = a_rich_graph()

    rendered = {key_of(each): essence(each) for each in render(graph, cluster.platform)}

    assert rendered == {key_of(each): essence(each) for each in asyncio.run(made(cluster, graph))}
