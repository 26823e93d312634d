"""Decides what the subresources other than status do: scale, binding, eviction, finalize.

Separate from updates of the object itself, because their bodies are of other kinds. Invariant: each writes through
`Update`, so versions, owners and admission hold for them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps, loads
from lab.apiserver.errors import ApiError, Cause, bad_request, invalid, not_found
from lab.apiserver.ownership.managers import Conflict
from lab.apiserver.patches.json_patch import PatchError, apply_json_patch
from lab.apiserver.patches.merge_patch import apply_merge_patch
from lab.apiserver.registry.resources import ScalePaths
from lab.apiserver.requests.bodies import decode_json, unsupported_media
from lab.apiserver.requests.go_json import go_type
from lab.apiserver.requests.options import DeleteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.storage.records import record_key
from lab.apiserver.verbs.calls import Call, Result
from lab.apiserver.verbs.deleting import delete
from lab.apiserver.verbs.incoming import unappliable
from lab.apiserver.verbs.patching import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    conflicting,
    decode_configuration,
)
from lab.apiserver.verbs.reading import get
from lab.apiserver.verbs.scaling import replicas_owners, scale_of, with_replicas
from lab.apiserver.verbs.updating import Update, Wanted


def _paths(target: Target) -> ScalePaths:
    paths = target.resource.scale
    if paths is None:
        raise not_found(target.resource.plural, target.resource.group, target.name)
    return paths


async def get_scale(cluster: Cluster, target: Target, version: str) -> Result:
    """Answer the Scale of an object."""
    found = await get(cluster, target, version)
    return Result(200, dumps(scale_of(loads(found.body), target.resource, _paths(target))))


async def put_scale(cluster: Cluster, call: Call, document: Document) -> Result:
    """Write the replicas of a Scale body."""
    if document.get("kind") != "Scale":
        text = 'no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"'
        raise bad_request(text)
    return await _write_scale(cluster, call, lambda _scale, _live: document)


async def patch_scale(cluster: Cluster, call: Call, body: bytes, media: str) -> Result:
    """Patch a Scale and write its replicas."""
    if media == APPLY_PATCH:
        return await _apply_scale(cluster, call, decode_configuration(body))
    if media not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise unsupported_media((JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH))
    try:
        content, _duplicates = decode_json(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error

    def patched(scale: Document, _live: Document) -> Any:
        if media != JSON_PATCH:
            return apply_merge_patch(scale, content)
        try:
            return apply_json_patch(scale, content)
        except PatchError as error:
            text = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", text, details={}) from error

    return await _write_scale(cluster, call, patched)


async def _apply_scale(cluster: Cluster, call: Call, configuration: Document) -> Result:
    """Apply a Scale: its one field is taken from another manager only by force."""
    if (configuration.get("apiVersion"), configuration.get("kind")) != ("autoscaling/v1", "Scale"):
        raise bad_request(f"invalid object type: {configuration.get('apiVersion')}, Kind={configuration.get('kind')}")
    paths = _paths(call.target)
    wanted = (configuration.get("spec") or {}).get("replicas")

    def applied(scale: Document, live: Document) -> Document:
        if wanted is None:
            return scale
        owners = replicas_owners(live, paths, call.options.manager)
        if owners and wanted != scale["spec"].get("replicas") and not call.options.force:
            raise conflicting([Conflict(name, ".spec.replicas", text) for name, text in owners])
        metadata = {**scale["metadata"], **(configuration.get("metadata") or {})}
        return {**scale, "metadata": metadata, "spec": {"replicas": wanted}}

    return await _write_scale(cluster, call, applied, operation="Apply")


ScaleChange = Callable[[Document, Document], Any]


async def _write_scale(cluster: Cluster, call: Call, wanted_scale: ScaleChange, *, operation: str = "Update") -> Result:
    paths, resource = _paths(call.target), call.resource

    def change(live: Document) -> Wanted:
        scale = wanted_scale(scale_of(live, resource, paths), live)
        _check_scale(scale, call)
        replicas = (scale.get("spec") or {}).get("replicas") or 0
        changed = with_replicas(live, paths, replicas)
        version = (scale.get("metadata") or {}).get("resourceVersion", "")
        return Wanted({**changed, "metadata": dict(live["metadata"])}, version=version, operation=operation)

    written = await Update(cluster, call, change).run()
    return Result(written.code, dumps(scale_of(loads(written.body), resource, paths)))


def _check_scale(scale: Document, call: Call) -> None:
    """Refuse a Scale that is none, or of another object; a negative number is the object's own business."""
    name = (scale.get("metadata") or {}).get("name", call.target.name)
    if name != call.target.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.target.name})")
    replicas = (scale.get("spec") or {}).get("replicas")
    if replicas is not None and (not isinstance(replicas, int) or isinstance(replicas, bool)):
        wanted = "json: cannot unmarshal {} into Go struct field ScaleSpec.spec.replicas of type int32"
        raise unappliable(scale, wanted.format(go_type(replicas)))
    if not call.resource.custom and isinstance(replicas, int) and replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid("Scale", "autoscaling", call.target.name, [Cause("FieldValueInvalid", "spec.replicas", text)])


async def put_finalize(cluster: Cluster, call: Call, document: Document) -> Result:
    """Write the finalizers of a namespace; without any, one that is being deleted is gone."""
    resource = call.resource
    collection = cluster.collection(resource)
    record = collection.get(record_key("", call.target.name))
    if record is None:
        raise not_found(resource.plural, resource.group, call.target.name)
    live = record.document()
    finalizers = (document.get("spec") or {}).get("finalizers") or []
    live["spec"] = {"finalizers": finalizers} if finalizers else {}
    if not finalizers and live["metadata"].get("deletionTimestamp") and not live["metadata"].get("finalizers"):
        cluster.store.remove(collection, record)
        return Result(200, dumps(live), resource)
    return Result(200, cluster.store.put(collection, live, record).body, resource)


async def create_subresource(cluster: Cluster, call: Call, document: Document) -> Result:
    """Bind or evict a pod."""
    if call.target.subresource == "eviction":
        options = document.get("deleteOptions") or {}
        await delete(cluster, call, DeleteOptions(dry_run=bool(options.get("dryRun"))))
    else:
        await _bind(cluster, call, document)
    return Result(201, dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))


async def _bind(cluster: Cluster, call: Call, document: Document) -> None:
    node = (document.get("target") or {}).get("name", "")

    def change(live: Document) -> Wanted:
        taken = live["spec"].get("nodeName")
        if taken:
            text = f'Operation cannot be fulfilled on pods/binding "{call.target.name}": pod {call.target.name} is '
            raise ApiError(409, "Conflict", f'{text}already assigned to node "{taken}"')
        bound = {**live, "spec": {**live["spec"], "nodeName": node}, "metadata": dict(live["metadata"])}
        return Wanted(bound)

    await Update(cluster, call, change).run()
