"""Strategic merge patch: a merge patch that knows from the schema which lists merge, and by which key.

Separate from the plain merge patch because it needs a schema and has directives of its own. Invariants: inputs are
never changed; no directive is ever left in the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.apiserver.patches.json_patch import PatchError
from lab.apiserver.schemas.schema import Schema

_DIRECTIVE: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_ANY: Final = Schema()


def apply_strategic_patch(document: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the document with the patch merged in as the schema says."""
    if not isinstance(patch, dict):
        raise PatchError("a strategic merge patch must be an object")
    return _merge_map(document, patch, schema)


def _merge_map(document: dict[str, Any], patch: dict[str, Any], schema: Schema) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        replacement: dict[str, Any] = _without_directives(patch)
        return replacement
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchError(f"Unknown patch type found: {directive}")
    merged = _retained(document, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        elif key in merged:
            merged[key] = _merge_value(merged[key], value, _child(schema, key), patch.get(_ORDER + key))
        else:
            merged[key] = _without_directives(value)
    _apply_list_directives(merged, patch, schema)
    return merged


def _apply_list_directives(merged: dict[str, Any], patch: dict[str, Any], schema: Schema) -> None:
    """Carry out the directives for lists of which the patch holds no items."""
    for directive, value in patch.items():
        if directive.startswith(_DELETE_FROM):
            key = directive.removeprefix(_DELETE_FROM)
            if isinstance(merged.get(key), list):
                merged[key] = [item for item in merged[key] if item not in value]
    for directive, value in patch.items():
        if directive.startswith(_ORDER):
            key = directive.removeprefix(_ORDER)
            if isinstance(merged.get(key), list) and key not in patch:
                merge_key = _child(schema, key).patch_merge_key
                merged[key] = _ordered(merged[key], value, merged[key], merge_key)


def _retained(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    retain = patch.get(_RETAIN)
    if retain is None:
        return dict(document)
    if not isinstance(retain, list):
        raise PatchError(f"{_RETAIN} must be a list")
    for key, value in patch.items():
        if not key.startswith("$") and value is not None and key not in retain:
            raise PatchError(f"{_RETAIN} list must contain all fields present in the patch: {key}")
    return {key: value for key, value in document.items() if key in retain}


def _merge_value(before: Any, value: Any, schema: Schema, order: list[Any] | None) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        if "replace" in schema.patch_strategies:
            return _without_directives(value)
        return _merge_map(before, value, schema)
    if isinstance(before, list) and isinstance(value, list) and "merge" in schema.patch_strategies:
        return _merge_list(before, value, schema, order)
    return _without_directives(value)


def _merge_list(before: list[Any], patch: list[Any], schema: Schema, order: list[Any] | None) -> list[Any]:
    merge_key = schema.patch_merge_key
    if not any(isinstance(item, dict) for item in (*before, *patch)):
        merged = [*before, *(item for index, item in enumerate(patch) if item not in before + patch[:index])]
        return _ordered(merged, order if order is not None else patch, before, "")
    if any(_is_directive(item, "replace") and len(item) == 1 for item in patch):
        rest = [item for item in patch if not _is_directive(item, "replace")]
        return [_without_directives(item) for item in rest]
    deleted = [_key(item, merge_key) for item in patch if _is_directive(item, "delete")]
    wanted = [item for item in patch if not _is_directive(item, "delete")]
    merged = [item for item in before if item.get(merge_key) not in deleted]
    places = {item.get(merge_key): index for index, item in enumerate(merged)}
    for item in wanted:
        name = _key(item, merge_key)
        if name in places:
            merged[places[name]] = _merge_map(merged[places[name]], item, schema.items or _ANY)
        else:
            places[name] = len(merged)
            merged.append(_without_directives(item))
    return _ordered(merged, order if order is not None else wanted, before, merge_key)


def _ordered(merged: list[Any], order: list[Any], before: list[Any], merge_key: str) -> list[Any]:
    """Weave the items that the order names, in that order, into the others, which keep theirs."""

    def name(item: Any) -> Any:
        return item.get(merge_key) if merge_key and isinstance(item, dict) else item

    ranks = [name(item) for item in order]
    known = [name(item) for item in before]
    named = sorted((item for item in merged if name(item) in ranks), key=lambda item: ranks.index(name(item)))
    others = [item for item in merged if name(item) not in ranks]
    woven: list[Any] = []
    while others and named:
        left, right = name(others[0]), name(named[0])
        is_before = left in known and right in known and known.index(left) < known.index(right)
        woven.append((others if is_before else named).pop(0))
    return [*woven, *others, *named]


def _key(item: Any, merge_key: str) -> Any:
    if not isinstance(item, Mapping) or merge_key not in item:
        raise PatchError(f"map: {item} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _is_directive(item: Any, name: str) -> bool:
    return isinstance(item, dict) and item.get(_DIRECTIVE) == name


def _child(schema: Schema, name: str) -> Schema:
    return schema.properties.get(name) or schema.additional or _ANY


def _without_directives(value: Any) -> Any:
    """Return a value that is new to the document: no directives, and no nulls, which would delete nothing."""
    if isinstance(value, dict):
        return {
            key: _without_directives(inner)
            for key, inner in value.items()
            if inner is not None and not key.startswith("$")
        }
    if isinstance(value, list):
        return [
            _without_directives(item)
            for item in value
            if not (_is_directive(item, "delete") or (_is_directive(item, "replace") and len(item) == 1))
        ]
    return value
