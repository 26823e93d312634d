"""The Secrets, ConfigMaps and claims that a manifest only refers to: whoever applies it has them already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from shared.core.json import items, mapping, text
from shared.core.resources import CONFIG_MAPS, GRAPHS, SECRETS, VOLUME_CLAIMS, Resource

FOUND_THERE = {"lab.record/precreated": "true"}  # the recording tool leaves out what carries this annotation
_FIELDS = {
    "envFromSecret": (SECRETS, ""),
    "secretRef": (SECRETS, "name"),
    "secretKeyRef": (SECRETS, "name"),
    "secret": (SECRETS, "secretName"),
    "configMapRef": (CONFIG_MAPS, "name"),
    "configMapKeyRef": (CONFIG_MAPS, "name"),
    "configMap": (CONFIG_MAPS, "name"),
}


def contents_found_there(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the Secrets and ConfigMaps that the documents refer to and do not hold, with the keys that they need."""
    given = list(documents)
    keys: dict[tuple[Resource, str], dict[str, str]] = {}
    for resource, name, key in (found for document in given for found in _references(document)):
        content = keys.setdefault((resource, name), {})
        if key:
            content[key] = "bGFi" if resource is SECRETS else "lab"
    held = _held(given)
    return [
        _object(resource, name, data=content)
        for (resource, name), content in keys.items()
        if (resource.kind, name) not in held
    ]


def claims_found_there(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims that graphs name, do not make, and that no document holds."""
    given = list(documents)
    graphs = [each for each in given if each["kind"] == GRAPHS.kind]
    claims = [mapping(claim) for graph in graphs for claim in items(graph, "spec", "pvcs")]
    names = dict.fromkeys(text(claim, "name") for claim in claims if not claim.get("create"))
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    held = _held(given)
    return [_object(VOLUME_CLAIMS, name, spec=spec) for name in names if (VOLUME_CLAIMS.kind, name) not in held]


def _references(value: Any) -> Iterator[tuple[Resource, str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        resource, field = _FIELDS.get(name, (None, ""))
        if resource is not None and isinstance(inner, dict) and isinstance(inner.get(field), str):
            yield resource, inner[field], str(inner.get("key") or "")
        elif resource is not None and isinstance(inner, str):
            yield resource, inner, ""
        else:
            yield from _references(inner)


def _held(documents: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["kind"], each["metadata"]["name"]) for each in documents}


def _object(resource: Resource, name: str, **content: Any) -> dict[str, Any]:
    metadata = {"name": name, "annotations": dict(FOUND_THERE)}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}
