"""Which request asks for what: paths, queries, content types and bodies. Pure.

Patches always name their type, and an apply carries JSON, which is legal YAML. `resourceVersion` is never sent with a
list: without it the answer is consistent, with `0` it may be old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import Ref, Resource
from shared.kube.transport import JSON, Call
from shared.ports.cluster import Selection

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
PAGE = 500

_METADATA = "application/json;as=PartialObjectMetadata{suffix};g=meta.k8s.io;v=v1"


def get(ref: Ref) -> Call:
    """Ask for one object."""
    return Call("get", ref.resource.group_resource, "GET", ref.path)


def apply(manifest: Manifest, *, manager: str, subresource: str, force: bool, dry_run: bool) -> Call:
    """Apply a manager's whole set to one object."""
    ref = ref_of(manifest)
    query = {"fieldManager": manager, "force": "true" if force else "false"}
    return Call(
        "apply",
        ref.resource.group_resource,
        "PATCH",
        ref.resource.path(ref.namespace, ref.name, subresource),
        query | ({"dryRun": "All"} if dry_run else {}),
        orjson.dumps(manifest),
        APPLY,
    )


def create(manifest: Manifest, *, manager: str) -> Call:
    """Create one object."""
    ref = ref_of(manifest)
    path = ref.resource.path(ref.namespace)
    return Call("create", ref.resource.group_resource, "POST", path, {"fieldManager": manager}, orjson.dumps(manifest))


def patch(ref: Ref, operations: Sequence[Mapping[str, object]], *, manager: str, subresource: str) -> Call:
    """Change one object by a JSON patch."""
    return Call(
        "patch",
        ref.resource.group_resource,
        "PATCH",
        ref.resource.path(ref.namespace, ref.name, subresource),
        {"fieldManager": manager},
        orjson.dumps([dict(operation) for operation in operations]),
        JSON_PATCH,
    )


def delete(ref: Ref, *, uid: str, version: str, propagation: str) -> Call:
    """Delete one object if it is still the one that is meant."""
    preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
    options = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": preconditions,
        "propagationPolicy": propagation,
    }
    return Call("delete", ref.resource.group_resource, "DELETE", ref.path, {}, orjson.dumps(options))


def may(verb: str, resource: Resource) -> Call:
    """Ask whether the caller may do something; the server answers a review and stores nothing."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": verb, "group": resource.group, "resource": resource.plural}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return Call("create", "selfsubjectaccessreviews.authorization.k8s.io", "POST", path, {}, orjson.dumps(review))


def page(resource: Resource, selection: Selection, *, limit: int, token: str) -> Call:
    """Ask for one page of a list."""
    query = _selectors(selection) | ({"limit": str(limit)} if limit else {}) | ({"continue": token} if token else {})
    path = resource.path(selection.namespace)
    return Call("list", resource.group_resource, "GET", path, query, accept=_accept(selection, "List"))


def watch(resource: Resource, selection: Selection, *, version: int, lifetime: int) -> Call:
    """Ask for what happens behind a version."""
    query = {
        **_selectors(selection),
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": str(version),
        "timeoutSeconds": str(lifetime),
    }
    path = resource.path(selection.namespace)
    return Call("watch", resource.group_resource, "GET", path, query, accept=_accept(selection, ""))


def _selectors(selection: Selection) -> dict[str, str]:
    given = {"labelSelector": selection.label_selector, "fieldSelector": selection.field_selector}
    return {name: selector for name, selector in given.items() if selector}


def _accept(selection: Selection, suffix: str) -> str:
    return f"{_METADATA.format(suffix=suffix)},{JSON}" if selection.metadata_only else JSON
