"""What the fake API server knows about kinds, in place of schemas.

Separate so that the rest of the fake reads like an API server. It knows just enough: which kinds have a status
subresource or a generation, which lists are merged by which keys, and which fields never change once they are set.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.core.json import Manifest, member
from shared.core.resources import (
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    GROUP,
    MODELS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    REQUESTS,
    ROLE_BINDINGS,
    SCALING_ADAPTERS,
    SERVICES,
    VALIDATING_WEBHOOKS,
    WORKER_METADATAS,
    Resource,
)

ListKeys = tuple[str, ...]
SET: ListKeys = ()  # a list of scalars, each of which is owned for itself

WITH_STATUS = frozenset(
    {
        *(GRAPHS, COMPONENTS, REQUESTS, SCALING_ADAPTERS, MODELS),
        *(DEPLOYMENTS, REPLICA_SETS, PODS, NODES, NAMESPACES, SERVICES, CUSTOM_RESOURCE_DEFINITIONS),
    }
)
WITH_GENERATION = frozenset(
    {
        *(GRAPHS, COMPONENTS, REQUESTS, SCALING_ADAPTERS, MODELS, WORKER_METADATAS),
        *(DEPLOYMENTS, REPLICA_SETS, ENDPOINT_SLICES, CUSTOM_RESOURCE_DEFINITIONS, VALIDATING_WEBHOOKS),
    }
)
IMMUTABLE: Mapping[Resource, tuple[tuple[str, ...], ...]] = {
    DEPLOYMENTS: (("spec", "selector"),),
    ROLE_BINDINGS: (("roleRef",),),
}

_METADATA_LISTS: Mapping[str, ListKeys] = {"ownerReferences": ("uid",), "finalizers": SET}
_BUILT_IN_LISTS: Mapping[str, ListKeys] = {
    **_METADATA_LISTS,
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "webhooks": ("name",),
}
_ATOMIC_MAPS = frozenset(
    {"selector", "nodeSelector", "secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "roleRef"}
)


def is_custom(resource: Resource) -> bool:
    """Return whether a kind is defined by a CustomResourceDefinition, whose lists are atomic."""
    return resource.group == GROUP


def list_keys(resource: Resource, path: tuple[str, ...], items: list[object]) -> ListKeys | None:
    """Return the keys that the items of a list are merged by, or None for a list that is replaced as a whole."""
    name = path[-1].removeprefix("f:")
    if path[0] == "f:metadata" and len(path) == 2:
        return _METADATA_LISTS.get(name)
    if is_custom(resource):
        return None
    if name == "ports" and resource is not ENDPOINT_SLICES:
        key = "port" if resource is SERVICES else "containerPort"
        # The server fills in the protocol before it computes ownership; a fake without defaults uses what is there.
        return (key, "protocol") if all(member(item, "protocol") for item in items) else (key,)
    return _BUILT_IN_LISTS.get(name)


def is_atomic_map(resource: Resource, path: tuple[str, ...]) -> bool:
    """Return whether a map is owned as a whole."""
    return not is_custom(resource) and path[-1].removeprefix("f:") in _ATOMIC_MAPS


def immutable_change(resource: Resource, before: Manifest, after: Manifest) -> str:
    """Return the path of a field that was changed and must not be, or an empty text."""
    for path in IMMUTABLE.get(resource, ()):
        if member(before, *path) != member(after, *path):
            return ".".join(path)
    return ""
