"""Whether an applied configuration fits its schema closely enough to be owned field by field.

Separate from validation because ownership is stricter about identity (undeclared fields, duplicate items) and laxer
about values, and because its answers are errors of their own. Invariant: a configuration that passes can be walked by
the ownership code without further checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lab.apiserver.ownership.fields import element_text, key_element, value_element
from lab.apiserver.schemas.compilation import ATOMIC_ARBITRARY
from lab.apiserver.schemas.schema import Schema, Shape

_EXPECTED: Final[dict[str, tuple[frozenset[type], str]]] = {
    "string": (frozenset({str}), "expected string, got "),
    "integer": (frozenset({int, float}), "expected numeric (int or float), got "),
    "number": (frozenset({int, float}), "expected numeric (int or float), got "),
    "boolean": (frozenset({bool}), "expected boolean, got "),
}


class AppliedObjectError(Exception):
    """The applied configuration cannot be typed; `errors` says where and why."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        self.errors = errors
        super().__init__(errors[0] if len(errors) == 1 else "errors:\n" + "".join(f"  {text}\n" for text in errors))


def check_applied(applied: dict[str, Any], schema: Schema) -> None:
    """Raise AppliedObjectError if the configuration does not fit the schema."""
    errors = tuple(_errors(schema, applied, ""))
    if errors:
        raise AppliedObjectError(errors)


def _errors(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    expected = _EXPECTED.get(schema.type)
    if expected is not None:
        if type(value) not in expected[0]:
            yield f"{path}: {expected[1]}{_go(value)}"
    elif schema.int_or_string:
        if isinstance(value, dict | list):
            yield f"{path}: expected any scalar, got {_go(value)}"
    elif type(value) is dict and schema.type in ("object", ""):
        yield from _map_errors(schema, value, path)
    elif type(value) is list and schema.type in ("array", ""):
        yield from _list_errors(schema, value, path)
    elif schema.type:
        yield f"{path}: expected {'map' if schema.type == 'object' else 'list'}, got {_go(value)}"


def _map_errors(schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    properties = schema.properties
    for name, inner in value.items():
        child = properties.get(name) or schema.additional
        if child is None:
            if schema.type == "":
                child = ATOMIC_ARBITRARY
            else:
                yield f"{path}.{name}: field not declared in schema"
                continue
        expected = _EXPECTED.get(child.type)
        if expected is None or type(inner) not in expected[0]:
            yield from _errors(child, inner, f"{path}.{name}")


def _list_errors(schema: Schema, value: list[Any], path: str) -> Iterator[str]:
    items = schema.items or ATOMIC_ARBITRARY
    seen: set[str] = set()
    for position, item in enumerate(value):
        at = f"[{position}]"
        if schema.shape in (Shape.KEYED, Shape.SET):
            element, problem = _identity(schema, item, position)
            if problem:
                yield f"{path}: {problem}"
                continue
            if element in seen:
                yield f"{path}: duplicate entries for key {element_text(element)}"
                continue
            seen.add(element)
            at = element_text(element)
        yield from _errors(items, item, f"{path}{at}")


def _identity(schema: Schema, item: Any, position: int) -> tuple[str, str]:
    if item is None:
        return "", f"element {position}: associative list with keys may not have null elements"
    if schema.shape is Shape.SET:
        if isinstance(item, dict | list):
            return "", f"element {position}: only scalars are acceptable in a set"
        return value_element(item), ""
    if not isinstance(item, dict):
        return "", f"element {position}: associative list with keys may not have non-map elements"
    values = [item.get(key, schema.key_defaults.get(key)) for key in schema.keys]
    for key, value in zip(schema.keys, values, strict=True):
        if value is None:
            problem = f'associative list with keys has an element that omits key field "{key}"'
            return "", f"element {position}: {problem} (and doesn't have default value)"
    return key_element(schema.keys, *values), ""


def _go(value: Any) -> str:
    """Return a value as the genuine server prints it."""
    return f"&value.valueUnstructured{{Value:{value!r}}}"
