"""Graphs, components and platforms in which a test names only what it is about."""

from __future__ import annotations

from typing import Any

from services.reconciler.desired.children import component_children
from services.reconciler.desired.component import NOTHING, Component, Surroundings, component_of
from services.reconciler.desired.graphs import graph_children
from services.reconciler.desired.pods import pod_template
from shared.api.platform import Etcd, Nats, PlatformContext

NAMESPACE = "llm"
PLATFORM = PlatformContext(
    nats=Nats(address="nats://nats.dynamo-system:4222"), etcd=Etcd(address="http://etcd.dynamo-system:2379")
)


def a_graph(services: dict[str, Any], *, name: str = "g", annotations: Any = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "uid": "graph-uid"}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": metadata,
        "spec": {"services": services, **spec},
    }


def a_worker(**fields: Any) -> dict[str, Any]:
    return {"componentType": "worker", **fields}


def a_service(kind: str, container: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    pod = fields.pop("extraPodSpec", {})
    return {"componentType": kind, "extraPodSpec": {**pod, "mainContainer": container or {}}, **fields}


def a_component_manifest(*, labels: dict[str, str] | None = None, owned: bool = True, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "g-w", "namespace": NAMESPACE, "uid": "component-uid"}
    if labels is not None:
        metadata["labels"] = labels
    if owned:
        metadata["ownerReferences"] = [{"kind": "DynamoGraphDeployment", "name": "g", "uid": "u", "controller": True}]
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoComponentDeployment",
        "metadata": metadata,
        "spec": {"serviceName": "w", "dynamoNamespace": "llm-g", "componentType": "worker", **spec},
    }


def a_component(
    *, platform: PlatformContext = PLATFORM, surroundings: Surroundings = NOTHING, **spec: Any
) -> Component:
    return component_of(a_component_manifest(**spec), platform, surroundings)


def pod_of(*, platform: PlatformContext = PLATFORM, surroundings: Surroundings = NOTHING, **spec: Any) -> Any:
    """Return the pod spec of a component."""
    return pod_template(a_component(platform=platform, surroundings=surroundings, **spec), platform)["spec"]


def container_of(*, platform: PlatformContext = PLATFORM, **spec: Any) -> Any:
    """Return the main container of a component's pods."""
    return pod_of(platform=platform, **spec)["containers"][-1]


def environment_of(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom", "")) for entry in container["env"]}


def children_of(graph: dict[str, Any], platform: PlatformContext = PLATFORM) -> dict[tuple[str, str], Any]:
    """Return all objects of a graph by kind and name."""
    components = graph_children(graph, platform).manifests
    made = [child for each in components for child in component_children(each, platform).manifests]
    return {(child["kind"], child["metadata"]["name"]): child for child in (*components, *made)}
