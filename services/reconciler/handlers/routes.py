"""Which graphs and components a change concerns: the objects themselves, their owners, and what runs for them.

Pods run for a component, or for a whole graph where Grove made them. What Grove made of a set counts the replicas of
the graph whose name the set has (W-56).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.reconciler.desired.grove.choice import refuses_grove
from services.reconciler.desired.instances import SET_NAME, component_of_set
from services.reconciler.desired.names import component_name
from shared.contracts.keys import Key
from shared.core import labels
from shared.core.json import mapping
from shared.core.resources import (
    COMPONENTS,
    GRAPHS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    PODS,
    Ref,
)
from shared.ports.passes import Entry, Queued, Router


def component_of_pod(namespace: str, pod_labels: Mapping[str, str]) -> Ref | None:
    """Return the component that a pod runs for, by its labels; only pods with a graph's name belong to any.

    Pods of a Deployment name the component itself, pods of a LeaderWorkerSet their set. What names neither belongs to
    a service of a graph, or to a component that stands alone (W-20).
    """
    graph, service = pod_labels.get(labels.GRAPH_NAME, ""), pod_labels.get(labels.COMPONENT, "")
    if not graph:
        return None
    named = pod_labels.get(labels.SELECTOR) or component_of_set(pod_labels.get(SET_NAME, ""))
    return Ref(COMPONENTS, namespace, named or (component_name(graph, service) if service else graph))


# What a pod says only explains why its component is not ready yet, and its steps follow each other within moments.
SETTLING = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True)
class ReconcilerRouter:
    """Queue whom a pod runs for, a moment later; everything else as the default router does."""

    default: Router

    def __call__(self, entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
        """Return the primaries to queue."""
        if entry.ref.resource in (POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS):
            graph = graph_of_clique(entry)
            return [Queued(graph, "child")] if graph is not None and copy_of is None else []
        if entry.ref.resource is not PODS:
            return [*self.default(entry, copy_of=copy_of), *_components_to_ask(entry, copy_of)]
        primary = _primary_of_pod(entry)
        return [Queued(primary, "child", SETTLING)] if primary is not None and copy_of is None else []


def _components_to_ask(entry: Entry, copy_of: Key | None) -> list[Queued]:
    """Return the components of a graph that refuses Grove, or did before: they take Services over, or give them away.

    A graph that never said so has components or a set, depending on the cluster, and facts queue everything.
    """
    if entry.ref.resource is not GRAPHS or copy_of is not None or not refuses_grove(entry.annotations):
        return []
    services = mapping(entry.summary, "spec", "services")
    names = sorted({component_name(entry.ref.name, service) for service in services})
    return [Queued(Ref(COMPONENTS, entry.ref.namespace, name), "child") for name in names]


def graph_of_clique(entry: Entry) -> Ref | None:
    """Return the graph of what Grove made: cliques have its label, scaling groups only a set of the same name."""
    owner = entry.owner.name if entry.owner is not None and entry.owner.resource is POD_CLIQUE_SETS else ""
    graph = entry.labels.get(labels.GRAPH_NAME, "") or owner
    return Ref(GRAPHS, entry.ref.namespace, graph) if graph else None


def _primary_of_pod(entry: Entry) -> Ref | None:
    if entry.owner is not None and entry.owner.resource is POD_CLIQUES:
        return graph_of_clique(entry)
    return component_of_pod(entry.ref.namespace, entry.labels)
