"""What stands in front of the cliques of a graph: a Service for each service, and the ways into frontends.

The objects are those of components, with less on them: a graph has no object for each service whose labels and
annotations they could carry on. The labels that are left lead discovery from an EndpointSlice to graph and component.
"""

from __future__ import annotations

from services.reconciler.desired.component import Component
from services.reconciler.desired.entrances import entrances
from services.reconciler.desired.metadata import with_metadata
from services.reconciler.desired.services import service
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core import labels
from shared.core.json import Manifest


def fronts(component: Component, platform: PlatformContext) -> list[Manifest]:
    """Return Service, Ingress and VirtualService of one service (workloads 8.6)."""
    found = []
    if component.type.is_frontend or component.discovery is DiscoveryBackend.KUBERNETES:
        found.append(_service(component))
    if component.type.is_frontend:
        ways = entrances(
            component.name, component.namespace, wanted=component.spec.ingress, own_labels={}, platform=platform
        )
        found += ways
    return [each for each in found if each is not None]


def _service(component: Component) -> Manifest | None:
    made = service(component)
    if made is None:
        return None
    own_labels = {labels.GRAPH_NAME: component.parent, labels.COMPONENT: component.service_name}
    if component.discovery is DiscoveryBackend.KUBERNETES:
        own_labels |= {labels.DISCOVERY_BACKEND: component.discovery.value, labels.DISCOVERY_ENABLED: "true"}
    return {**made, "metadata": with_metadata(component.name, component.namespace, own_labels, {})}
