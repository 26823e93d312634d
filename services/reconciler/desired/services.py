"""Services: one for each component, under the component's name, in front of its own pods alone (W-34, W-36)."""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component import Component
from services.reconciler.desired.instances import ROLE
from services.reconciler.desired.layouts import Role
from services.reconciler.desired.metadata import (
    discovery_labels,
    object_annotations,
    object_labels,
    service_selector,
    with_metadata,
)
from services.reconciler.desired.ports import target
from services.reconciler.desired.problems import RenderError
from shared.api.platform import DiscoveryBackend
from shared.core.json import Manifest, items
from shared.core.resources import SERVICES

LEADERS = {ROLE: Role.LEADER.value}  # as LeaderWorkerSets mark them


def service(component: Component, leaders: Mapping[str, str] = LEADERS) -> Manifest | None:
    """Return the component's Service, or None where nobody would use it; raise RenderError without a namespace.

    `leaders` are the labels by which the orchestrator of replicas on several nodes tells their leaders.
    """
    if not component.dynamo_namespace:
        raise RenderError(
            f"expected DynamoComponentDeployment {component.name} to have a dynamoNamespace",
            code="DynamoNamespaceMissing",
            remedy="set spec.dynamoNamespace",
        )
    if not _is_asked_for(component):
        return None
    port = component.type.service_port
    own_labels = {**object_labels(component), **discovery_labels(component)}
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": with_metadata(component.name, component.namespace, own_labels, object_annotations(component)),
        "spec": {
            "selector": selector(component, leaders),
            "ports": [
                {
                    "name": port.name,
                    "port": port.number,
                    "protocol": "TCP",
                    "targetPort": target(port, items(component.main_container, "ports")),
                }
            ],
        },
    }


def selector(component: Component, leaders: Mapping[str, str]) -> dict[str, str]:
    """Return what matches the pods that answer: of a replica on several nodes only the leader does (W-36)."""
    return {**service_selector(component), **(leaders if component.spec.is_multinode else {})}


def _is_asked_for(component: Component) -> bool:
    """Types without a port of their own get a Service only for discovery (W-35)."""
    return component.type.port is not None or component.discovery is DiscoveryBackend.KUBERNETES
