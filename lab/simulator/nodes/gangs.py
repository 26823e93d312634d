"""Decides which pods are scheduled together, all or none, and how many of them it takes.

Pure. Volcano reads the PodGroup that a pod's annotation names; the KAI scheduler reads the gang in which Grove puts a
pod. Invariant: a pod of any other scheduler is in no gang.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lab.simulator.client.resources import Document
from lab.simulator.objects import annotations_of, labels_of

VOLCANO: Final = "volcano"
KAI: Final = "kai-scheduler"
GROUP_NAME: Final = "scheduling.k8s.io/group-name"
POD_GANG: Final = "grove.io/podgang"
BASE_GANG: Final = "grove.io/base-podgang"
SCALING_GROUP: Final = "grove.io/podcliquescalinggroup"


@dataclass(frozen=True, slots=True)
class Gang:
    """The gang of a pod: who schedules it, and its name there."""

    scheduler: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        """What its pods are filed under."""
        return f"{self.scheduler}|{self.namespace}|{self.name}"


def gang_of(pod: Document) -> Gang | None:
    """Return the gang of a pod, if it is in one."""
    match pod["spec"].get("schedulerName"):
        case "volcano":
            name = annotations_of(pod).get(GROUP_NAME)
        case "kai-scheduler":
            name = labels_of(pod).get(POD_GANG)
        case _:
            name = None
    return Gang(str(pod["spec"]["schedulerName"]), pod["metadata"]["namespace"], name) if name else None


def least_members(group: Document) -> int:
    """Return how many pods of a PodGroup must run together."""
    return int((group.get("spec") or {}).get("minMember") or 1)


def least_pods(cliques: Iterable[Document]) -> int:
    """Return how many pods of a gang's PodCliques must run together; a clique that is scaled to nothing counts none."""
    return sum(min(int(clique["spec"].get("minAvailable") or 1), int(clique["spec"]["replicas"])) for clique in cliques)


def expected_cliques(pod: Document, pod_clique_set: Document, group_replicas: Mapping[str, int]) -> int:
    """Return how many PodCliques the gang of a pod has; `group_replicas` are those of the groups that there are."""
    template, labels = pod_clique_set["spec"]["template"], labels_of(pod)
    groups = template.get("podCliqueScalingGroups") or ()
    if BASE_GANG in labels:  # one replica beyond the least of its group
        return next(len(each["cliqueNames"]) for each in groups if labels[SCALING_GROUP].endswith(f"-{each['name']}"))
    grouped = {name for each in groups for name in each["cliqueNames"]}
    lone = sum(1 for each in template["cliques"] if each["name"] not in grouped)
    stem = labels[POD_GANG]
    return lone + sum(
        min(least, group_replicas.get(f"{stem}-{each['name']}", least)) * len(each["cliqueNames"])
        for each in groups
        for least in (int(each.get("minAvailable") or 1),)
    )


def unready(waiting: int, needed: int) -> str:
    """Return what a pod is told whose gang is not complete yet."""
    return f"pod group is not ready, {waiting} Pending, {needed} minAvailable"
