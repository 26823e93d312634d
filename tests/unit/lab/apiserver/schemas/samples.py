"""One small custom kind that uses every kind of field, and builders for its objects."""

from __future__ import annotations

from typing import Any, Final

from lab.apiserver.schemas.schema import Schema

_STRING: Final = {"type": "string"}

SPEC: Final[dict[str, Any]] = {
    "size": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 50},
    "ratio": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": True, "minimum": 0},
    "color": {"type": "string", "enum": ["red", "green"]},
    "note": {"type": "string", "maxLength": 5, "minLength": 2, "pattern": "^[a-z]*$"},
    "at": {"type": "string", "format": "date-time"},
    "enabled": {"type": "boolean", "default": True},
    "maybe": {"type": "string", "nullable": True},
    "fallback": {"type": "string", "nullable": True, "default": "x"},
    "port": {"x-kubernetes-int-or-string": True},
    "limits": {
        "type": "object",
        "default": {"cpu": 1},
        "properties": {"cpu": {"type": "integer"}, "memory": {"type": "string", "default": "1Gi"}},
    },
    "labels": {"type": "object", "maxProperties": 2, "minProperties": 1, "additionalProperties": {"type": "string"}},
    "names": {"type": "array", "maxItems": 2, "minItems": 1, "items": _STRING},
    "unique": {"type": "array", "uniqueItems": True, "items": _STRING},
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": _STRING},
    "ports": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {
            "type": "object",
            "required": ["port"],
            "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
        },
    },
    "free": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"known": {"type": "integer"}},
    },
    "template": {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    },
    "one": {
        "type": "object",
        "properties": {"a": _STRING, "b": _STRING},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "some": {"type": "integer", "anyOf": [{"minimum": 10}, {"maximum": 1}], "not": {"enum": [11]}},
    "every": {"type": "integer", "allOf": [{"minimum": 2}, {"maximum": 3}]},
}

BOX: Final = Schema.compile(
    {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 8}}},
            "spec": {"type": "object", "properties": SPEC},
        },
    }
)


def a_box(**spec: Any) -> dict[str, Any]:
    """Return a box with this specification."""
    return {"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": "b"}, "spec": spec}


def with_rules(openapi: dict[str, Any], *rules: dict[str, Any]) -> Schema:
    """Return a kind whose field `spec` has this schema and these rules."""
    spec = {**openapi, "x-kubernetes-validations": list(rules)}
    return Schema.compile({"type": "object", "properties": {"spec": spec}})


def whose(spec: Any) -> dict[str, Any]:
    """Return an object whose field `spec` is any value."""
    return {"spec": spec}
