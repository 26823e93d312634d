"""Labels, annotations and selectors of a component's objects.

Invariant: the labels by which Deployment and Service find pods, and by which the platform finds the graph of an
object, are always on the pods with the computed value, whatever the user asks for (W-21).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component import Component
from services.reconciler.desired.names import model_hash
from shared.api.platform import DiscoveryBackend
from shared.core import labels

METRICS_OFF = "false"


def object_labels(component: Component) -> dict[str, str]:
    """Return the labels of objects that are made for a component."""
    model = component.spec.model_ref
    return {**component.labels, **({labels.BASE_MODEL_HASH: model_hash(model.name)} if model else {})}


def object_annotations(component: Component) -> dict[str, str]:
    """Return the annotations of objects that are made for a component."""
    model = component.spec.model_ref
    return {
        **component.annotations,
        **component.pod_annotations,
        **({labels.BASE_MODEL: model.name} if model else {}),
    }


def pod_selector(component: Component) -> dict[str, str]:
    """Return what a workload's selector matches; it can never change on an existing Deployment."""
    return {labels.SELECTOR: component.name}


def service_selector(component: Component) -> dict[str, str]:
    """Return what the component's Service matches: its own pods, not those of its neighbours (W-36)."""
    return _without_empty(
        {
            labels.COMPONENT: component.service_name,
            labels.COMPONENT_TYPE: component.spec.component_type,
            labels.DYNAMO_NAMESPACE: component.dynamo_namespace,
        }
    )


def pod_labels(component: Component) -> dict[str, str]:
    """Return the labels of the component's pods: computed ones that others select by go last."""
    metrics = component.annotations.get(labels.ENABLE_METRICS) != METRICS_OFF
    return {
        **object_labels(component),
        **_without_empty({labels.SUB_COMPONENT_TYPE: component.spec.sub_component_type}),
        **({labels.METRICS_ENABLED: "true"} if metrics else {}),
        **component.pod_labels,
        **_reserved(component),
    }


def overridden_labels(component: Component) -> tuple[str, ...]:
    """Return the reserved labels that `extraPodMetadata` tries to change, sorted: they keep their computed value."""
    reserved = _reserved(component)
    return tuple(sorted(key for key, value in component.pod_labels.items() if reserved.get(key, value) != value))


def discovery_labels(component: Component) -> dict[str, str]:
    """Return the labels by which processes of a graph find a Service."""
    if component.discovery is not DiscoveryBackend.KUBERNETES:
        return {}
    found = {labels.DISCOVERY_BACKEND: DiscoveryBackend.KUBERNETES.value}
    return found if component.type.is_frontend else {**found, labels.DISCOVERY_ENABLED: "true"}


def with_metadata(
    name: str, namespace: str, own_labels: Mapping[str, str], notes: Mapping[str, str]
) -> dict[str, object]:
    """Return `metadata` without empty members, which server-side apply would own for nothing."""
    found = {"name": name, "namespace": namespace, "labels": dict(own_labels), "annotations": dict(notes)}
    return {key: value for key, value in found.items() if value}


def _reserved(component: Component) -> dict[str, str]:
    return {**service_selector(component), **pod_selector(component), labels.GRAPH_NAME: component.parent}


def _without_empty(values: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
