"""The redacted form of an object: an allow-list per kind (design: the log is redacted).

One function decides both what the watcher publishes and what the partition view holds of an own write's answer, so
that a pass sees the same object whichever way it came. What is not listed here never enters the log: no managed
fields, no last-applied configuration, no Secret or ConfigMap data, no literal environment value, no argument and no
free-form field of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.core import labels
from shared.core.json import Manifest
from shared.core.refusals import without_values
from shared.core.resources import (
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    MODELS,
    NAMESPACES,
    NODES,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    REPLICA_SETS,
    REQUESTS,
    ROLE_BINDINGS,
    ROLES,
    SCALING_ADAPTERS,
    SERVICES,
    VIRTUAL_SERVICES,
    VOLUME_CLAIMS,
    Resource,
)

# A tree of member names. `True` takes the value whole, a function what it leaves of a text; `EACH` stands for every
# item of a list or value of a map.
Leaf = bool | Callable[[str], str]
Tree = Mapping[str, "Tree | Leaf"]
EACH = "*"

_METADATA: Tree = dict.fromkeys(
    (
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "labels",
        "ownerReferences",
        "finalizers",
    ),
    True,
)
# Annotations are free text that anybody writes; only those of the platform and of Kubernetes itself mean anything here.
_ANNOTATION_DOMAINS = ("nvidia.com", "kubernetes.io", "k8s.io", "kai.scheduler")

_CONDITIONS: Tree = {EACH: dict.fromkeys(("type", "status", "reason", "message", "observedGeneration"), True)}
_TIMED_CONDITIONS: Tree = {
    EACH: dict.fromkeys(("type", "status", "reason", "message", "observedGeneration", "lastTransitionTime"), True)
}
_RESOURCES: Tree = {"requests": True, "limits": True}
_COMPONENT: Tree = {
    "serviceName": True,
    "componentType": True,
    "subComponentType": True,
    "dynamoNamespace": True,
    "globalDynamoNamespace": True,
    "replicas": True,
    "multinode": True,
    "resources": _RESOURCES,
    "modelRef": {"name": True, "revision": True},
    "scalingAdapter": {"enabled": True},
}
_CONTAINER_STATE: Tree = {
    "running": {"startedAt": True},
    "waiting": {"reason": True, "message": True},
    "terminated": {"reason": True, "exitCode": True},
}
_CONTAINER_STATUS: Tree = {
    "name": True,
    "ready": True,
    "started": True,
    "restartCount": True,
    "state": _CONTAINER_STATE,
    "lastState": _CONTAINER_STATE,
}
_WORKLOAD_STATUS: Tree = {
    **dict.fromkeys(
        (
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "fullyLabeledReplicas",
        ),
        True,
    ),
    "conditions": _CONDITIONS,
}
# Grove counts the same way, tells which of its hashes the pods were made from, and says what it could not do: in the
# words of a server that refused a pod, which repeat what was refused.
_GROVE_STATUS: Tree = {
    **_WORKLOAD_STATUS,
    **dict.fromkeys(
        ("scheduledReplicas", "scheduleGatedReplicas", "currentGenerationHash", "currentPodCliqueSetGenerationHash"),
        True,
    ),
    "rollingUpdateProgress": {"updateStartedAt": True, "updateEndedAt": True},
    "lastErrors": {EACH: {"code": True, "description": without_values}},
}

ALLOWED: Mapping[Resource, Tree] = {
    GRAPHS: {
        "spec": {"backendFramework": True, "services": {EACH: _COMPONENT}, "pvcs": True},
        "status": {
            "state": True,
            "observedGeneration": True,
            "services": True,
            "conditions": _TIMED_CONDITIONS,
        },
    },
    COMPONENTS: {
        "spec": {"backendFramework": True, **_COMPONENT},
        "status": {"observedGeneration": True, "service": True, "conditions": _TIMED_CONDITIONS},
    },
    REQUESTS: {"status": {"state": True, "observedGeneration": True}},
    SCALING_ADAPTERS: {
        "spec": {"replicas": True, "dgdRef": {"name": True, "serviceName": True}},
        "status": {"replicas": True, "selector": True, "lastScaleTime": True},
    },
    MODELS: {
        "spec": {"modelName": True, "baseModelName": True, "modelType": True},
        "status": {"readyEndpoints": True, "totalEndpoints": True, "conditions": _CONDITIONS},
    },
    DEPLOYMENTS: {"spec": {"replicas": True, "paused": True}, "status": _WORKLOAD_STATUS},
    REPLICA_SETS: {"spec": {"replicas": True}, "status": _WORKLOAD_STATUS},
    LEADER_WORKER_SETS: {
        "spec": {"replicas": True, "leaderWorkerTemplate": {"size": True}},
        "status": _WORKLOAD_STATUS,
    },
    POD_GROUPS: {
        "spec": {"minMember": True, "queue": True},
        "status": {"phase": True, "running": True, "succeeded": True, "failed": True, "conditions": _CONDITIONS},
    },
    POD_CLIQUE_SETS: {
        "spec": {"replicas": True},
        "status": {
            **_GROVE_STATUS,
            "podGangStatuses": {EACH: {"name": True, "phase": True, "conditions": _CONDITIONS}},
        },
    },
    POD_CLIQUES: {
        "spec": {"roleName": True, "replicas": True, "minAvailable": True},
        "status": _GROVE_STATUS,
    },
    POD_CLIQUE_SCALING_GROUPS: {
        "spec": {"replicas": True, "minAvailable": True, "cliqueNames": True},
        "status": _GROVE_STATUS,
    },
    VOLUME_CLAIMS: {
        "spec": {"accessModes": True, "storageClassName": True, "volumeName": True, "resources": _RESOURCES},
        "status": {"phase": True, "capacity": True, "conditions": _CONDITIONS},
    },
    INGRESSES: {"spec": {"ingressClassName": True}},
    VIRTUAL_SERVICES: {"spec": {"gateways": True}},
    PODS: {
        "spec": {
            "nodeName": True,
            "schedulerName": True,
            "serviceAccountName": True,
            "containers": {EACH: {"name": True, "image": True, "resources": _RESOURCES}},
            "initContainers": {EACH: {"name": True, "image": True, "resources": _RESOURCES}},
        },
        "status": {
            "phase": True,
            "reason": True,
            "message": True,
            "podIP": True,
            "conditions": _CONDITIONS,
            "containerStatuses": {EACH: _CONTAINER_STATUS},
            "initContainerStatuses": {EACH: _CONTAINER_STATUS},
        },
    },
    SERVICES: {"spec": {"type": True, "clusterIP": True, "selector": True, "ports": True}},
    ENDPOINT_SLICES: {
        "addressType": True,
        "ports": True,
        "endpoints": {
            EACH: {"addresses": True, "conditions": True, "nodeName": True, "targetRef": True},
        },
    },
    NODES: {
        "spec": {"taints": True, "unschedulable": True},
        "status": {
            "allocatable": True,
            "conditions": {EACH: {"type": True, "status": True, "reason": True}},
        },
    },
    NAMESPACES: {"status": {"phase": True}},
    ROLES: {"rules": True},
    ROLE_BINDINGS: {"subjects": True, "roleRef": True},
    CUSTOM_RESOURCE_DEFINITIONS: {
        "spec": {
            "group": True,
            "scope": True,
            "names": {"plural": True, "kind": True},
            "versions": {EACH: {"name": True, "served": True}},
        },
    },
}


def summary(resource: Resource, manifest: Manifest) -> Manifest:
    """Return the redacted form of an object; a kind without an allow-list keeps its metadata only."""
    metadata = manifest.get("metadata") or {}
    chosen: Manifest = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": _pick(metadata, _METADATA),
    }
    annotations = _annotations(metadata.get("annotations") or {})
    if annotations:
        chosen["metadata"]["annotations"] = annotations
    chosen.update(_pick(manifest, ALLOWED.get(resource, {})))
    return chosen


def _annotations(annotations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in annotations.items()
        if key != labels.LAST_APPLIED and _is_of_domain(key.rpartition("/")[0])
    }


def _is_of_domain(prefix: str) -> bool:
    return any(prefix == domain or prefix.endswith(f".{domain}") for domain in _ANNOTATION_DOMAINS)


def _pick(value: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    if EACH in tree:
        branch = tree[EACH]
        return {key: _value(item, branch) for key, item in value.items()}
    return {key: _value(value[key], branch) for key, branch in tree.items() if key in value}


def _value(value: Any, branch: Tree | Leaf) -> Any:
    if isinstance(branch, bool):
        return value
    if callable(branch):
        return branch(value) if isinstance(value, str) else None
    if isinstance(value, (dict, Mapping)):  # the class before the abstract one, which is slow to ask
        return _pick(value, branch)
    if isinstance(value, list) and EACH in branch:
        return [_value(item, branch[EACH]) for item in value]
    return None  # another shape than the schema's: nothing of it is known to be safe
