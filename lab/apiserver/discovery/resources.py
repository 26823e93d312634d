"""Decides how served resources are listed, in the legacy and in the aggregated form.

Separate and pure: from a catalog to documents. Invariant: both forms list the same resources.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from lab.apiserver.documents import Document, api_version
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.registry.resources import STATUS_VERBS, Resource

_OTHER_KINDS = {
    "scale": ("autoscaling", "v1", "Scale", STATUS_VERBS),
    "binding": ("", "v1", "Binding", ("create",)),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
}


def _storage_hash(resource: Resource) -> str:
    text = f"{resource.group}/{resource.storage_version or resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def resource_list(catalog: Catalog, group: str, version: str) -> Document | None:
    """Return the APIResourceList of one group version."""
    resources = catalog.resources(group, version)
    if not resources:
        return None
    listed: list[Document] = []
    for resource in sorted(resources, key=lambda item: item.plural):
        listed.append(_entry(resource))
        listed += [_subresource_entry(resource, name) for name in sorted(resource.subresources)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": listed,
    }


def _entry(resource: Resource) -> Document:
    entry: Document = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.verbs != ("create",):
        entry["storageVersionHash"] = _storage_hash(resource)
    return entry


def _subresource_entry(resource: Resource, name: str) -> Document:
    group, version, kind, verbs = _subresource_kind(resource, name)
    entry: Document = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": list(verbs),
    }
    if (group, version) != (resource.group, resource.version):
        entry |= {"group": group, "version": version}
    return entry


def _subresource_kind(resource: Resource, name: str) -> tuple[str, str, str, tuple[str, ...]]:
    own = (resource.group, resource.version, resource.kind, ("update",) if name == "finalize" else STATUS_VERBS)
    return _OTHER_KINDS.get(name, own)


def group_document(catalog: Catalog, group: str) -> Document | None:
    """Return the APIGroup of one group."""
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in catalog.versions(group)]
    if not versions or not group:
        return None
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": group,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def group_list(catalog: Catalog) -> Document:
    """Return the APIGroupList."""
    groups = []
    for name in catalog.group_names():
        document = group_document(catalog, name)
        assert document is not None
        groups.append({key: value for key, value in document.items() if key not in ("kind", "apiVersion")})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def aggregated(catalog: Catalog, groups: list[str], release: str) -> Document:
    """Return the APIGroupDiscoveryList of some groups; `release` is v2 or v2beta1."""
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{release}",
        "metadata": {},
        "items": [_aggregated_group(catalog, group) for group in groups],
    }


def _aggregated_group(catalog: Catalog, group: str) -> Document:
    versions = [
        {
            "version": version,
            "freshness": "Current",
            "resources": [
                _aggregated_resource(resource)
                for resource in sorted(catalog.resources(group, version), key=lambda item: item.plural)
            ],
        }
        for version in catalog.versions(group)
    ]
    return {
        "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
        "versions": versions,
    }


def _kind(group: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": kind}


def _aggregated_resource(resource: Resource) -> Document:
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = []
        for name in sorted(resource.subresources):
            group, version, kind, verbs = _subresource_kind(resource, name)
            entry["subresources"].append(
                {"subresource": name, "responseKind": _kind(group, version, kind), "verbs": list(verbs)}
            )
    return entry
