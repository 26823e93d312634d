"""Scaling adapters: the handle by which an autoscaler, or a person, scales one service of a graph (workloads 3.3).

The graph says that there is an adapter and which service it is for; how many replicas is the adapter's own business
from its creation on, else an autoscaler's change would be written over by the next pass (W-06).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.reconciler.desired.names import component_name
from services.reconciler.desired.owners import owned, owner_of
from shared.core import labels
from shared.core.json import Manifest, mapping, member
from shared.core.objects import name_of, namespace_of
from shared.core.resources import SCALING_ADAPTERS

DEFAULT_REPLICAS = 1


@dataclass(frozen=True, slots=True)
class ScalingAdapters:
    """The adapters of a graph: what is kept, and the same objects with what they begin with."""

    manifests: tuple[Manifest, ...] = ()
    seeds: tuple[Manifest, ...] = ()


def scaling_adapters(graph: Manifest) -> ScalingAdapters:
    """Return an adapter for each service that enables one, sorted by service.

    Services that would share an adapter have none: they are refused for their names (TB-12).
    """
    services = mapping(graph, "spec", "services")
    names = Counter(component_name(name_of(graph), service) for service in services)
    enabled = [
        service
        for service in sorted(services)
        if member(services[service], "scalingAdapter", "enabled") is True
        and names[component_name(name_of(graph), service)] == 1
    ]
    manifests = tuple(_adapter(graph, service) for service in enabled)
    seeds = tuple(
        {**manifest, "spec": {**manifest["spec"], "replicas": _replicas(services[service])}}
        for manifest, service in zip(manifests, enabled, strict=True)
    )
    return ScalingAdapters(manifests, seeds)


def _adapter(graph: Manifest, service: str) -> Manifest:
    adapter: Manifest = {
        "apiVersion": SCALING_ADAPTERS.api_version,
        "kind": SCALING_ADAPTERS.kind,
        "metadata": {
            "name": component_name(name_of(graph), service),
            "namespace": namespace_of(graph),
            "labels": {labels.GRAPH_NAME: name_of(graph), labels.COMPONENT: service},
        },
        "spec": {"dgdRef": {"name": name_of(graph), "serviceName": service}},
    }
    return owned(adapter, owner_of(graph))


def _replicas(service: object) -> int:
    found = member(service, "replicas")
    return found if isinstance(found, int) and not isinstance(found, bool) else DEFAULT_REPLICAS
