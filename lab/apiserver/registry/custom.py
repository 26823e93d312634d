"""Decides how a CustomResourceDefinition becomes resources: one for each served version.

Separate from the life of definitions, which says when. Invariant: a definition that is served has one storage
version, and all its resources keep their objects in one collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.registry.columns import Column
from lab.apiserver.registry.resources import LazySchema, Resource, ScalePaths
from lab.apiserver.schemas.schema import Schema
from lab.apiserver.views.builtin_columns import NAME
from lab.apiserver.views.custom_columns import custom_column

_AGE = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
    "description": (
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
        "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It "
        "is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More "
        "info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
    ),
}


def simple_path(text: str) -> tuple[str, ...]:
    """Return a path such as `.spec.replicas` as keys."""
    return tuple(part for part in text.split(".") if part)


def custom_resources(definition: Document) -> list[Resource]:
    """Make the resources of a definition, one for each served version."""
    spec = definition["spec"]
    storage = next(version for version in spec["versions"] if version.get("storage"))
    schemas = {version["name"]: _schema(version) for version in spec["versions"]}
    served = [version for version in spec["versions"] if version.get("served")]
    terminating = bool(definition["metadata"].get("deletionTimestamp"))
    common = _Common(
        spec, storage["name"], schemas, {item["name"]: schemas[item["name"]] for item in served}, terminating
    )
    return [common.resource(version) for version in served]


def all_selectable(definition: Document) -> Mapping[str, tuple[str, ...]]:
    """Return the selectable fields of all versions, for the one collection that they share."""
    fields: dict[str, tuple[str, ...]] = {}
    for version in definition["spec"]["versions"]:
        fields |= _selectable(version)
    return fields


def _openapi(version: Mapping[str, Any]) -> Mapping[str, Any]:
    return (version.get("schema") or {}).get("openAPIV3Schema") or {"x-kubernetes-preserve-unknown-fields": True}


def _schema(version: Mapping[str, Any]) -> LazySchema:
    openapi = _openapi(version)
    return LazySchema(lambda: Schema.compile(openapi))


def _selectable(version: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    paths = [field["jsonPath"] for field in version.get("selectableFields") or ()]
    return {path.lstrip("."): simple_path(path) for path in paths}


def _scale(version: Mapping[str, Any]) -> ScalePaths | None:
    scale = (version.get("subresources") or {}).get("scale")
    if not scale:
        return None
    selector = scale.get("labelSelectorPath")
    return ScalePaths(
        simple_path(scale["specReplicasPath"]),
        simple_path(scale["statusReplicasPath"]),
        simple_path(selector) if selector else None,
    )


class _Common:
    """What all versions of a definition share."""

    def __init__(
        self,
        spec: Document,
        storage: str,
        schemas: Mapping[str, LazySchema],
        served: Mapping[str, LazySchema],
        terminating: bool,
    ) -> None:
        self._spec = spec
        self._storage = storage
        self._schemas = schemas
        self._served = served
        self._terminating = terminating

    def resource(self, version: Mapping[str, Any]) -> Resource:
        """Make the resource of one version."""
        spec, names = self._spec, self._spec["names"]
        subresources = version.get("subresources") or {}
        return Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            schema=self._schemas[version["name"]],
            singular=names.get("singular") or names["kind"].lower(),
            list_kind=names.get("listKind") or f"{names['kind']}List",
            storage_version=self._storage,
            served_versions=self._served,
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=frozenset(name for name in ("status", "scale") if subresources.get(name) is not None),
            custom=True,
            scale=_scale(version),
            selectable=_selectable(version),
            columns=_columns(version),
            deprecation=self._deprecation(version),
            storage_schema=self._schemas[self._storage],
            openapi=_openapi(version),
            terminating=self._terminating,
        )

    def _deprecation(self, version: Mapping[str, Any]) -> str:
        if not version.get("deprecated"):
            return ""
        default = f"{self._spec['group']}/{version['name']} {self._spec['names']['kind']} is deprecated"
        return str(version.get("deprecationWarning") or default)


def _columns(version: Mapping[str, Any]) -> tuple[Column, ...]:
    declared = version.get("additionalPrinterColumns") or [_AGE]
    return (NAME, *(custom_column(column) for column in declared))
