"""Workloads of every orchestrator: how many pods each wants, whether it is complete, and what its pods run under.

Separate because Deployments, LeaderWorkerSets and Grove's objects count in different words, and an explanation is not
to know which of them runs a graph.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.explanations.evidence import ClusterEvidence
from cli.explanations.moments import is_true
from shared.core.json import Manifest, integer, mapping, member, text
from shared.core.objects import controller_of, generation_of, labels_of, name_of, uid_of
from shared.core.resources import DEPLOYMENTS, LEADER_WORKER_SETS, POD_CLIQUE_SCALING_GROUPS, POD_CLIQUES

LWS_NAME = "leaderworkerset.sigs.k8s.io/name"


def workloads(seen: ClusterEvidence) -> Iterator[Manifest]:
    """Yield everything that makes pods for the graph."""
    yield from seen.deployments
    yield from seen.gangs


def wanted_replicas(manifest: Manifest) -> int:
    """Return how many replicas an object wants; where it does not say, one."""
    found = member(manifest, "spec", "replicas")
    return found if isinstance(found, int) else 1


def pods_of_replica(spec: object) -> int:
    """Return how many pods one replica of a service or a component has: one on each of its nodes."""
    nodes = member(spec, "multinode", "nodeCount")
    return nodes if isinstance(nodes, int) else 1


def wanted_pods(workload: Manifest) -> int:
    """Return how many pods a workload wants."""
    size = member(workload, "spec", "leaderWorkerTemplate", "size")
    return wanted_replicas(workload) * (size if isinstance(size, int) else 1)


def is_complete(workload: Manifest) -> bool:
    """Return whether a workload runs its newest template at full strength."""
    wanted, status = wanted_replicas(workload), mapping(workload, "status")
    if _is_observed(workload) and wanted == 0:
        return True
    count = _READY[text(workload, "kind")]
    ready = min(integer(status, "updatedReplicas"), integer(status, count))
    is_declared = is_true(workload, "Available") or text(workload, "kind") not in _DECLARED
    return _is_observed(workload) and ready >= wanted and is_declared


def account_of(workload: Manifest) -> str:
    """Return the account that the pods of a workload run under."""
    return next((name for path in _POD_SPECS if (name := text(workload, *path, "serviceAccountName"))), "")


def makes_pods(workload: Manifest) -> bool:
    """Return whether pods are made of a workload itself, and not of others that it consists of."""
    return text(workload, "kind") != POD_CLIQUE_SCALING_GROUPS.kind


def is_made_of(pod: Manifest, workload: Manifest) -> bool:
    """Return whether a pod was made of a workload: a LeaderWorkerSet marks all of a group, others own their pods."""
    if labels_of(pod).get(LWS_NAME):
        return text(workload, "kind") == LEADER_WORKER_SETS.kind and labels_of(pod)[LWS_NAME] == name_of(workload)
    owner = controller_of(pod)
    return owner is not None and owner.uid == uid_of(workload)


def is_of_set(seen: ClusterEvidence) -> bool:
    """Return whether Grove runs the graph: it has a PodCliqueSet of its own."""
    owner = controller_of(seen.clique_set) if seen.clique_set is not None else None
    return owner is not None and seen.graph is not None and owner.uid == uid_of(seen.graph)


def _is_observed(workload: Manifest) -> bool:
    """Return whether a workload's status is of its newest generation; only LeaderWorkerSets never say."""
    observed = member(workload, "status", "observedGeneration")
    is_silent = observed is None and text(workload, "kind") == LEADER_WORKER_SETS.kind
    return is_silent or integer(workload, "status", "observedGeneration") >= generation_of(workload)


_READY = {
    DEPLOYMENTS.kind: "availableReplicas",
    LEADER_WORKER_SETS.kind: "readyReplicas",
    POD_CLIQUES.kind: "readyReplicas",
    POD_CLIQUE_SCALING_GROUPS.kind: "availableReplicas",
}
_DECLARED = frozenset({DEPLOYMENTS.kind, LEADER_WORKER_SETS.kind})
_POD_SPECS = (
    ("spec", "template", "spec"),
    ("spec", "leaderWorkerTemplate", "leaderTemplate", "spec"),
    ("spec", "leaderWorkerTemplate", "workerTemplate", "spec"),
    ("spec", "podSpec"),
)
