"""Decides whether a pod's affinity to other pods lets it go to a node.

Pure, and separate from the other filters because only this one reads the pods that are there already. Required terms
only: preferences between pods are a matter of score, and this scheduler has none for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.simulator.nodes.demands import Demand
from lab.simulator.nodes.filters import NodeFacts, Objection
from lab.simulator.objects import matches

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
AFFINITY = Objection(("node(s) didn't match pod affinity rules",), could_preempt=False)
ANTI_AFFINITY = Objection(("node(s) didn't match pod anti-affinity rules",), could_preempt=True)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A pod that runs already, and the labels of its node."""

    namespace: str
    labels: Mapping[str, str]
    node_labels: Mapping[str, str]


def has_neighbour_rules(demand: Demand) -> bool:
    """Say whether the pod's place depends on other pods at all."""
    affinity = demand.spec.get("affinity") or {}
    return bool(_terms(affinity, "podAffinity") or _terms(affinity, "podAntiAffinity"))


def neighbour_objection(demand: Demand, node: NodeFacts, neighbours: Iterable[Neighbour]) -> Objection | None:
    """Return why the pods that run elsewhere keep the pod from `node`."""
    affinity = demand.spec.get("affinity") or {}
    known = list(neighbours)
    for term in _terms(affinity, "podAffinity"):
        matching = [neighbour for neighbour in known if _is_meant(term, demand, neighbour)]
        is_first = not matching and _is_meant(term, demand, Neighbour(demand.namespace, demand.labels, {}))
        if not is_first and not any(_shares(term, node, neighbour) for neighbour in matching):
            return AFFINITY
    for term in _terms(affinity, "podAntiAffinity"):
        if any(_is_meant(term, demand, neighbour) and _shares(term, node, neighbour) for neighbour in known):
            return ANTI_AFFINITY
    return None


def _terms(affinity: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return list((affinity.get(kind) or {}).get(REQUIRED) or ())


def _is_meant(term: Mapping[str, Any], demand: Demand, neighbour: Neighbour) -> bool:
    namespaces = term.get("namespaces") or ([] if "namespaceSelector" in term else [demand.namespace])
    in_namespace = neighbour.namespace in namespaces or term.get("namespaceSelector") == {}
    return in_namespace and matches(term.get("labelSelector"), neighbour.labels)


def _shares(term: Mapping[str, Any], node: NodeFacts, neighbour: Neighbour) -> bool:
    key = term["topologyKey"]
    return key in node.labels and node.labels[key] == neighbour.node_labels.get(key)
