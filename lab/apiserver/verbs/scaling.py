"""Decides what the scale subresource shows and writes: one number of the object behind it.

Separate, because its requests and answers are of another kind than the object's. Invariant: it never changes more
than the replicas path.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.documents import Document
from lab.apiserver.registry.resources import Resource, ScalePaths, read_path


def scale_of(document: Document, resource: Resource, paths: ScalePaths) -> Document:
    """Return the Scale of an object."""
    metadata = document["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Document = {"replicas": read_path(document, paths.status_replicas) or 0}
    selector = _selector_text(read_path(document, paths.selector)) if paths.selector else ""
    if selector:
        status["selector"] = selector
    spec: Document = {}
    replicas = read_path(document, paths.spec_replicas)
    if replicas is not None:
        spec["replicas"] = replicas
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": spec,
        "status": status,
    }


def _selector_text(selector: Any) -> str:
    if isinstance(selector, str):
        return selector
    labels = (selector or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def with_replicas(document: Document, paths: ScalePaths, replicas: Any) -> Document:
    """Return the object with another number of replicas; only the changed path is copied."""
    return _with(document, paths.spec_replicas, replicas)


def _with(document: Document, path: tuple[str, ...], value: Any) -> Document:
    if len(path) == 1:
        return {**document, path[0]: value}
    inner = document.get(path[0])
    return {**document, path[0]: _with(inner if isinstance(inner, dict) else {}, path[1:], value)}


def replicas_owners(document: Document, paths: ScalePaths, manager: str) -> list[tuple[str, str]]:
    """Return who else owns the replicas: each manager, and how a conflict with it reads."""
    found: list[tuple[str, str]] = []
    for entry in document["metadata"].get("managedFields") or ():
        is_apply = entry.get("operation") == "Apply"
        if (is_apply and entry.get("manager") == manager) or not _holds(
            entry.get("fieldsV1") or {}, paths.spec_replicas
        ):
            continue
        text = f'conflict with "{entry.get("manager", "")}"'
        if entry.get("subresource"):
            text += f' with subresource "{entry["subresource"]}"'
        found.append((entry.get("manager", ""), text if is_apply else f"{text} using autoscaling/v1"))
    return found


def _holds(fields: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        fields = fields.get(f"f:{part}") if isinstance(fields, dict) else None
    return fields is not None
