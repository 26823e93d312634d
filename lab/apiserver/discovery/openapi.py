"""Decides what the OpenAPI documents say of the served resources.

Separate from the schemas that the server itself works with: these are for clients, above all kubectl. Invariant: a
path lists exactly the verbs that discovery lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.registry.resources import Resource
from lab.apiserver.schemas.builtin import definitions

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_REFERENCE = "#/components/schemas/"
_VALIDATION_TEXT = (
    "fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing unknown "
    "or duplicate fields. Valid values are: - Ignore: This will ignore any unknown fields that are silently dropped "
    "from the object, and will ignore all but the last duplicate field that the decoder encounters. This is the "
    "default behavior prior to v1.23. - Warn: This will send a warning via the standard warning response header for "
    "each unknown field that is dropped from the object, and for each duplicate field that is encountered. The request "
    "will still succeed if there are no other errors, and will only persist the last of any duplicate fields. This is "
    "the default in v1.23+ - Strict: This will fail the request with a BadRequest error if any unknown fields would be "
    "dropped from the object, or if any duplicate fields are present. The error returned from the server will contain "
    "all unknown and duplicate fields encountered."
)
_API_TEXT = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND_TEXT = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_META_TEXT = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


def openapi_v3_paths(catalog: Catalog) -> Document:
    """Return the index of the OpenAPI v3 documents."""
    places = [("", version, f"api/{version}") for version in catalog.versions("")]
    for group in catalog.group_names():
        places += [(group, version, f"apis/{group}/{version}") for version in catalog.versions(group)]
    return {
        "paths": {
            place: {"serverRelativeURL": _url(catalog, group, version, place)} for group, version, place in places
        }
    }


def _url(catalog: Catalog, group: str, version: str, place: str) -> str:
    described = [(item.kind, item.plural, item.openapi) for item in catalog.resources(group, version)]
    digest = hashlib.sha512(dumps(described)).hexdigest().upper()
    return f"/openapi/v3/{place}?hash={digest}"


def openapi_v3(catalog: Catalog, group: str, version: str) -> Document | None:
    """Return the OpenAPI v3 document of one group version."""
    resources = catalog.resources(group, version)
    if not resources:
        return None
    schemas = _Schemas()
    paths: Document = {}
    for resource in resources:
        schemas.add(resource)
        paths |= _paths(resource)
    schemas.reference(f"{_META}.Patch")
    schemas.reference(f"{_META}.DeleteOptions")
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths,
        "components": {"schemas": schemas.collected()},
    }


def schema_name(resource: Resource) -> str:
    """Return the name of a kind's schema."""
    if resource.custom:
        return ".".join((*reversed(resource.group.split(".")), resource.version, resource.kind))
    served = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return _served_names().get((served["group"], served["version"], served["kind"]), resource.kind)


_NAMES: dict[tuple[str, str, str], str] = {}


def _served_names() -> dict[tuple[str, str, str], str]:
    if not _NAMES:
        for name, definition in definitions().items():
            for served in definition.get("x-kubernetes-group-version-kind", ()):
                _NAMES.setdefault((served["group"], served["version"], served["kind"]), name)
    return _NAMES


class _Schemas:
    """The schemas that a document needs, each with those that it refers to."""

    def __init__(self) -> None:
        self._found: dict[str, Document] = {}
        self._wanted: list[str] = []

    def add(self, resource: Resource) -> None:
        """Add the schema of a kind, and of its list."""
        name = schema_name(resource)
        if not resource.custom:
            self.reference(name)
            return
        self._found[name] = _custom_schema(resource)
        self.reference(f"{_META}.ObjectMeta")
        self.reference(f"{_META}.ListMeta")
        self._found[f"{name}List"] = _custom_list(resource, name)

    def reference(self, name: str) -> None:
        """Say that a built-in schema is needed."""
        self._wanted.append(name)

    def collected(self) -> Document:
        """Return all schemas that are needed."""
        while self._wanted:
            name = self._wanted.pop()
            definition = definitions().get(name)
            if name in self._found or definition is None:
                continue
            self._found[name] = _rewritten(definition, self._wanted)
        return dict(sorted(self._found.items()))


def _rewritten(value: Any, wanted: list[str]) -> Any:
    """Return a stored definition as OpenAPI v3 writes it: references of this document, one type."""
    if isinstance(value, list):
        return [_rewritten(item, wanted) for item in value]
    if not isinstance(value, Mapping):
        return value
    result: Document = {}
    for key, inner in value.items():
        if key == "$ref" and isinstance(inner, str):
            name = inner.rsplit("/", 1)[-1]
            wanted.append(name)
            result[key] = _REFERENCE + name
        elif key == "type" and isinstance(inner, list):
            named = [item for item in inner if item != "null"]
            if len(named) == 1:
                result[key] = named[0]
        elif key not in ("additionalProperties",) or inner is not False:
            result[key] = _rewritten(inner, wanted)
    if isinstance(result.get("$ref"), str) and len(result) > 1:
        reference = result.pop("$ref")
        result["allOf"] = [{"$ref": reference}]
    return result


def _custom_schema(resource: Resource) -> Document:
    schema: Document = dict(resource.openapi or {"type": "object"})
    schema["properties"] = {
        **_int_or_string_added(schema.get("properties") or {}),
        "apiVersion": {"type": "string", "description": _API_TEXT},
        "kind": {"type": "string", "description": _KIND_TEXT},
        "metadata": {"description": _META_TEXT, "allOf": [{"$ref": f"{_REFERENCE}{_META}.ObjectMeta"}]},
    }
    schema["x-kubernetes-group-version-kind"] = [_gvk(resource)]
    return schema


def _int_or_string_added(value: Any) -> Any:
    """Return a schema in which int-or-string says so to clients that know no extensions."""
    if isinstance(value, list):
        return [_int_or_string_added(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: _int_or_string_added(inner) for key, inner in value.items()}
    if value.get("x-kubernetes-int-or-string") is True and "anyOf" not in value:
        result["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return result


def _custom_list(resource: Resource, name: str) -> Document:
    return {
        "type": "object",
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": _API_TEXT},
            "kind": {"type": "string", "description": _KIND_TEXT},
            "items": {"type": "array", "items": {"allOf": [{"$ref": _REFERENCE + name}]}},
            "metadata": {"allOf": [{"$ref": f"{_REFERENCE}{_META}.ListMeta"}]},
        },
        "x-kubernetes-group-version-kind": [{**_gvk(resource), "kind": resource.list_kind}],
    }


def _gvk(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "kind": resource.kind, "version": resource.version}


_ACTIONS = {"get": "get", "put": "update", "patch": "patch", "delete": "delete", "post": "create"}
_READING = {"get": "read", "put": "replace", "patch": "patch", "delete": "delete", "post": "create"}
_JSON_TYPES = ("application/json-patch+json", "application/merge-patch+json")


def _parameter(name: str, text: str = "", kind: str = "string") -> Document:
    return {"name": name, "in": "query", "description": text, "schema": {"type": kind, "uniqueItems": True}}


def _paths(resource: Resource) -> Document:
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{root}{scope}/{resource.plural}"
    paths: Document = {collection: _operations(resource, ("post",), is_collection=True)}
    paths[collection]["get"] = _operation(resource, "get", "list", f"list{_title(resource)}")
    if resource.verbs != ("create",):
        paths[f"{collection}/{{name}}"] = _operations(resource, ("get", "put", "patch", "delete"))
    for name in sorted(resource.subresources & {"status", "scale"}):
        paths[f"{collection}/{{name}}/{name}"] = _operations(
            resource, ("get", "put", "patch"), suffix=name.capitalize()
        )
    return paths


def _title(resource: Resource) -> str:
    group = "".join(part[:1].upper() + part[1:] for part in (resource.group or "core").split("."))
    version = resource.version[:1].upper() + resource.version[1:]
    return f"{group}{version}{'Namespaced' if resource.namespaced else ''}{resource.kind}"


def _operations(
    resource: Resource, methods: Iterable[str], *, is_collection: bool = False, suffix: str = ""
) -> Document:
    found: Document = {}
    for method in methods:
        if is_collection and _ACTIONS[method] not in resource.verbs:
            continue
        operation_id = f"{_READING[method]}{_title(resource)}{suffix}"
        found[method] = _operation(resource, method, _ACTIONS[method], operation_id)
    return found


def _operation(resource: Resource, method: str, action: str, operation_id: str) -> Document:
    name = _REFERENCE + schema_name(resource)
    operation: Document = {
        "operationId": operation_id,
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _gvk(resource),
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": name}}}}},
    }
    if method in ("post", "put", "patch"):
        operation["parameters"] = [
            _parameter("dryRun"),
            _parameter("fieldManager"),
            _parameter("fieldValidation", _VALIDATION_TEXT),
        ]
        operation["requestBody"] = _body(resource, method, name)
    if method == "patch":
        operation["parameters"].append(_parameter("force", kind="boolean"))
    return operation


def _body(resource: Resource, method: str, name: str) -> Document:
    if method != "patch":
        return {"content": {"application/json": {"schema": {"$ref": name}}}, "required": True}
    types = ["application/apply-patch+yaml", *_JSON_TYPES]
    if not resource.custom:
        types.append("application/strategic-merge-patch+json")
    patch = {"schema": {"$ref": f"{_REFERENCE}{_META}.Patch"}}
    return {"content": dict.fromkeys(types, patch), "required": True}


def openapi_v2(catalog: Catalog) -> Document:
    """Return the OpenAPI v2 document: the schemas of all kinds, for clients that know nothing newer."""
    schemas = _Schemas()
    resources = [
        item
        for group in ("", *catalog.group_names())
        for version in catalog.versions(group)
        for item in catalog.resources(group, version)
    ]
    for resource in resources:
        schemas.add(resource)
    document: Document = {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": {},
        "definitions": schemas.collected(),
    }
    rewritten: Document = _as_v2(document)
    return rewritten


def _as_v2(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_v2(item) for item in value]
    if not isinstance(value, Mapping):
        return (
            value.replace(_REFERENCE, "#/definitions/")
            if isinstance(value, str) and value.startswith(_REFERENCE)
            else value
        )
    result = {key: _as_v2(inner) for key, inner in value.items() if key not in ("anyOf", "oneOf", "nullable")}
    references = result.get("allOf")
    if isinstance(references, list) and len(references) == 1 and "$ref" in references[0]:
        del result["allOf"]
        result["$ref"] = references[0]["$ref"]
    return result
