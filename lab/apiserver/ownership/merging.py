"""What an object becomes when a configuration is applied to it, before anything is removed.

Separate from comparing because merging keeps what the configuration does not mention. Invariant: where the
configuration says what already holds, the live value itself is in the result, and an apply without effect has an empty
tree of written fields. So has one that only puts the items of a list into another order: its result differs.
"""

from __future__ import annotations

from typing import Any

from lab.apiserver.ownership.fields import Tree
from lab.apiserver.ownership.values import child_of, element_of, entire, is_list, is_map, items_of, same
from lab.apiserver.schemas.schema import Schema, Shape

_LEAF = Shape.LEAF


def merge(schema: Schema, live: dict[str, Any], applied: dict[str, Any], claimed: Tree) -> tuple[dict[str, Any], Tree]:
    """Return the live object with the configuration merged in, and the tree of fields that this wrote.

    `claimed` is the tree of the configuration's own fields: it names the items of its lists, in order.
    """
    merged = live
    written: Tree = {}
    properties = schema.properties
    for name, value in applied.items():
        node: Tree | None
        if name in live:
            before = live[name]
            if before is value:
                continue
            child = properties.get(name) or child_of(schema, name)
            if child.shape is _LEAF:
                if before == value and (type(value) is str or same(before, value)):
                    continue
                result, node = value, {}
            else:
                result, node = _merge_values(child, before, value, claimed.get(f"f:{name}", {}))
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


def _merge_values(schema: Schema, before: Any, value: Any, claimed: Tree) -> tuple[Any, Tree | None]:
    """Merge two values at one path; the tree is None if nothing was written."""
    if schema.is_exact and before == value:
        return before, None
    if is_map(schema, value) and value and (is_map(schema, before) or before is None):
        result, written = merge(schema, before or {}, value, claimed)
        return result, written or None
    if is_list(schema, value) and value and (is_list(schema, before) or before is None):
        return _merge_lists(schema, before or [], value, claimed)
    if not value and before and _is_container(schema, before) and (value is None or type(value) is type(before)):
        return before, None  # null and empty mention nothing inside a container
    if same(before, value):
        return before, None
    return value, entire(schema, value)


def _is_container(schema: Schema, value: Any) -> bool:
    return is_map(schema, value) or is_list(schema, value)


def _merge_lists(schema: Schema, live: list[Any], applied: list[Any], claimed: Tree) -> tuple[list[Any], Tree | None]:
    items = items_of(schema)
    order = [element_of(schema, item, position) for position, item in enumerate(live)]
    before = dict(zip(reversed(order), reversed(live), strict=True))  # of equal items the first counts
    written: Tree = {}
    results: dict[str, Any] = {}
    for (element, below), item in zip(claimed.items(), applied, strict=True):
        if element in before:
            results[element], change = _merge_values(items, before[element], item, below)
            if change is not None:
                written[element] = change
        else:
            results[element] = item
            written[element] = entire(items, item)
    wanted = list(results)
    if wanted == order:
        if all(map(_identical, results.values(), live)):
            return live, None
        return list(results.values()), written or None
    return _in_order(order, live, wanted, results), written or None


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
