"""What the fake API server knows about kinds, in place of schemas.

Separate so that the rest of the fake reads like an API server. It knows just enough: which kinds have a status
subresource or a generation, which lists are merged by which keys, and which fields never change once they are set.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.core.json import Manifest, items, mapping, member, text
from shared.core.resources import (
    ADD_ONS,
    COMPONENTS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    GROUP,
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
    SCALING_ADAPTERS,
    SERVICES,
    VALIDATING_WEBHOOKS,
    VOLUME_CLAIMS,
    WORKER_METADATAS,
    Resource,
)

ListKeys = tuple[str, ...]
SET: ListKeys = ()  # a list of scalars, each of which is owned for itself

WITH_STATUS = frozenset(
    {
        *(GRAPHS, COMPONENTS, REQUESTS, SCALING_ADAPTERS, MODELS),
        *(DEPLOYMENTS, REPLICA_SETS, PODS, NODES, NAMESPACES, SERVICES, CUSTOM_RESOURCE_DEFINITIONS),
        *(VOLUME_CLAIMS, INGRESSES, *(ADD_ONS - {POD_GROUPS})),
    }
)
WITH_GENERATION = frozenset(
    {
        *(GRAPHS, COMPONENTS, REQUESTS, SCALING_ADAPTERS, MODELS, WORKER_METADATAS),
        *(DEPLOYMENTS, REPLICA_SETS, ENDPOINT_SLICES, CUSTOM_RESOURCE_DEFINITIONS, VALIDATING_WEBHOOKS),
        *(INGRESSES, *ADD_ONS),
    }
)
WITH_SCALE = frozenset(
    {
        *(SCALING_ADAPTERS, DEPLOYMENTS, REPLICA_SETS, LEADER_WORKER_SETS),
        *(POD_CLIQUE_SETS, POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS),
    }
)
# The selector that a scale shows is that of the labels, or of one field of the status.
SELECTOR_OF_SCALE: Mapping[Resource, str] = {
    **dict.fromkeys((LEADER_WORKER_SETS, POD_CLIQUE_SETS, POD_CLIQUES), "hpaPodSelector"),
    **dict.fromkeys((SCALING_ADAPTERS, POD_CLIQUE_SCALING_GROUPS), "selector"),
}
IMMUTABLE: Mapping[Resource, tuple[tuple[str, ...], ...]] = {
    DEPLOYMENTS: (("spec", "selector"),),
    ROLE_BINDINGS: (("roleRef",),),
    LEADER_WORKER_SETS: (("spec", "leaderWorkerTemplate", "size"),),
    POD_CLIQUE_SETS: (("spec", "template", "cliqueStartupType"),),
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
    return resource.group == GROUP or resource in ADD_ONS


def list_keys(resource: Resource, path: tuple[str, ...], listed: list[object]) -> ListKeys | None:
    """Return the keys that the items of a list are merged by, or None for a list that is replaced as a whole."""
    name = path[-1].removeprefix("f:")
    if path[0] == "f:metadata" and len(path) == 2:
        return _METADATA_LISTS.get(name)
    if is_custom(resource):
        return None
    if name == "ports" and resource is not ENDPOINT_SLICES:
        key = "port" if resource is SERVICES else "containerPort"
        # The server fills in the protocol before it computes ownership; a fake without defaults uses what is there.
        return (key, "protocol") if all(member(item, "protocol") for item in listed) else (key,)
    return _BUILT_IN_LISTS.get(name)


def is_atomic_map(resource: Resource, path: tuple[str, ...]) -> bool:
    """Return whether a map is owned as a whole."""
    return not is_custom(resource) and path[-1].removeprefix("f:") in _ATOMIC_MAPS


def immutable_change(resource: Resource, before: Manifest, after: Manifest) -> str:
    """Return the path of a field that was changed and must not be, or an empty text."""
    for path in IMMUTABLE.get(resource, ()):
        if member(before, *path) != member(after, *path):
            return ".".join(path)
    if resource == POD_CLIQUE_SETS and _shape(before) != _shape(after):
        return "spec.template"
    return ""


def _shape(clique_set: Manifest) -> object:
    """Return what Grove's admission never lets change of a set; the order of cliques counts where it is explicit."""
    template = mapping(clique_set, "spec", "template")
    cliques = [
        (text(each, "name"), [member(each, "spec", name) for name in ("roleName", "minAvailable", "startsAfter")])
        for each in items(template, "cliques")
    ]
    groups = [(text(each, "name"), items(each, "cliqueNames")) for each in items(template, "podCliqueScalingGroups")]
    is_ordered = text(template, "cliqueStartupType") == "CliqueStartupTypeExplicit"
    return cliques if is_ordered else sorted(cliques, key=lambda each: each[0]), groups
