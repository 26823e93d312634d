"""Decides which ReplicaSet belongs to a Deployment's pod template, and what a new one looks like.

Pure, and separate from the rollout because it compares templates and the rollout counts pods. Invariant: equal
templates find the same ReplicaSet; the hash only names it.
"""

from collections.abc import Iterable, Mapping
from zlib import crc32

import orjson

from lab.simulator.chances import safe_encoded
from lab.simulator.client.resources import DEPLOYMENTS, REPLICA_SETS, Document
from lab.simulator.controllers.rollouts import DESIRED_REPLICAS, MAX_REPLICAS, REVISION, Rollout, revision
from lab.simulator.objects import annotations_of, controller_reference

HASH_LABEL = "pod-template-hash"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision-history",
        "deprecated.deployment.rollback.to",
        REVISION,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
    }
)


def template_hash(template: Document, collisions: int = 0) -> str:
    """Return the value of the hash label for a pod template."""
    content = orjson.dumps([template, collisions], option=orjson.OPT_SORT_KEYS)
    return safe_encoded(str(crc32(content)))


def find_new(deployment: Document, replica_sets: Iterable[Document]) -> Document | None:
    """Return the oldest ReplicaSet whose template is the Deployment's."""
    template = deployment["spec"]["template"]
    same = [found for found in replica_sets if _without_hash(found["spec"]["template"]) == _without_hash(template)]
    return min(same, key=_age, default=None)


def _age(document: Document) -> tuple[str, str]:
    return document["metadata"].get("creationTimestamp") or "", document["metadata"]["name"]


def next_revision(replica_sets: Iterable[Document]) -> int:
    """Return the revision after the highest one."""
    return max((revision(document) for document in replica_sets), default=0) + 1


def replica_set(deployment: Document, plan: Rollout, *, replicas: int, revision_number: int) -> Document:
    """Return the ReplicaSet for the Deployment's pod template."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    collisions = (deployment.get("status") or {}).get("collisionCount") or 0
    digest = template_hash(spec["template"], collisions)
    template = spec["template"]
    labels = {**(template.get("metadata", {}).get("labels") or {}), HASH_LABEL: digest}
    selector = spec["selector"]
    document: Document = {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": REPLICA_SETS.kind,
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": replica_set_annotations(deployment, plan, revision_number),
            "ownerReferences": [
                controller_reference(deployment, api_version=DEPLOYMENTS.api_version, kind=DEPLOYMENTS.kind)
            ],
        },
        "spec": {
            "replicas": replicas,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}},
            "template": {**template, "metadata": {**template.get("metadata", {}), "labels": labels}},
        },
    }
    if spec.get("minReadySeconds"):
        document["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return document


def replica_set_annotations(deployment: Document, plan: Rollout, revision_number: int) -> Mapping[str, str]:
    """Return the annotations of the ReplicaSet of the Deployment's template."""
    copied = {key: value for key, value in annotations_of(deployment).items() if key not in _NOT_COPIED}
    return {
        **copied,
        DESIRED_REPLICAS: str(plan.replicas),
        MAX_REPLICAS: str(plan.replicas + plan.surge),
        REVISION: str(revision_number),
    }


def _without_hash(template: Document) -> Document:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    return {**template, "metadata": {"labels": labels, "annotations": metadata.get("annotations") or {}}}
