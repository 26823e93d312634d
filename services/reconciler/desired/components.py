"""DynamoComponentDeployments: one for each service of a graph, self-contained, so that it renders without its graph."""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component_types.registry import component_type
from services.reconciler.desired.deployment_config import configured
from services.reconciler.desired.discovery import discovery_backend
from services.reconciler.desired.environments import joined
from services.reconciler.desired.ingresses import default_ingress
from services.reconciler.desired.names import FINALIZER, component_name, dynamo_namespace
from shared.api.platform import PlatformContext
from shared.core import labels
from shared.core.json import Manifest, items, mapping, text
from shared.core.objects import annotations_of, name_of, namespace_of
from shared.core.resources import COMPONENTS


def component_deployment(graph: Manifest, service_name: str, platform: PlatformContext) -> Manifest:
    """Return the component of one service; raise RenderError when the service cannot be understood."""
    service: Manifest = dict(mapping(graph, "spec", "services", service_name))
    name, namespace = name_of(graph), namespace_of(graph)
    kind = component_type(text(service, "componentType"))
    annotations = _annotations(service, annotations_of(graph))
    discovery_backend(annotations, platform)  # refuse here what no child could be made of
    space = dynamo_namespace(namespace, name, is_global=service.get("globalDynamoNamespace") is True)
    own_labels = {
        **_texts(service, "labels"),
        labels.COMPONENT: service_name,
        labels.DYNAMO_NAMESPACE: space,
        labels.GRAPH_NAME: name,
    }
    spec = configured(_with_graph_variables(service, graph), service_name, is_frontend=kind.is_frontend)
    spec |= {"serviceName": service_name, "dynamoNamespace": space, "labels": own_labels}
    spec["annotations"] = annotations or None
    framework = text(graph, "spec", "backendFramework")
    if framework:
        spec["backendFramework"] = framework
    if kind.account:
        spec["extraPodSpec"] = {"serviceAccountName": kind.account, **_given(spec, "extraPodSpec")}  # W-10
    if kind.is_frontend and spec.get("ingress") is None:
        spec["ingress"] = default_ingress(name, platform)
    return {
        "apiVersion": COMPONENTS.api_version,
        "kind": COMPONENTS.kind,
        "metadata": {
            "name": component_name(name, service_name),
            "namespace": namespace,
            "labels": dict(own_labels),
            "finalizers": [FINALIZER],
        },
        # An empty object says something: `multinode: {}` is a replica of two nodes.
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def _with_graph_variables(service: Manifest, graph: Manifest) -> Manifest:
    """Lay the service's variables over those of the graph; without any in the graph the list stays as written."""
    shared = [entry for entry in items(graph, "spec", "envs") if isinstance(entry, dict)]
    if not shared:
        return service
    own = [entry for entry in items(service, "envs") if isinstance(entry, dict)]
    return {**service, "envs": joined(shared, own)}


def _annotations(service: Mapping[str, object], of_graph: Mapping[str, str]) -> dict[str, str]:
    """Return a service's annotations with the two of its graph that concern components (workloads 4.3).

    All of a graph has to agree on the discovery back end, so the graph wins there; metrics are the service's own
    affair, so it wins itself (W-43).
    """
    result = _texts(service, "annotations")
    if labels.ENABLE_METRICS in of_graph:
        result.setdefault(labels.ENABLE_METRICS, of_graph[labels.ENABLE_METRICS])
    if labels.DISCOVERY_BACKEND in of_graph:
        result[labels.DISCOVERY_BACKEND] = of_graph[labels.DISCOVERY_BACKEND]
    return result


def _given(spec: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in mapping(spec, key).items() if value not in (None, "")}


def _texts(value: Mapping[str, object], key: str) -> dict[str, str]:
    return {name: entry for name, entry in mapping(value, key).items() if isinstance(entry, str)}
