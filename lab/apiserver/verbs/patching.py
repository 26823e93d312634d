"""Decides what a PATCH body asks for: JSON patch, merge patch, strategic merge patch, or apply.

Separate from the patch algorithms, which are pure, and from `Update`, which writes. Invariant: the media type decides
alone; a patch is computed anew on every try, on the newest state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps, timestamp
from lab.apiserver.errors import ApiError, Cause, bad_request, conflict, internal, invalid
from lab.apiserver.ownership.claims import claims
from lab.apiserver.ownership.managers import ApplyResult, Conflict, conflict_message, server_side_apply
from lab.apiserver.ownership.typed import AppliedObjectError
from lab.apiserver.patches.json_patch import PatchError, apply_json_patch
from lab.apiserver.patches.merge_patch import apply_merge_patch
from lab.apiserver.patches.strategic import apply_strategic_patch
from lab.apiserver.requests.bodies import decode_json, decode_yaml, unsupported_media
from lab.apiserver.requests.go_json import go_type
from lab.apiserver.schemas.prune import prune
from lab.apiserver.storage.records import record_key
from lab.apiserver.verbs.calls import Call, Result
from lab.apiserver.verbs.creating import create_settled
from lab.apiserver.verbs.incoming import report_patch, settle
from lab.apiserver.verbs.reset import reset_fields
from lab.apiserver.verbs.updating import Change, Update, Wanted

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_CUSTOM_TYPES = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
_BUILTIN_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


async def patch(cluster: Cluster, call: Call, body: bytes, media: str) -> Result:
    """Patch an object, or its status, by a PATCH body."""
    accepted = _CUSTOM_TYPES if call.resource.custom else _BUILTIN_TYPES
    if media not in accepted:
        raise unsupported_media(accepted)
    if media != APPLY_PATCH and call.options.force:
        text = "Forbidden: may not be specified for non-apply patch"
        raise invalid("PatchOptions", "meta.k8s.io", "", [Cause("FieldValueForbidden", "force", text)])
    if media == APPLY_PATCH:
        return await apply(cluster, call, body)
    return await Update(cluster, call, _change(call, body, media)).run()


def _change(call: Call, body: bytes, media: str) -> Change:
    try:
        content, _duplicates = decode_json(body)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {error}") from error
    apply_patch = _PATCHES[media]

    def change(live: Document) -> Wanted:
        patched = apply_patch(live, content, call)
        return _wanted(patched, live, call)

    return change


def _wanted(patched: Any, live: Document, call: Call) -> Wanted:
    if not isinstance(patched, dict):
        raise bad_request("the patch does not leave an object")
    if patched.get("kind") != live["kind"] or patched.get("apiVersion") != live["apiVersion"]:
        raise _retyped(patched, live, call)
    sent = patched.get("metadata")
    document = {**patched, "metadata": dict(sent) if isinstance(sent, dict) else sent}
    document, problems = settle(document, call, duplicates=[], live=live)
    report_patch(problems, call, patched)
    metadata = document["metadata"]
    if metadata.get("name") != call.target.name:
        found = metadata.get("name", "")
        raise bad_request(f"the name of the object ({found}) does not match the name on the URL ({call.target.name})")
    return Wanted(document, version=metadata.get("resourceVersion", ""))


def _retyped(patched: Document, live: Document, call: Call) -> ApiError:
    """Refuse a patch that changes what the object is."""
    field = "kind" if patched.get("kind") != live["kind"] else "apiVersion"
    version = str(patched.get("apiVersion", "")).rpartition("/")[2]
    if field == "apiVersion" and version in call.resource.served_versions:
        unknown = prune(patched, call.resource.served_versions[version]())[1]
        call.warnings += [f'unknown field "{path}"' for path in unknown]
    text = f"Invalid value: {dumps(patched.get(field)).decode()}: must be {live[field]}"
    cause = Cause("FieldValueInvalid", field, text)
    return invalid(str(patched.get("kind", "")), call.resource.group, call.target.name, [cause])


def _json_patch(live: Document, content: Any, _call: Call) -> Any:
    if not isinstance(content, list):
        raise _undecodable(content, "[]handlers.jsonPatchOp")
    try:
        return apply_json_patch(live, content)
    except PatchError as error:
        text = "the server rejected our request due to an error in our request"
        raise ApiError(422, "Invalid", text, details={}) from error


def _undecodable(content: Any, wanted: str) -> ApiError:
    found = go_type(content)
    return bad_request(f"error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}")


def _merge_patch(live: Document, content: Any, _call: Call) -> Any:
    if not isinstance(content, dict):
        raise _undecodable(content, "map[string]interface {}")
    return apply_merge_patch(live, content)


def _strategic_patch(live: Document, content: Any, call: Call) -> Any:
    if not isinstance(content, dict):
        raise _undecodable(content, "map[string]interface {}")
    return apply_strategic_patch(live, content, call.resource.schema())


_PATCHES = {JSON_PATCH: _json_patch, MERGE_PATCH: _merge_patch, STRATEGIC_PATCH: _strategic_patch}


async def apply(cluster: Cluster, call: Call, body: bytes) -> Result:
    """Apply a configuration: create the object, or merge into it what its manager says."""
    configuration = _configuration(call, body)
    collection = cluster.collection(call.resource)
    key = record_key(call.target.namespace, call.target.name)
    while collection.get(key) is None:
        if call.target.subresource:
            break  # Update answers NotFound
        try:
            return await _create(cluster, call, configuration)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
    return await Update(cluster, call, lambda live: _applied(call, configuration, live)).run()


def decode_configuration(body: bytes) -> Document:
    """Return the configuration of an apply body; what is no object has no type either, and is refused for that."""
    try:
        configuration, _duplicates = decode_yaml(body)
    except ValueError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    return configuration if isinstance(configuration, dict) else {}


def _configuration(call: Call, body: bytes) -> Document:
    configuration = decode_configuration(body)
    if not call.options.explicit_manager:
        raise _manager_required()
    name = call.target.name
    _check_applied_type(call, configuration)
    metadata = configuration.get("metadata") or {}
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if not metadata.get("name"):
        raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if metadata["name"] != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    return configuration


def _manager_required() -> ApiError:
    cause = Cause("FieldValueRequired", "fieldManager", "Required value: is required for apply patch")
    return invalid("PatchOptions", "meta.k8s.io", "", [cause])


def _check_applied_type(call: Call, configuration: Document) -> None:
    resource = call.resource
    kind, version = configuration.get("kind"), configuration.get("apiVersion")
    if kind == resource.kind and version == resource.api_version:
        return
    raise bad_request(f"invalid object type: {version or '/'}, Kind={kind or ''}")


def _check_storable(call: Call, configuration: Document) -> None:
    """Refuse fields that the storage version cannot keep: an apply in another version would lose them."""
    resource = call.resource
    if resource.is_stored_form or resource.storage_schema is None:
        return
    try:
        claims(configuration, resource.storage_schema())
    except AppliedObjectError as error:
        raise internal(f"failed to convert new object: {error}") from error


def _merge(call: Call, configuration: Document, live: Document | None) -> ApplyResult:
    resource, subresource = call.resource, call.target.subresource
    _check_storable(call, configuration)
    try:
        return server_side_apply(
            live,
            configuration,
            schema=resource.schema(),
            manager=call.options.manager,
            force=call.options.force,
            api_version=resource.api_version,
            subresource=subresource,
            time=None if subresource == "scale" else timestamp(),
            reset=reset_fields(resource, subresource),
        )
    except AppliedObjectError as error:
        namespace = configuration["metadata"].get("namespace", "")
        raise internal(
            f"failed to create typed patch object ({namespace}/{call.target.name}; "
            f"{resource.api_version}, Kind={resource.kind}): {error}"
        ) from error


async def _create(cluster: Cluster, call: Call, configuration: Document) -> Result:
    resource = call.resource
    if configuration["metadata"].get("uid"):
        raise conflict(
            resource.plural,
            resource.group,
            call.target.name,
            f"uid mismatch: the provided object specified uid {configuration['metadata']['uid']}, "
            "and no existing object was found",
        )
    merged = _merge(call, configuration, None).object
    document = {**merged, "metadata": {**merged["metadata"]}}
    owners = document["metadata"].pop("managedFields", [])
    document["metadata"].pop("resourceVersion", None)
    document, _problems = settle(document, call, duplicates=[])
    return await create_settled(cluster, call, document, applied=owners)


def _applied(call: Call, configuration: Document, live: Document) -> Wanted:
    result = _merge(call, configuration, live)
    if result.conflicts:
        raise conflicting(result.conflicts)
    merged = result.object
    sent = configuration["metadata"]
    document = {**merged, "metadata": {**merged["metadata"]}}
    version = sent.get("resourceVersion", "")
    return Wanted(document, version=version, is_owned=True)


def conflicting(conflicts: Sequence[Conflict]) -> ApiError:
    """Refuse an apply that would take fields from others."""
    causes = [{"reason": "FieldManagerConflict", "message": taken.message, "field": taken.field} for taken in conflicts]
    return ApiError(409, "Conflict", conflict_message(conflicts), details={"causes": causes})
