"""Which fields of an object its schema does not know: they are dropped, and named for warnings and strict requests.

Separate from validation because a dropped field is no error of the object. Invariant: pruning twice is pruning once,
and an object that holds nothing unknown is returned itself.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.schemas.schema import Schema


def prune(
    obj: dict[str, Any], schema: Schema, *, known: dict[str, Any] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the object without undeclared fields, and the sorted paths of those fields.

    `known` is an object that was pruned by this schema: members that are its very own are not looked at again.
    """
    unknown: list[str] = []
    if known is None:
        pruned: dict[str, Any] = _prune(obj, schema, "", unknown)
        return pruned, sorted(unknown)
    fresh = {name: value for name, value in obj.items() if known.get(name) is not value}
    kept = _prune(fresh, schema, "", unknown)
    if kept is fresh:
        return obj, []
    members = {name: kept.get(name, value) for name, value in obj.items() if name in kept or name not in fresh}
    return members, sorted(unknown)


def _prune(value: Any, schema: Schema, path: str, unknown: list[str]) -> Any:
    if type(value) is dict:
        return _prune_map(value, schema, path, unknown)
    if type(value) is list and schema.items is not None:
        return _prune_list(value, schema.items, path, unknown)
    return value


def _prune_map(value: dict[str, Any], schema: Schema, path: str, unknown: list[str]) -> dict[str, Any]:
    if schema.additional is schema or (schema.type not in ("object", "") and not schema.properties):
        return value
    kept = value
    for name, inner in value.items():
        child = schema.properties.get(name) or schema.additional
        if child is None:
            if schema.preserve:
                continue
            unknown.append(f"{path}.{name}" if path else name)
            if kept is value:
                kept = dict(value)
            del kept[name]
        elif type(inner) is dict or type(inner) is list:
            result = _prune(inner, child, f"{path}.{name}" if path else name, unknown)
            if result is not inner:
                if kept is value:
                    kept = dict(value)
                kept[name] = result
    return kept


def _prune_list(value: list[Any], items: Schema, path: str, unknown: list[str]) -> list[Any]:
    kept = value
    for position, inner in enumerate(value):
        if type(inner) is dict or type(inner) is list:
            result = _prune(inner, items, f"{path}[{position}]", unknown)
            if result is not inner:
                if kept is value:
                    kept = list(value)
                kept[position] = result
    return kept
