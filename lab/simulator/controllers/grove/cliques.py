"""Decides which pods of a PodClique are made or deleted, and what such a pod looks like.

Pure. Host names, labels and variables are Grove's. Invariants: a pod's index is below the number of replicas, and no
two pods share one; a pod of another template goes alone, when all others are ready.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.simulator.client.resources import POD_CLIQUES, PODS, Document
from lab.simulator.controllers.grove.vocabulary import (
    COMPONENT,
    GROUP_INDEX,
    GROVE,
    MANAGED_BY,
    PART_OF,
    SET_INDEX,
    TEMPLATE_HASH,
)
from lab.simulator.controllers.leader_worker_sets import with_variables
from lab.simulator.nodes.gangs import SCALING_GROUP
from lab.simulator.nodes.start_order import CLIQUE, waiting_container
from lab.simulator.objects import (
    MADE_HERE,
    annotations_of,
    controller_reference,
    has_ended,
    is_deleting,
    is_pod_ready,
    labels_of,
)


@dataclass(frozen=True, slots=True)
class PodPlan:
    """Which pods to make, by index, and which to delete."""

    missing: tuple[int, ...]
    surplus: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod is told of its neighbours: the pods of one replica of its group, and who starts before it."""

    group_pods: int | None
    awaited: dict[str, int]


def pod_plan(clique: Document, pods: Sequence[Document]) -> PodPlan:
    """Return what comes next on the way to the pods that the spec asks for."""
    replicas, revision = int(clique["spec"]["replicas"]), labels_of(clique).get(TEMPLATE_HASH)
    by_index = {index_of(clique, pod): pod for pod in pods}
    alive = [pod for pod in pods if not is_deleting(pod)]
    surplus = [pod for pod in alive if index_of(clique, pod) >= replicas or has_ended(pod)]
    old = [pod for pod in alive if pod not in surplus and labels_of(pod).get(TEMPLATE_HASH) != revision]
    missing = tuple(index for index in range(replicas) if index not in by_index)
    idle = [pod for pod in old if not is_pod_ready(pod)]
    if not idle and not missing and len(alive) == len(pods) and all(map(is_pod_ready, alive)):
        idle = old[:1]
    return PodPlan(missing, tuple(surplus + idle))


def index_of(clique: Document, pod: Document) -> int:
    """Return the index of a pod in its clique, which its host name ends with."""
    index = str(pod["spec"].get("hostname", "")).removeprefix(f"{clique['metadata']['name']}-")
    return int(index) if index.isdigit() else -1


def clique_pod(clique: Document, surroundings: Surroundings, *, index: int, suffix: str) -> Document:
    """Return the pod of a clique with an index, whose name ends with `suffix`."""
    metadata, labels = clique["metadata"], labels_of(clique)
    name, stem = metadata["name"], f"{labels[PART_OF]}-{labels[SET_INDEX]}"
    spec = dict(clique["spec"]["podSpec"])
    if surroundings.awaited:
        spec["initContainers"] = [waiting_container(surroundings.awaited), *(spec.get("initContainers") or ())]
    own = {key: value for key, value in annotations_of(clique).items() if key != MADE_HERE}
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": f"{name}-{suffix}",
            "generateName": f"{name}-",
            "namespace": metadata["namespace"],
            "labels": {**labels, MANAGED_BY: GROVE, COMPONENT: "pclq-pod", CLIQUE: name},
            "annotations": own,
            "ownerReferences": [
                controller_reference(clique, api_version=POD_CLIQUES.api_version, kind=POD_CLIQUES.kind)
            ],
        },
        "spec": {
            **with_variables(spec, _variables(clique, surroundings, index)),
            "hostname": f"{name}-{index}",
            "subdomain": stem,
        },
    }


def _variables(clique: Document, surroundings: Surroundings, index: int) -> dict[str, str]:
    labels, metadata = labels_of(clique), clique["metadata"]
    stem = f"{labels[PART_OF]}-{labels[SET_INDEX]}"
    variables = {
        "GROVE_PCS_NAME": labels[PART_OF],
        "GROVE_PCS_INDEX": labels[SET_INDEX],
        "GROVE_PCLQ_NAME": metadata["name"],
        "GROVE_HEADLESS_SERVICE": f"{stem}.{metadata['namespace']}.svc.cluster.local",
        "GROVE_PCLQ_POD_INDEX": str(index),
    }
    if SCALING_GROUP in labels:
        variables |= {
            "GROVE_PCSG_NAME": labels[SCALING_GROUP],
            "GROVE_PCSG_INDEX": labels[GROUP_INDEX],
            "GROVE_PCSG_TEMPLATE_NUM_PODS": str(surroundings.group_pods or 0),
        }
    return variables
