"""The scale subresource of the fake cluster: one number of an object, read and written as an object of its own.

Whoever scales needs no right to anything else of the object, and sees nothing else of it; that is why autoscalers,
and whoever speaks to Grove's objects, come this way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.core.errors import NotFoundError
from shared.core.json import Manifest, mapping, member, text
from shared.core.objects import ref_of
from shared.core.resources import Resource
from shared.testing.cluster_kinds import SELECTOR_OF_SCALE, WITH_SCALE
from shared.testing.cluster_patches import json_patch
from shared.testing.cluster_writes import guard

_IDENTITY = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(manifest: Manifest) -> Manifest:
    """Return the Scale of an object; raise NotFoundError for a kind that has none."""
    resource = ref_of(manifest).resource
    if resource not in WITH_SCALE:
        raise NotFoundError(f"{resource.group_resource} has no subresource scale")
    replicas = member(manifest, "spec", "replicas")
    status: Manifest = {"replicas": member(manifest, "status", "replicas") or 0}
    selector = _selector(resource, manifest)
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {name: value for name, value in manifest["metadata"].items() if name in _IDENTITY},
        "spec": {} if replicas is None else {"replicas": replicas},
        "status": status | ({"selector": selector} if selector else {}),
    }


def scaled(live: Manifest, operations: Sequence[Mapping[str, object]]) -> Manifest:
    """Return an object after a JSON patch of its Scale; raise ConflictError where a guard of the patch fails."""
    patched = json_patch(scale_of(live), operations)
    guard(live, patched)
    return {**live, "spec": {**mapping(live, "spec"), "replicas": member(patched, "spec", "replicas") or 0}}


def _selector(resource: Resource, manifest: Manifest) -> str:
    if resource in SELECTOR_OF_SCALE:
        return text(manifest, "status", SELECTOR_OF_SCALE[resource])
    wanted = mapping(manifest, "spec", "selector", "matchLabels")
    return ",".join(f"{name}={value}" for name, value in sorted(wanted.items()))
