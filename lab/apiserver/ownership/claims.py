"""Which fields an applied configuration claims, and whether it fits its schema closely enough to be owned.

Claiming and checking are one walk because every apply pays for it: the walk gives up at the first misfit, and only then
the slower search in `typed` says everything that is wrong. Invariant: the claims of a list hold its items in the order
in which the configuration has them, which merging relies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.apiserver.ownership.fields import FieldSet, Tree, value_element
from lab.apiserver.ownership.typed import AppliedObjectError, typed_errors
from lab.apiserver.ownership.values import items_of, keyed_element
from lab.apiserver.schemas.compilation import ATOMIC_ARBITRARY
from lab.apiserver.schemas.schema import Schema, Shape

_LEAF = Shape.LEAF
_KEYED = Shape.KEYED


class _MisfitError(Exception):
    """Something in the configuration does not fit; what, is found out afterwards."""


def fields_of(obj: Mapping[str, Any], schema: Schema) -> FieldSet:
    """Return the fields that a configuration claims; raise AppliedObjectError where it does not fit its schema."""
    return FieldSet(claims(obj, schema))


def claims(applied: Mapping[str, Any], schema: Schema) -> Tree:
    """Return the tree of the fields that a configuration claims."""
    try:
        return _of_map(schema, applied)
    except _MisfitError:
        raise AppliedObjectError(typed_errors(applied, schema)) from None


def _of_map(schema: Schema, applied: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    properties = schema.properties
    for name, value in applied.items():
        child = properties.get(name)
        if child is None:
            node = _of_value(_undeclared(schema), value)
            tree[f"f:{name}"] = {".": {}, **node} if node else {}
        elif child.accepts is not None:
            if type(value) not in child.accepts:
                raise _MisfitError
            tree[f"f:{name}"] = {}
        else:
            node = _of_value(child, value)
            if node is not None:
                tree[f"f:{name}"] = node
    return tree


def _undeclared(schema: Schema) -> Schema:
    if schema.additional is not None:
        return schema.additional
    if schema.type:
        raise _MisfitError
    return ATOMIC_ARBITRARY


def _of_value(schema: Schema, value: Any) -> Tree | None:
    """Return the node that a value claims, None if it claims nothing (a list without items)."""
    kind = type(value)
    if value is None:
        return {}
    if schema.accepts is not None:
        if kind not in schema.accepts:
            raise _MisfitError
        return {}
    if kind is dict:
        if schema.type == "array":
            raise _MisfitError
        node = _of_map(schema, value)
        return {} if schema.shape is _LEAF else node or (None if value else {})
    if kind is list:
        if schema.type == "object":
            raise _MisfitError
        return _of_list(schema, value)
    if schema.type:
        raise _MisfitError
    return {}


def _of_list(schema: Schema, values: list[Any]) -> Tree | None:
    items = items_of(schema)
    node: Tree = {}
    if schema.shape is _KEYED:
        for item in values:
            element = keyed_element(schema, item) if type(item) is dict else None
            if element is None or element in node:
                raise _MisfitError
            below = _of_value(items, item)
            node[element] = {".": {}, **below} if below else {}
    elif schema.shape is Shape.SET:
        for item in values:
            if type(item) is dict or type(item) is list:
                raise _MisfitError
            _of_value(items, item)
            element = value_element(item)
            if element in node:
                raise _MisfitError
            node[element] = {}
    else:
        for item in values:
            _of_value(items, item)
        return {}
    return node or None
