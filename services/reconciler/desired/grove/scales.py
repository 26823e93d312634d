"""How many replicas a service has, and where Grove is told so once the set exists (workloads 8.7).

The set only says how a service begins. From then on the PodClique or the PodCliqueScalingGroup that Grove made holds
the number, behind its `scale` subresource, where autoscalers find it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciler.desired.component import Component
from services.reconciler.desired.names import scaled_name
from shared.core.json import integer, mapping, member
from shared.core.resources import POD_CLIQUE_SCALING_GROUPS, POD_CLIQUES, Ref


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the replicas of one service are counted, and how many there should be if the graph says so."""

    service: str
    ref: Ref
    replicas: int | None = None


def scale(component: Component) -> Scale:
    """Return where the replicas of a component stand, with its own number."""
    spec = component.spec
    return _scale(
        component.namespace,
        component.parent,
        component.service_name,
        is_multinode=spec.is_multinode,
        replicas=spec.replicas,
    )


def scales_of(namespace: str, graph: str, spec: Mapping[str, object]) -> tuple[Scale, ...]:
    """Return where the replicas of all services of a graph stand, from its spec, whole or redacted, by service."""
    found = []
    for service, value in sorted(mapping(spec, "services").items()):
        replicas = member(value, "replicas")
        found.append(
            _scale(
                namespace,
                graph,
                service,
                is_multinode=integer(value, "multinode", "nodeCount") > 1,
                replicas=replicas if isinstance(replicas, int) else None,
            )
        )
    return tuple(found)


def _scale(namespace: str, graph: str, service: str, *, is_multinode: bool, replicas: int | None) -> Scale:
    resource = POD_CLIQUE_SCALING_GROUPS if is_multinode else POD_CLIQUES
    return Scale(service, Ref(resource, namespace, scaled_name(graph, service)), replicas)
