"""One small custom kind with every way in which fields are owned, and builders that say only what matters."""

from __future__ import annotations

from typing import Any, Final

from lab.apiserver.ownership.fields import FieldSet
from lab.apiserver.ownership.managers import ApplyResult, server_side_apply, track_write
from lab.apiserver.schemas.schema import Schema

API_VERSION: Final = "example.com/v1"
NOON: Final = "2026-01-01T12:00:00Z"
LATER: Final = "2026-01-01T13:00:00Z"
_STRING: Final = {"type": "string"}
_ENTRY: Final = {"type": "object", "properties": {"name": _STRING, "value": _STRING}}

BOX: Final = Schema.compile(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "color": _STRING,
                    "open": {"type": "boolean"},
                    "limits": {"type": "object", "properties": {"cpu": _STRING, "memory": _STRING}},
                    "labels": {"type": "object", "additionalProperties": _STRING},
                    "parts": {"type": "object", "additionalProperties": _ENTRY},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "plain": {"type": "array", "items": _STRING},
                    "tags": {"type": "array", "items": _STRING, "x-kubernetes-list-type": "set"},
                    "env": {
                        "type": "array",
                        "items": _ENTRY,
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                    },
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {
                            "type": "object",
                            "properties": {
                                "port": {"type": "integer"},
                                "protocol": {"type": "string", "default": "TCP"},
                                "name": _STRING,
                            },
                        },
                    },
                    "pair": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "properties": {"a": _STRING, "b": _STRING},
                    },
                    "port": {"x-kubernetes-int-or-string": True},
                },
            },
            "status": {"type": "object", "properties": {"phase": _STRING}},
        },
    }
)


def a_box(**spec: Any) -> dict[str, Any]:
    """Return a box without owners."""
    return {"apiVersion": API_VERSION, "kind": "Box", "metadata": {"name": "b"}, "spec": spec}


def apply(
    live: dict[str, Any] | None,
    manager: str = "m1",
    *,
    force: bool = False,
    time: str = NOON,
    **spec: Any,
) -> ApplyResult:
    """Apply a box with this specification."""
    return server_side_apply(
        live, a_box(**spec), schema=BOX, manager=manager, force=force, api_version=API_VERSION, time=time
    )


def update(
    live: dict[str, Any] | None, new: dict[str, Any], manager: str = "editor", *, time: str = NOON, **options: Any
) -> dict[str, Any]:
    """Write a box as a create, update or patch does."""
    return track_write(live, new, schema=BOX, manager=manager, api_version=API_VERSION, time=time, **options)


def with_spec(obj: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return the object with some fields of its specification changed."""
    return {**obj, "spec": {**obj["spec"], **spec}}


def owned(obj: dict[str, Any], manager: str = "m1", operation: str = "Apply") -> list[str]:
    """Return the paths that a manager owns."""
    return [
        path
        for entry in obj["metadata"].get("managedFields", [])
        if (entry["manager"], entry["operation"]) == (manager, operation)
        for path in FieldSet.decode(entry["fieldsV1"]).paths()
    ]


def times(obj: dict[str, Any]) -> dict[str, str | None]:
    """Return the time of each manager's entry."""
    return {entry["manager"]: entry.get("time") for entry in obj["metadata"].get("managedFields", [])}


def edited_by_many(count: int) -> dict[str, Any]:
    """Return a box that so many managers have written to, one label and one second after the other."""
    box = update(None, a_box(labels={}), "creator")
    for number in range(count):
        labels = {**box["spec"]["labels"], f"l{number}": "x"}
        box = update(box, with_spec(box, labels=labels), f"m{number:02}", time=f"2026-01-01T13:00:{number:02}Z")
    return box
