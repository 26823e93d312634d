"""Builders of Kubernetes objects for the simulator's tests: a test says only what matters to it."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05Z"
EARLIER = "2026-01-01T00:00:00Z"

Document = dict[str, Any]


def a_deployment(replicas: int = 3, **spec: Any) -> Document:
    """Return a Deployment with an image that `spec` may replace."""
    image = spec.pop("image", "app:1")
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "team", "uid": "uid-web", "generation": 1},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


def a_replica_set(name: str = "web-1", replicas: int = 3, **status: Any) -> Document:
    """Return a ReplicaSet of the Deployment of `a_deployment`."""
    template = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": name}},
        "spec": {"containers": [{"name": "main", "image": "app:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"uid-{name}",
            "generation": 1,
            "creationTimestamp": EARLIER,
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": status,
    }


def a_pod(name: str = "pod", *, is_ready: bool = False, node: str = "", ip: str = "", **spec: Any) -> Document:
    """Return a pod of the ReplicaSet of `a_replica_set`."""
    conditions = [{"type": "Ready", "status": "True" if is_ready else "False", "lastTransitionTime": EARLIER}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"uid-{name}",
            "creationTimestamp": EARLIER,
            "labels": {"app": "web", "pod-template-hash": "web-1"},
        },
        "spec": {"containers": [{"name": "main", "image": "app:1"}], "nodeName": node, **spec},
        "status": {"phase": "Running" if is_ready else "Pending", "conditions": conditions, "podIP": ip},
    }


def a_node(name: str = "node", *, labels: Document | None = None, taints: Any = (), **allocatable: str) -> Document:
    """Return a node; GPUs are given as `gpus`."""
    resources = {"cpu": "8", "memory": "32Gi", "pods": "10", **allocatable}
    if "gpus" in resources:
        resources["nvidia.com/gpu"] = resources.pop("gpus")
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints)},
        "status": {"allocatable": resources},
    }


def a_service(**spec: Any) -> Document:
    """Return a Service that selects the pods of `a_pod`."""
    return {
        "metadata": {"name": "web", "namespace": "team", "uid": "uid-service", "labels": {"team": "a"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8000}], **spec},
    }
