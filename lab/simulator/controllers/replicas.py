"""Decides which pods of a ReplicaSet are made or deleted, and what its status says.

Pure. The rules are those of Kubernetes' replica set controller. Invariant: pods that are on their way out, or have
ended, count as gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.simulator.client.resources import PODS, REPLICA_SETS, Document
from lab.simulator.objects import (
    TRUE,
    annotations_of,
    condition,
    controller_reference,
    is_active,
    is_pod_ready,
    labels_of,
    moment,
    timestamp,
)

MOST_AT_ONCE = 500
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
FAILURE = "ReplicaFailure"
DEFAULT_ACCOUNT = "default"  # every namespace of a cluster has it
COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")


@dataclass(frozen=True, slots=True)
class PodPlan:
    """How many pods to make and which to delete."""

    missing: int
    surplus: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """The status of a ReplicaSet, and when it changes by the passing of time alone."""

    document: Document
    next_available: float | None


def pod_plan(replica_set: Document, pods: Sequence[Document]) -> PodPlan:
    """Return what makes the number of active pods right."""
    active = [pod for pod in pods if is_active(pod)]
    difference = len(active) - int(replica_set["spec"].get("replicas", 1))
    if difference <= 0:
        return PodPlan(missing=min(-difference, MOST_AT_ONCE), surplus=())
    first_to_go = sorted(active, key=_worth)
    return PodPlan(missing=0, surplus=tuple(first_to_go[: min(difference, MOST_AT_ONCE)]))


def pod(replica_set: Document, *, suffix: str) -> Document:
    """Return a pod of `replica_set` whose name ends with `suffix`."""
    template = replica_set["spec"]["template"]
    metadata = template.get("metadata") or {}
    name = replica_set["metadata"]["name"]
    made: Document = {
        "name": f"{name}-{suffix}",
        "generateName": f"{name}-",
        "namespace": replica_set["metadata"]["namespace"],
        "labels": metadata.get("labels") or {},
        "ownerReferences": [
            controller_reference(replica_set, api_version=REPLICA_SETS.api_version, kind=REPLICA_SETS.kind)
        ],
    }
    if metadata.get("annotations"):
        made["annotations"] = metadata["annotations"]
    if metadata.get("finalizers"):
        made["finalizers"] = metadata["finalizers"]
    return {"apiVersion": PODS.api_version, "kind": PODS.kind, "metadata": made, "spec": template["spec"]}


def account_of(pod_spec: Document) -> str:
    """Return the name of the account that a pod runs under."""
    return str(pod_spec.get("serviceAccountName") or DEFAULT_ACCOUNT)


def refusal(owner: Document, account: str) -> str:
    """Return what a cluster's admission says to a workload whose pods' account does not exist."""
    metadata = owner["metadata"]
    where = f"{metadata['namespace']}/{account}"
    return (
        f'pods "{metadata["name"]}-" is forbidden: error looking up service account {where}: '
        f'serviceaccount "{account}" not found'
    )


def replica_status(
    replica_set: Document, pods: Sequence[Document], *, failure: tuple[str, str] | None, now: datetime
) -> ReplicaStatus:
    """Return the whole status; `failure` is reason and message of pods that could not be made or deleted."""
    active = [pod for pod in pods if is_active(pod)]
    ready = [pod for pod in active if is_pod_ready(pod)]
    patience = timedelta(seconds=replica_set["spec"].get("minReadySeconds") or 0)
    waits = [_wait(pod, patience, now) for pod in ready]
    template_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    labelled = sum(1 for pod in active if template_labels.items() <= labels_of(pod).items())
    document: Document = {
        "replicas": len(active),
        "fullyLabeledReplicas": labelled or None,
        "readyReplicas": len(ready) or None,
        "availableReplicas": sum(1 for wait in waits if wait <= 0) or None,
        "observedGeneration": replica_set["metadata"].get("generation", 0),
        "conditions": _conditions(replica_set, failure, now) or None,
    }
    return ReplicaStatus(document, min((wait for wait in waits if wait > 0), default=None))


def _wait(pod: Document, patience: timedelta, now: datetime) -> float:
    if not patience:
        return 0.0
    ready = condition(pod, "Ready") or {}
    since = moment(ready["lastTransitionTime"]) if ready.get("lastTransitionTime") else now
    return (since + patience - now).total_seconds()


def _conditions(replica_set: Document, failure: tuple[str, str] | None, now: datetime) -> list[Document]:
    if failure is None:
        return []
    reason, message = failure
    known = condition(replica_set, FAILURE)
    if known is not None and known.get("reason") == reason:
        return [known]
    return [
        {
            "type": FAILURE,
            "status": TRUE,
            "reason": reason,
            "message": message,
            "lastTransitionTime": timestamp(now),
        }
    ]


def _worth(pod: Document) -> tuple[object, ...]:
    status = pod.get("status") or {}
    cost = annotations_of(pod).get(DELETION_COST, "0")
    created = pod["metadata"].get("creationTimestamp") or ""
    return (
        bool(pod["spec"].get("nodeName")),
        {"Pending": 0, "Unknown": 1, "Running": 2}.get(status.get("phase", "Pending"), 0),
        is_pod_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        _Descending(created),
        pod["metadata"]["name"],
    )


class _Descending(str):
    """A text that sorts the other way round: the youngest pod goes first."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)
