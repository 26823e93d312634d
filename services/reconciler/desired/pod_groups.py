"""Volcano PodGroups: all pods of one replica that spans several nodes are scheduled, or none is."""

from __future__ import annotations

from services.reconciler.desired.component import Component
from services.reconciler.desired.instances import INSTANCE_ID, instance_name
from services.reconciler.desired.metadata import object_labels, with_metadata
from shared.core.json import Manifest
from shared.core.resources import POD_GROUPS


def pod_group(component: Component, instance: int) -> Manifest:
    """Return the group of one instance; the component's own labels tell which graph it belongs to (W-33)."""
    own_labels = {**object_labels(component), INSTANCE_ID: str(instance)}
    return {
        "apiVersion": POD_GROUPS.api_version,
        "kind": POD_GROUPS.kind,
        "metadata": with_metadata(instance_name(component.name, instance), component.namespace, own_labels, {}),
        "spec": {"minMember": component.spec.nodes},
    }
