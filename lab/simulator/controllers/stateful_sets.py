"""Decides which pods and claims of a StatefulSet are made or deleted, and what its status says.

Pure. The rules are those of Kubernetes' controller: names by number, one after the other unless the policy is parallel,
new templates from the highest number down to the partition. Invariant: a number is never held by two pods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.simulator.client.resources import CLAIMS, PODS, STATEFUL_SETS, Document
from lab.simulator.controllers.templates import template_hash
from lab.simulator.objects import controller_reference, has_ended, is_deleting, is_pod_ready, labels_of

REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True, slots=True)
class Members:
    """Which pods to make, by number, and which pods to delete."""

    missing: tuple[int, ...]
    surplus: tuple[Document, ...]


def revision_of(stateful_set: Document) -> str:
    """Return the name of the revision that the template is."""
    return f"{stateful_set['metadata']['name']}-{template_hash(stateful_set['spec']['template'])}"


def members(stateful_set: Document, pods: Sequence[Document]) -> Members:
    """Return what comes next on the way to the pods that the spec asks for."""
    spec, by_name = stateful_set["spec"], {pod["metadata"]["name"]: pod for pod in pods}
    first = int((spec.get("ordinals") or {}).get("start") or 0)
    numbers = range(first, first + int(spec.get("replicas", 1)))
    is_parallel = spec.get("podManagementPolicy") == "Parallel"
    wanted = {pod_name(stateful_set, number) for number in numbers}
    over = sorted((pod for name, pod in by_name.items() if name not in wanted), key=_number, reverse=True)
    ended = [pod for pod in pods if has_ended(pod) and pod not in over]
    missing = [number for number in numbers if pod_name(stateful_set, number) not in by_name]
    if is_parallel:
        return _settled(stateful_set, pods, missing=missing, surplus=[*over, *ended])
    for number in numbers:
        pod = by_name.get(pod_name(stateful_set, number))
        if pod is None:
            return _settled(stateful_set, pods, missing=[number], surplus=ended)
        if not is_pod_ready(pod) or is_deleting(pod):
            return _settled(stateful_set, pods, missing=[], surplus=ended)
    return _settled(stateful_set, pods, missing=[], surplus=[*over[:1], *ended])


def pod_name(stateful_set: Document, number: int) -> str:
    """Return the name of the pod with a number."""
    return f"{stateful_set['metadata']['name']}-{number}"


def stateful_pod(stateful_set: Document, number: int) -> Document:
    """Return the pod with a number."""
    spec, template = stateful_set["spec"], stateful_set["spec"]["template"]
    metadata, name = template.get("metadata") or {}, pod_name(stateful_set, number)
    numbered = {REVISION: revision_of(stateful_set), POD_NAME: name, POD_INDEX: str(number)}
    claims = [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": _claim_name(claim, name)}}
        for claim in spec.get("volumeClaimTemplates") or ()
    ]
    claimed = {volume["name"] for volume in claims}
    volumes = [volume for volume in template["spec"].get("volumes") or () if volume["name"] not in claimed] + claims
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": name,
            "namespace": stateful_set["metadata"]["namespace"],
            "labels": {**(metadata.get("labels") or {}), **numbered},
            "annotations": metadata.get("annotations") or {},
            "ownerReferences": [
                controller_reference(stateful_set, api_version=STATEFUL_SETS.api_version, kind=STATEFUL_SETS.kind)
            ],
        },
        "spec": {**template["spec"], "hostname": name, "subdomain": spec.get("serviceName", ""), "volumes": volumes},
    }


def claims_of(stateful_set: Document, number: int) -> list[Document]:
    """Return the claims of the pod with a number; they outlive it."""
    namespace, name = stateful_set["metadata"]["namespace"], pod_name(stateful_set, number)
    labels: Mapping[str, str] = stateful_set["spec"]["selector"].get("matchLabels") or {}
    return [
        {
            "apiVersion": CLAIMS.api_version,
            "kind": CLAIMS.kind,
            "metadata": {
                **claim["metadata"],
                "name": _claim_name(claim, name),
                "namespace": namespace,
                "labels": {**(claim["metadata"].get("labels") or {}), **labels},
            },
            "spec": claim["spec"],
        }
        for claim in stateful_set["spec"].get("volumeClaimTemplates") or ()
    ]


def stateful_set_status(stateful_set: Document, pods: Sequence[Document]) -> Document:
    """Return the whole status; counts that are zero are null, which a merge patch removes."""
    update = revision_of(stateful_set)
    before = (stateful_set.get("status") or {}).get("currentRevision") or update
    alive = [pod for pod in pods if not has_ended(pod)]
    updated = [pod for pod in alive if labels_of(pod).get(REVISION) == update]
    ready = sum(1 for pod in alive if is_pod_ready(pod))
    is_complete = len(updated) == len(alive) == int(stateful_set["spec"].get("replicas", 1)) == ready
    current = update if is_complete else before
    return {
        "observedGeneration": stateful_set["metadata"].get("generation", 0),
        "replicas": len(alive),
        "readyReplicas": ready or None,
        "availableReplicas": ready,
        "currentReplicas": sum(1 for pod in alive if labels_of(pod).get(REVISION) == current) or None,
        "updatedReplicas": len(updated) or None,
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
    }


def _settled(
    stateful_set: Document, pods: Sequence[Document], *, missing: Sequence[int], surplus: Sequence[Document]
) -> Members:
    """Add the next pod of an old revision, once nothing else is to be done and all others are ready."""
    gone = tuple(pod for pod in surplus if not is_deleting(pod))
    if not missing and not surplus:
        gone = _outdated(stateful_set, pods)
    return Members(tuple(missing), gone)


def _outdated(stateful_set: Document, pods: Sequence[Document]) -> tuple[Document, ...]:
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if strategy.get("type") == "OnDelete":
        return ()
    revision = revision_of(stateful_set)
    for pod in sorted(pods, key=_number, reverse=True):
        if _number(pod) < partition:
            break
        if is_deleting(pod):
            return ()
        if labels_of(pod).get(REVISION) != revision:
            return (pod,)
        if not is_pod_ready(pod):
            return ()
    return ()


def _claim_name(claim: Document, pod: str) -> str:
    return f"{claim['metadata']['name']}-{pod}"


def _number(pod: Document) -> int:
    ending = pod["metadata"]["name"].rpartition("-")[2]
    return int(ending) if ending.isdigit() else 0
