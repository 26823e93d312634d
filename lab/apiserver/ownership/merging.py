"""What an object becomes when a configuration is applied to it, before anything is removed.

Separate from comparing because merging keeps what the configuration does not mention. Invariant: where the
configuration says what already holds, the live value itself is in the result, so an apply without effect is
recognised by an empty tree of written fields.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.ownership.fields import Tree
from lab.apiserver.ownership.values import (
    child_of,
    element_of,
    elements_of,
    entire,
    is_list,
    is_map,
    items_of,
    same,
)
from lab.apiserver.schemas.schema import Schema, Shape

_LEAF = Shape.LEAF


def merge(schema: Schema, live: dict[str, Any], applied: dict[str, Any]) -> tuple[dict[str, Any], Tree]:
    """Return the live object with the configuration merged in, and the tree of fields that this wrote."""
    merged = live
    written: Tree = {}
    properties = schema.properties
    for name, value in applied.items():
        node: Tree | None
        if name in live:
            before = live[name]
            child = properties.get(name) or child_of(schema, name)
            if child.shape is _LEAF:
                if before is value or same(before, value):
                    continue
                result, node = value, {}
            else:
                result, node = _merge_values(child, before, value)
                if node is None and result is before:
                    continue
        else:
            result, node = value, entire(child_of(schema, name), value)
        if merged is live:
            merged = dict(live)
        merged[name] = result
        if node is not None:
            written[f"f:{name}"] = node
    return merged, written


def _merge_values(schema: Schema, before: Any, value: Any) -> tuple[Any, Tree | None]:
    """Merge two values at one path; the tree is None if nothing was written."""
    if is_map(schema, value):
        if is_map(schema, before) and (before or not value):
            result, written = merge(schema, before, value)
            return result, written or None
        if before is None and value:
            return merge(schema, {}, value)
    elif is_list(schema, value):
        if is_list(schema, before) and (before or not value):
            return _merge_lists(schema, before, value)
        if before is None and value:
            return _merge_lists(schema, [], value)
    elif value is None and before and (is_map(schema, before) or is_list(schema, before)):
        return before, None  # null mentions nothing inside a container
    if same(before, value):
        return before, None
    if before in ({}, []) and type(before) is type(value):
        node = entire(schema, value)
        return value, {element: below for element, below in node.items() if element != "."} or None
    return value, entire(schema, value)


def _merge_lists(schema: Schema, live: list[Any], applied: list[Any]) -> tuple[list[Any], Tree | None]:
    items = items_of(schema)
    before = elements_of(schema, live)
    wanted = elements_of(schema, applied)
    written: Tree = {}
    results: dict[str, Any] = {}
    for element, item in wanted.items():
        if element in before:
            results[element], change = _merge_values(items, before[element], item)
            if change is not None:
                written[element] = change
        else:
            results[element] = item
            written[element] = entire(items, item)
    if list(wanted) == list(before) and len(before) == len(live):
        if all(map(_identical, results.values(), live)):
            return live, None
        return list(results.values()), written or None
    order = [element_of(schema, item, position) for position, item in enumerate(live)]
    return _in_order(order, live, list(wanted), results), written or None


def _identical(left: Any, right: Any) -> bool:
    return left is right


def _in_order(order: list[str], live: list[Any], wanted: list[str], results: dict[str, Any]) -> list[Any]:
    """Weave live items that the configuration does not mention between its own, which keep their order."""
    merged: list[Any] = []
    present = set(order)
    shared = [element for element in wanted if element in present]
    taken: set[str] = set()
    left = right = next_shared = 0
    while left < len(order) or right < len(wanted):
        element = order[left] if left < len(order) else None
        if element is not None and right < len(wanted):
            if element == wanted[right]:
                merged.append(results[element])
                taken.add(element)
                left, right, next_shared = left + 1, right + 1, next_shared + 1
                continue
            if element in results and next_shared < len(shared) and shared[next_shared] != element:
                left += 1
                continue
        if element is not None:
            if element not in results:
                merged.append(live[left])
                left += 1
                continue
            if element in taken:
                left += 1
        if right < len(wanted):
            merged.append(results[wanted[right]])
            taken.add(wanted[right])
            if next_shared < len(shared) and shared[next_shared] == wanted[right]:
                next_shared += 1
            right += 1
    return merged
