"""What a schema fills in: defaults of missing fields, and what becomes of null.

Null in a field that may not be null counts as missing: it is dropped, then defaulted; inside a list it stays for
validation to refuse. Separate from validation because it changes the object. Invariant: defaulting twice is defaulting
once, and an object that lacks nothing is returned itself.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.schemas.schema import MISSING, Schema


def apply_defaults(
    obj: dict[str, Any], schema: Schema, *, drop_nulls: bool = True, known: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the object with nulls dropped and defaults filled in; an apply keeps its nulls, to be refused.

    `known` is an object that lacks nothing by this schema: members that are its very own are not looked at again.
    """
    if known is None:
        filled: dict[str, Any] = _fill(obj, schema, drop_nulls)
        return filled
    fresh = {name: value for name, value in obj.items() if known.get(name) is not value}
    found = _fill(fresh, schema, drop_nulls)
    if found is fresh:
        return obj
    added = {name: value for name, value in found.items() if name in fresh or name not in obj}
    return {name: value for name, value in obj.items() if name not in fresh or name in found} | added


def _fill(value: Any, schema: Schema, drop_nulls: bool) -> Any:
    if type(value) is dict:
        return _fill_map(value, schema, drop_nulls)
    if type(value) is list and schema.items is not None:
        return _fill_list(value, schema.items, drop_nulls)
    return value


def _fill_map(value: dict[str, Any], schema: Schema, drop_nulls: bool) -> dict[str, Any]:
    if schema.additional is schema:
        return value
    filled = value
    for name, inner in value.items():
        child = schema.properties.get(name) or schema.additional
        if child is None:
            continue
        if inner is None:
            keeps_null = child.nullable or (child.default is MISSING and not drop_nulls)
            result = None if keeps_null else child.default
        elif type(inner) is dict or type(inner) is list:
            result = _fill(inner, child, drop_nulls)
        else:
            continue
        if result is not inner:
            if filled is value:
                filled = dict(value)
            if result is MISSING:
                del filled[name]
            else:
                filled[name] = _fill(result, child, drop_nulls)
    for name in schema.defaulted:
        if name not in filled:
            if filled is value:
                filled = dict(value)
            child = schema.properties[name]
            filled[name] = _fill(child.default, child, drop_nulls)
    return filled


def _fill_list(value: list[Any], items: Schema, drop_nulls: bool) -> list[Any]:
    filled = value
    for position, inner in enumerate(value):
        result = _fill(inner, items, drop_nulls)
        if inner is None and not items.nullable and items.default is not MISSING:
            result = _fill(items.default, items, drop_nulls)
        if result is not inner:
            if filled is value:
                filled = list(value)
            filled[position] = result
    return filled
