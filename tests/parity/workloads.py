"""Controllers of somebody else's workloads, as far as the reference's recordings had them: everything becomes ready.

One step for each kind: a status that says of the newest generation that all of it is there, and for a PodCliqueSet the
cliques and scaling groups that Grove makes of it. Scale subresources and pods are the lab's business, not of this page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.core.json import Manifest, items, member
from shared.core.objects import generation_of, name_of, namespace_of, ref_of, uid_of
from shared.core.resources import (
    DEPLOYMENTS,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    VOLUME_CLAIMS,
    Resource,
)
from shared.testing.cluster import FakeCluster

MADE_BY_OTHERS = {"lab.sim/created": "true"}  # the recording tool leaves out what carries this annotation
AVAILABLE = {"type": "Available", "status": "True"}


def make_ready(cluster: FakeCluster) -> None:
    """Bring every workload to where its controller would have it."""
    for live in cluster.all(POD_CLIQUE_SETS):
        _make_cliques(cluster, live)
    for resource, status_of in STATUSES.items():
        for live in cluster.all(resource):
            status = {**status_of(live), "observedGeneration": generation_of(live)}
            if live.get("status") != status:
                cluster.set_status(ref_of(live), status)


def _replicas(live: Manifest) -> int:
    found = member(live, "spec", "replicas")
    return found if isinstance(found, int) else 1


def _deployment(live: Manifest) -> Manifest:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {**dict.fromkeys(counts, _replicas(live)), "conditions": [AVAILABLE]}


def _leader_worker_set(live: Manifest) -> Manifest:
    counts = ("replicas", "updatedReplicas", "readyReplicas")
    return {**dict.fromkeys(counts, _replicas(live)), "conditions": [AVAILABLE]}


def _clique(live: Manifest) -> Manifest:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "scheduledReplicas")
    return dict.fromkeys(counts, _replicas(live))


def _scaling_group(live: Manifest) -> Manifest:
    counts = ("replicas", "updatedReplicas", "availableReplicas", "scheduledReplicas")
    return dict.fromkeys(counts, _replicas(live))


def _clique_set(live: Manifest) -> Manifest:
    return dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), _replicas(live))


def _claim(live: Manifest) -> Manifest:
    return {"phase": "Bound", "accessModes": list(items(live, "spec", "accessModes"))}


STATUSES: Mapping[Resource, Callable[[Manifest], Manifest]] = {
    DEPLOYMENTS: _deployment,
    LEADER_WORKER_SETS: _leader_worker_set,
    POD_CLIQUE_SETS: _clique_set,
    POD_CLIQUES: _clique,
    POD_CLIQUE_SCALING_GROUPS: _scaling_group,
    VOLUME_CLAIMS: _claim,
}


def _make_cliques(cluster: FakeCluster, live: Manifest) -> None:
    for made in _members(live):
        before = cluster.peek(ref_of(made))
        if before is None or before["spec"] != made["spec"]:
            cluster.put(made, manager="grove")


def _members(live: Manifest) -> Iterator[Manifest]:
    """Yield the cliques and scaling groups of a set, named as Grove names them."""
    template: Any = live["spec"]["template"]
    groups = template.get("podCliqueScalingGroups") or []
    group_of = {clique: group for group in groups for clique in group["cliqueNames"]}
    for number in range(_replicas(live)):
        prefix = f"{name_of(live)}-{number}"
        for group in groups:
            spec = {key: value for key, value in group.items() if key != "name"}
            yield _member(live, POD_CLIQUE_SCALING_GROUPS, f"{prefix}-{group['name']}", spec)
        for clique in template["cliques"]:
            group = group_of.get(clique["name"])
            name = f"{prefix}-{group['name']}-0-{clique['name']}" if group else f"{prefix}-{clique['name']}"
            yield _member(live, POD_CLIQUES, name, clique["spec"], clique.get("labels"))


def _member(
    live: Manifest, resource: Resource, name: str, spec: Manifest, labels: Mapping[str, str] | None = None
) -> Manifest:
    owner = {
        "apiVersion": POD_CLIQUE_SETS.api_version,
        "kind": POD_CLIQUE_SETS.kind,
        "name": name_of(live),
        "uid": uid_of(live),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        "name": name,
        "namespace": namespace_of(live),
        "labels": {**(labels or {}), "app.kubernetes.io/part-of": name_of(live)},
        "annotations": dict(MADE_BY_OTHERS),
        "ownerReferences": [owner],
    }
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
