"""Makes the structural OpenAPI schema of a model, as an API server enforces it.

The models are the only place where a field is described; what is generated here can never disagree with what the
services read. Embedded Kubernetes objects are open objects without descriptions, which keeps each CRD small enough
for client-side apply.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from shared.api.facets import QUANTITY_PATTERN, Facets
from shared.api.objects import ApiModel, KubernetesObject, ObjectMeta

Schema = dict[str, Any]

_NO_FACETS = Facets()
_SCALARS: dict[object, str] = {str: "string", bool: "boolean", int: "integer"}
_FRAME = {
    "apiVersion": "Version of the schema that this object was written in.",
    "kind": "Name of the REST resource that this object represents.",
}


def object_schema(model: type[KubernetesObject]) -> Schema:
    """Return the schema of a whole kind: the frame that every kind has, then its own parts."""
    schema = _model_schema(model)
    frame = {name: {"type": "string", "description": text} for name, text in _FRAME.items()}
    return {**schema, "properties": {**schema["properties"], **frame, "metadata": {"type": "object"}}}


def _model_schema(model: type[ApiModel]) -> Schema:
    fields = model.model_fields
    required = [_name(name, field) for name, field in fields.items() if _facets(field).required]
    schema: Schema = {
        "type": "object",
        "description": _summary(model),
        "properties": {_name(name, field): _field_schema(field) for name, field in fields.items()},
    }
    if required:
        schema["required"] = sorted(required)
    if model.schema_rules:
        schema["x-kubernetes-validations"] = [
            {"rule": each.rule, "message": each.message} for each in model.schema_rules
        ]
    return schema


def _field_schema(field: FieldInfo) -> Schema:
    facets = _facets(field)
    schema = _type_schema(field.annotation) | facets.keywords()
    if field.description:
        schema["description"] = field.description
    if facets.item_names:
        schema["items"] |= {
            "properties": {name: {"type": "string"} for name in facets.item_names},
            "required": list(facets.item_names),
        }
    return schema


def _type_schema(annotation: object) -> Schema:
    if annotation in _SCALARS:
        return {"type": _SCALARS[annotation]}
    if isinstance(annotation, type) and issubclass(annotation, ObjectMeta):
        return {"type": "object"}
    if isinstance(annotation, type) and issubclass(annotation, ApiModel):
        return _model_schema(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _union_schema(arguments)
    if origin is list:
        return {"type": "array", "items": _type_schema(arguments[0])}
    if origin is dict:
        return _map_schema(arguments[1])
    raise TypeError(f"no schema for {annotation!r}")


def _union_schema(members: tuple[object, ...]) -> Schema:
    kinds = [member for member in members if member is not NoneType]
    if set(kinds) == {int, str}:
        return {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY_PATTERN,
            "x-kubernetes-int-or-string": True,
        }
    if len(kinds) != 1:
        raise TypeError(f"no schema for a union of {kinds!r}")
    return _type_schema(kinds[0])


def _map_schema(value: object) -> Schema:
    if value is Any:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "additionalProperties": _type_schema(value)}


def _facets(field: FieldInfo) -> Facets:
    return next((each for each in field.metadata if isinstance(each, Facets)), _NO_FACETS)


def _name(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _summary(model: type[ApiModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]
