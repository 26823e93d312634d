"""What an apply takes away: fields its manager applied before, applies no longer, and nobody else owns.

Separate from merging because it looks at the manager's previous set, not at values. Invariant: a field that any
manager owns stays; so does what nobody ever owned, such as a default, as long as its parent stays.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.ownership.fields import Tree, owns
from lab.apiserver.ownership.values import child_of, element_of, entire, is_list, is_map, items_of
from lab.apiserver.schemas.schema import Schema, Shape


def remove(schema: Schema, value: dict[str, Any], dropped: Tree, owned: Tree) -> tuple[dict[str, Any], Tree]:
    """Return the object without the dropped fields that nobody owns, and the tree of what went."""
    kept = value
    gone: Tree = {}
    for element, node in dropped.items():
        name = element[2:]
        if element[:2] != "f:" or name not in value:
            continue
        child = child_of(schema, name)
        others = owned.get(element)
        declared = name in schema.properties
        if _is_member(node, declared) and not _is_owned(others, declared):
            result, removed = None, entire(child, value[name])
        else:
            result, removed = _remove_inside(child, value[name], node, others or {})
            if not removed:
                continue
        gone[element] = removed
        if kept is value:
            kept = dict(value)
        if result or (result is not None and others is not None and owns(others)):
            kept[name] = result
        else:
            del kept[name]  # what became empty stays only where somebody owns the container itself
    return kept, gone


def _is_member(node: Tree, declared: bool) -> bool:
    return declared or owns(node)


def _is_owned(node: Tree | None, declared: bool) -> bool:
    return node is not None and (declared or owns(node))


def _remove_inside(schema: Schema, value: Any, dropped: Tree, owned: Tree) -> tuple[Any, Tree]:
    if is_map(schema, value):
        return remove(schema, value, dropped, owned)
    if is_list(schema, value):
        return _remove_items(schema, value, dropped, owned)
    return value, {}


def _remove_items(schema: Schema, value: list[Any], dropped: Tree, owned: Tree) -> tuple[list[Any], Tree]:
    kept: list[Any] = []
    gone: Tree = {}
    items = items_of(schema)
    for position, item in enumerate(value):
        element = element_of(schema, item, position)
        node = dropped.get(element)
        if node is None:
            kept.append(item)
            continue
        others = owned.get(element)
        if owns(node) and not _is_owned(others, declared=False):
            gone[element] = entire(items, item)
            continue
        result, removed = _remove_inside(items, item, node, others or {}) if schema.shape is Shape.KEYED else (item, {})
        kept.append(result)
        if removed:
            gone[element] = removed
    return kept, gone
