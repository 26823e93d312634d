"""What a rollout ends in: the objects of a namespace without what differs between any two runs.

Pure, apart from reading the objects. Uids become names, the namespace a placeholder; times, versions and what the
cluster chooses (addresses, names with a random part) go. Everything that our services write stays, status, field
ownership and generations too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from shared.core.json import Manifest
from shared.core.objects import name_of, namespace_of, uid_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)
from shared.ports.cluster import Selection
from tests.e2e.stacks import LiveStack

COMPARED: tuple[Resource, ...] = (
    GRAPHS,
    COMPONENTS,
    DEPLOYMENTS,
    SERVICES,
    SERVICE_ACCOUNTS,
    ROLES,
    ROLE_BINDINGS,
)
TIMES = frozenset(["creationTimestamp", "lastTransitionTime", "lastUpdateTime", "time"])
VARYING = TIMES | {"uid", "resourceVersion", "clusterIP", "clusterIPs"}
GENERATED = re.compile(r'ReplicaSet \\"[^"]+\\"')


async def outcome(stack: LiveStack, namespace: str) -> dict[str, Manifest]:
    """Return the normalised objects of a namespace, by kind and name."""
    async with stack.target.cluster() as cluster:
        found = [
            {"kind": resource.kind, **each}
            for resource in COMPARED
            for each in (await cluster.list(resource, Selection(namespace=namespace))).items
        ]
    return normalised(found)


def normalised(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Return objects by kind and name, without what differs between any two runs."""
    kept = list(manifests)
    texts = {f"{each['kind']}/{name_of(each)}": json.dumps(_without_varying(each)) for each in kept}
    for each in kept:
        of_each = f"{each['kind']}/{name_of(each)}"
        texts = {key: text.replace(uid_of(each), f"uid of {of_each}") for key, text in texts.items()}
    namespace = namespace_of(kept[0]) if kept else ""
    return {
        key: json.loads(GENERATED.sub("its ReplicaSet", text).replace(namespace, "<namespace>"))
        for key, text in texts.items()
    }


def _without_varying(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"}:
            return value  # an owner reference: its uid becomes the owner's name
        kept = {key: _without_varying(item) for key, item in value.items() if key not in VARYING}
        return (
            kept | {"managedFields": sorted(kept["managedFields"], key=json.dumps)} if "managedFields" in kept else kept
        )
    if isinstance(value, list):
        return [_without_varying(item) for item in value]
    return value
