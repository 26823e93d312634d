"""Names of the objects that belong to a graph. Stable: they depend on the graph's and the service's name alone."""

from __future__ import annotations

import hashlib

GLOBAL_DYNAMO_NAMESPACE = "dynamo"
PLANNER_ACCOUNT = "planner-serviceaccount"
DISCOVERY_ACCOUNT_SUFFIX = "-k8s-service-discovery"
FINALIZER = "nvidia.com/finalizer"


def component_name(graph: str, service: str) -> str:
    """Return the name of a service's component, and of all objects made for it."""
    return f"{graph}-{service.lower()}"


def scaled_name(graph: str, service: str) -> str:
    """Return the name of what Grove makes of a service in the only replica of its set (workloads 8.7)."""
    return f"{graph}-0-{service.lower()}"


def dynamo_namespace(namespace: str, graph: str, *, is_global: bool) -> str:
    """Return the namespace in which the processes of a graph register (workloads 4.2)."""
    return GLOBAL_DYNAMO_NAMESPACE if is_global else f"{namespace}-{graph}"


def discovery_account(graph: str) -> str:
    """Return the ServiceAccount with which the pods of a graph discover each other."""
    return f"{graph}{DISCOVERY_ACCOUNT_SUFFIX}"


def is_platform_account(account: str) -> bool:
    """Return whether the rbac service makes a ServiceAccount of this name."""
    return account == PLANNER_ACCOUNT or account.endswith(DISCOVERY_ACCOUNT_SUFFIX)


def model_hash(model: str) -> str:
    """Return the eight hex digits that stand for a base model in labels and names (workloads 1.2)."""
    return hashlib.sha256(model.encode()).hexdigest()[:8]
