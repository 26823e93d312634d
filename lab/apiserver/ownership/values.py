"""Which fields differ between two values, and what identifies the items of a list.

An update owns what it changed. Separate from the sets themselves because only here the schema decides what one field
is.
Invariant: lists are seen by the identity of their items, never by position, unless the schema calls them atomic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.apiserver.ownership.fields import Tree, key_element, value_element
from lab.apiserver.schemas.compilation import ATOMIC_ARBITRARY
from lab.apiserver.schemas.schema import Schema, Shape

_LEAF = Shape.LEAF
_KEYED = Shape.KEYED
_SET = Shape.SET


def is_map(schema: Schema, value: Any) -> bool:
    """Tell whether the fields of this value are owned one by one."""
    return type(value) is dict and schema.shape in (Shape.MAP, Shape.DEDUCED)


def is_list(schema: Schema, value: Any) -> bool:
    """Tell whether the items of this value are owned one by one."""
    return type(value) is list and (schema.shape is _KEYED or schema.shape is _SET)


def child_of(schema: Schema, name: str) -> Schema:
    """Return the schema of a field; what is not declared is one indivisible value."""
    return schema.properties.get(name) or schema.additional or ATOMIC_ARBITRARY


def items_of(schema: Schema) -> Schema:
    """Return the schema of the items of a list."""
    return schema.items or ATOMIC_ARBITRARY


def element_of(schema: Schema, item: Any, position: int) -> str:
    """Return the path element that identifies a list item; one without identity goes by position."""
    if type(item) is dict:
        return (keyed_element(schema, item) if schema.shape is _KEYED else None) or f"i:{position}"
    return f"i:{position}" if schema.shape is _KEYED or type(item) is list else value_element(item)


def keyed_element(schema: Schema, item: dict[str, Any]) -> str | None:
    """Return the path element of an item of a list map, None if it has none of the keys."""
    keys = schema.keys
    if len(keys) == 1 and type(item.get(keys[0])) is str:
        return key_element(keys, item[keys[0]])
    found = {key: item.get(key, schema.key_defaults.get(key)) for key in keys}
    present = {key: value for key, value in found.items() if value is not None and not isinstance(value, dict | list)}
    return key_element(tuple(present), *present.values()) if present else None


def elements_of(schema: Schema, items: list[Any]) -> dict[str, Any]:
    """Return the items by path element; of equal ones the first counts."""
    found: dict[str, Any] = {}
    for position, item in enumerate(items):
        found.setdefault(element_of(schema, item, position), item)
    return found


def same(left: Any, right: Any) -> bool:
    """Compare as JSON does: true is not 1, but 1 is 1.0."""
    if left != right:
        return False
    kind = type(left)
    if kind is str:
        return True
    if kind is bool or type(right) is bool:
        return kind is type(right)
    if kind is dict:
        return all(same(value, right[key]) for key, value in left.items())
    if kind is list:
        return all(map(same, left, right))
    return True


def entire(schema: Schema, value: Any) -> Tree:
    """Return the node of a value that is wholly new or wholly gone: each container is owned with its content."""
    node: Tree = {".": {}} if value and not schema.is_held else {}
    if is_map(schema, value):
        for name, inner in value.items():
            child = child_of(schema, name)
            node[f"f:{name}"] = {} if child.shape is _LEAF else entire(child, inner)
        return node
    if is_list(schema, value):
        items = items_of(schema)
        for element, item in elements_of(schema, value).items():
            node[element] = entire(items, item)
        return node
    return {}


def compare(schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Tree, Tree]:
    """Return the trees of what was added or modified, and of what was removed, between two objects."""
    written: Tree = {}
    removed: Tree = {}
    for name, after in new.items():
        if name not in old:
            written[f"f:{name}"] = entire(child_of(schema, name), after)
            continue
        before = old[name]
        if before is after or (before == after and type(before) is type(after)):
            continue
        _record(f"f:{name}", _compare_values(child_of(schema, name), before, after), written, removed)
    for name, before in old.items():
        if name not in new:
            removed[f"f:{name}"] = entire(child_of(schema, name), before)
    return written, removed


def _record(element: str, difference: tuple[Tree | None, Tree | None], written: Tree, removed: Tree) -> None:
    if difference[0] is not None:
        written[element] = difference[0]
    if difference[1] is not None:
        removed[element] = difference[1]


def _compare_values(schema: Schema, before: Any, after: Any) -> tuple[Tree | None, Tree | None]:
    """Compare two values at one path; None where nothing was written or removed."""
    if schema.shape is _LEAF or (before in (None, {}, []) and after in (None, {}, [])):
        return (None if same(before, after) else {}), None
    old = _container(schema, before, after)
    new = _container(schema, after, before)
    if isinstance(old, dict) and isinstance(new, dict):
        written, removed = compare(schema, old, new)
        return written or None, removed or None
    if isinstance(old, list) and isinstance(new, list):
        written, removed = _compare_lists(schema, old, new)
        return written or None, removed or None
    if old is None and new is None:
        return (None if same(before, after) else {}), None
    gone = {element: node for element, node in entire(schema, before).items() if element != "."}
    return entire(schema, after), gone or None


def _container(schema: Schema, value: Any, other: Any) -> dict[str, Any] | list[Any] | None:
    """Return the container that a value is; null takes the form of its counterpart."""
    if is_map(schema, value) or (value is None and is_map(schema, other)):
        return value or {}
    if is_list(schema, value) or (value is None and is_list(schema, other)):
        return value or []
    return None


def _compare_lists(schema: Schema, old: list[Any], new: list[Any]) -> tuple[Tree, Tree]:
    written: Tree = {}
    removed: Tree = {}
    items = items_of(schema)
    before = elements_of(schema, old)
    after = elements_of(schema, new)
    for element, item in after.items():
        if element not in before:
            written[element] = entire(items, item)
        elif before[element] is not item and before[element] != item:
            _record(element, _compare_values(items, before[element], item), written, removed)
    for element, item in before.items():
        if element not in after:
            removed[element] = entire(items, item)
    return written, removed
