"""Field ownership as the API server keeps it in `metadata.managedFields`, for the fake cluster.

A set of fields is a mapping from paths to values. Path elements are those of `fieldsV1` (`f:` a member, `k:` an item
of a keyed list, `v:` an item of a set), so the encoded form is a tree of the same elements. The invariant that the
platform relies on: whoever changes a field takes it out of every other manager's entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from shared.core.json import Manifest, canonical, mapping, text
from shared.core.resources import Resource
from shared.testing.cluster_kinds import SET, is_atomic_map, list_keys

Path = tuple[str, ...]
Fields = dict[Path, object]

ITEM = object()  # the value of a path that names an item of a keyed list: only its presence counts
_UNOWNED = frozenset(
    {
        *("name", "namespace", "uid", "resourceVersion", "generation", "generateName", "managedFields", "selfLink"),
        *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one manager owns by one kind of write."""

    manager: str
    operation: str
    subresource: str
    time: str
    fields: frozenset[Path]

    @property
    def writer(self) -> tuple[str, str, str]:
        """Return what distinguishes entries."""
        return self.manager, self.operation, self.subresource


def fields_of(resource: Resource, manifest: Mapping[str, object]) -> Fields:
    """Return all fields of an object that somebody can own."""
    metadata = {key: value for key, value in mapping(manifest, "metadata").items() if key not in _UNOWNED}
    content = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    found: Fields = {}
    for key, value in (content | ({"metadata": metadata} if metadata else {})).items():
        _collect(resource, (f"f:{key}",), value, found)
    return found


def _collect(resource: Resource, path: Path, value: object, found: Fields) -> None:
    if isinstance(value, dict) and value and not is_atomic_map(resource, path):
        for key, inner in value.items():
            _collect(resource, (*path, f"f:{key}"), inner, found)
        return
    keys = list_keys(resource, path, value) if isinstance(value, list) else None
    if keys is None or not isinstance(value, list):
        found[path] = value
        return
    for item in value:
        element = _element(item, keys)
        found[(*path, element)] = ITEM
        if keys != SET:
            for key, inner in item.items():
                _collect(resource, (*path, element, f"f:{key}"), inner, found)


def _element(item: object, keys: tuple[str, ...]) -> str:
    if keys == SET:
        return f"v:{canonical(item).decode()}"
    return f"k:{canonical({key: mapping(item).get(key) for key in keys}).decode()}"


def merge(resource: Resource, live: Manifest, applied: Manifest, path: Path = ()) -> Manifest:
    """Return the live object with everything that was applied."""
    result = dict(live)
    for key, value in applied.items():
        result[key] = _merge_value(resource, (*path, f"f:{key}"), live.get(key), value)
    return result


def _merge_value(resource: Resource, path: Path, live: Any, applied: Any) -> Any:
    if isinstance(live, dict) and isinstance(applied, dict) and not is_atomic_map(resource, path):
        return merge(resource, live, applied, path)
    keys = list_keys(resource, path, applied) if isinstance(applied, list) else None
    if keys is None or not isinstance(live, list):
        return applied
    known = {_element(item, keys): item for item in live}
    wanted = {_element(item, keys): item for item in applied}
    merged = [
        merge(resource, known[element], item, (*path, element)) if keys != SET and element in known else item
        for element, item in wanted.items()
    ]
    return [*merged, *(item for element, item in known.items() if element not in wanted)]


def without(value: Any, paths: Iterable[Path]) -> Any:
    """Return an object without some fields; maps and lists that lose their last member go too."""
    result, going = value, frozenset(paths)
    for path in sorted(going, key=len, reverse=True):
        # What goes with its item must not go before it: without its key, nobody would find the item.
        if not any(path[:length] in going for length in range(1, len(path))):
            result = _without(result, path)
    return result


def _without(value: Any, path: Path) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(value, dict) and head.startswith("f:"):
        key = head[2:]
        if key not in value:
            return value
        inner = _without(value[key], rest) if rest else None
        others = {name: item for name, item in value.items() if name != key}
        return others if inner is None or inner == {} or inner == [] else {**others, key: inner}
    if isinstance(value, list) and head[:2] in ("k:", "v:"):
        matches = _matcher(head)
        if not rest:
            return [item for item in value if not matches(item)]
        return [_without(item, rest) if matches(item) else item for item in value]
    return value


def _matcher(element: str) -> Callable[[object], bool]:
    wanted = orjson.loads(element[2:])
    if element.startswith("v:"):
        return lambda item: bool(item == wanted)
    return lambda item: all(mapping(item).get(key) == value for key, value in wanted.items())


def entries_of(manifest: Manifest) -> list[Entry]:
    """Return the ownership that an object carries."""
    return [
        Entry(
            text(entry, "manager"),
            text(entry, "operation"),
            text(entry, "subresource"),
            text(entry, "time"),
            frozenset(_decode(mapping(entry, "fieldsV1"))),
        )
        for entry in mapping(manifest, "metadata").get("managedFields") or []  # type: ignore[attr-defined]  # a list
    ]


def managed_fields(entries: Iterable[Entry], api_version: str) -> list[dict[str, object]]:
    """Return entries as `metadata.managedFields`."""
    return [
        {
            "manager": entry.manager,
            "operation": entry.operation,
            "apiVersion": api_version,
            "time": entry.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": _encode(entry.fields),
            **({"subresource": entry.subresource} if entry.subresource else {}),
        }
        for entry in entries
        if entry.fields
    ]


def _encode(paths: frozenset[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        if path[-1][:2] == "k:":
            node["."] = {}
    return tree


def _decode(tree: Mapping[str, object], path: Path = ()) -> Iterable[Path]:
    for element, inner in tree.items():
        if element == ".":
            yield path
        elif isinstance(inner, dict) and inner:
            yield from _decode(inner, (*path, element))
        else:
            yield (*path, element)
