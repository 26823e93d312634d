"""Whether an object keeps the rules of its schema, in the words of the genuine server.

Separate from pruning and defaulting because it changes nothing: it runs on the object as it would be stored.
Invariant: what an update leaves as it was is not refused again (ratcheting), except a missing required field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lab.apiserver.schemas.cel import evaluate_rules
from lab.apiserver.schemas.field_errors import (
    INVALID,
    NO_FIELD,
    NOT_SUPPORTED,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
    TYPE_INVALID,
    FieldError,
    duplicate,
    invalid,
    printed,
    required,
    type_invalid,
)
from lab.apiserver.schemas.limits import limit_errors
from lab.apiserver.schemas.schema import MISSING, NO_LIMITS, Schema

__all__ = ["FieldError", "validate", "validate_value"]

_BLOCKING: Final = frozenset({REQUIRED, TYPE_INVALID, TOO_LONG, TOO_MANY, NOT_SUPPORTED})
_SKIPPED: Final = FieldError(
    INVALID,
    NO_FIELD,
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}
_NAMES: Final[dict[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}


def validate(
    obj: dict[str, Any], schema: Schema, *, old: dict[str, Any] | None = None, old_is_valid: bool = False
) -> list[FieldError]:
    """Return every rule that the object breaks; `old` is the stored object that an update replaces.

    Where the old object is known to be valid by this very schema, members that are its own are not looked at again.
    """
    errors: list[FieldError] = []
    if old is not None and old_is_valid:
        _check_members(obj, schema, old, errors)
    else:
        _check(obj, schema, "", MISSING if old is None else old, errors)
    if not schema.has_rules:
        return errors
    if any(error.reason in _BLOCKING for error in errors):
        return [*errors, _SKIPPED]
    return [*errors, *evaluate_rules(obj, schema, old)]


def validate_value(value: Any, schema: Schema) -> list[FieldError]:
    """Return every rule but those of the expression language that a part of an object breaks."""
    return _errors_of(value, schema, "")


def _check(value: Any, schema: Schema, path: str, old: Any, errors: list[FieldError]) -> None:
    """Collect the errors of one value and all below it; an unchanged value can only lack what is required."""
    if value is None and schema.nullable:
        return
    kind = type(value)
    unchanged = old is not MISSING and old == value
    if not unchanged:
        mismatch = type_error(value, schema, path)
        if mismatch is not None:
            errors.extend(mismatch)
            return
        if schema.limits is not NO_LIMITS:
            errors.extend(limit_errors(value, schema, path, _errors_of))
    if kind is dict:
        _check_map(value, schema, path, old, errors)
    elif kind is list and schema.items is not None and not unchanged:
        if schema.list_type in ("set", "map"):
            errors.extend(_duplicates(value, schema, path))
        for position, item in enumerate(value):
            if type(item) not in schema.items.plain:
                _check(item, schema.items, f"{path}[{position}]", MISSING, errors)


def _check_map(value: dict[str, Any], schema: Schema, path: str, old: Any, errors: list[FieldError]) -> None:
    prefix = f"{path}." if path else ""
    for name in schema.required:
        if name not in value:
            errors.append(required(prefix + name))
    if schema.embedded:
        errors.extend(required(prefix + name) for name in ("apiVersion", "kind") if not value.get(name))
    properties = schema.properties
    before = old if type(old) is dict else {}
    for name, inner in value.items():
        child = properties.get(name) or schema.additional
        if child is not None and child.additional is not child and type(inner) not in child.plain:
            _check(inner, child, prefix + name, before.get(name, MISSING), errors)


def _check_members(obj: dict[str, Any], schema: Schema, old: dict[str, Any], errors: list[FieldError]) -> None:
    """Collect the errors of the members of a whole object that are not the old one's very own."""
    errors.extend(required(name) for name in schema.required if name not in obj)
    fresh = {name: value for name, value in obj.items() if old.get(name) is not value}
    for name, inner in fresh.items():
        child = schema.properties.get(name)
        if child is not None and child.additional is not child and type(inner) not in child.plain:
            _check(inner, child, name, old.get(name, MISSING), errors)


def _errors_of(value: Any, schema: Schema, path: str) -> list[FieldError]:
    """Return the errors of a value under one of several alternative schemas."""
    errors: list[FieldError] = []
    _check(value, schema, path, MISSING, errors)
    return errors


def type_error(value: Any, schema: Schema, path: str) -> list[FieldError] | None:
    """Return the errors of a value whose type is wrong, None if it is right."""
    kind = type(value)
    if schema.int_or_string:
        if kind is int or kind is str or (kind is float and value.is_integer()):
            return None
        return [_mistyped(path, "integer,string", _NAMES[kind])]
    expected = _TYPES.get(schema.type)
    if expected is None or kind in expected or (kind is float and schema.type == "integer" and value.is_integer()):
        return None
    if schema.type == "integer" and schema.limits.format in ("int32", "int64"):
        if kind is float:
            detail = f"Checked value must be of type integer with format {schema.limits.format} in {path}"
            return [invalid(NO_FIELD, "", detail), _mistyped(path, schema.limits.format, "float64")]
        if kind is bool:
            return [_mistyped(path, schema.limits.format, "")]
    return [_mistyped(path, schema.type, _NAMES[kind])]


def _mistyped(path: str, expected: str, found: str) -> FieldError:
    return type_invalid(path, found, f"{path} in body must be of type {expected}: {printed(found)}")


def _are_named_apart(items: list[Any], schema: Schema) -> bool:
    """Tell at once, for the common list of objects with one text as their key, that no two have the same."""
    if schema.list_type != "map" or len(schema.keys) != 1:
        return False
    key = schema.keys[0]
    names = {item.get(key) for item in items if type(item) is dict and type(item.get(key)) is str}
    return len(names) == len(items)


def _duplicates(items: list[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    if _are_named_apart(items, schema):
        return
    seen: set[str] = set()
    for position, item in enumerate(items):
        identity = item
        if schema.list_type == "map":
            if type(item) is not dict:
                continue
            identity = {key: item.get(key, schema.key_defaults.get(key)) for key in schema.keys}
            identity = {key: found for key, found in identity.items() if found is not None}
        text = printed(identity)
        if text in seen:
            yield duplicate(f"{path}[{position}]", identity)
        seen.add(text)
