"""In what an applied configuration does not fit its schema, so that it cannot be owned field by field.

Separate from validation because ownership is stricter about identity (undeclared fields, duplicate items) and laxer
about values, and because its answers are errors of their own. Invariant: what is found here is found by `claims` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.apiserver.ownership.fields import element_text, value_element
from lab.apiserver.ownership.go_text import go_syntax, go_type, go_value
from lab.apiserver.ownership.values import keyed_element
from lab.apiserver.schemas.compilation import ATOMIC_ARBITRARY
from lab.apiserver.schemas.schema import Schema, Shape


class AppliedObjectError(Exception):
    """The applied configuration cannot be typed; `errors` says where and why."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        self.errors = errors
        super().__init__(errors[0] if len(errors) == 1 else "\n  ".join(("errors:", *errors)))


def typed_errors(applied: Mapping[str, Any], schema: Schema) -> tuple[str, ...]:
    """Return everything in which a configuration does not fit its schema."""
    return tuple(_errors(schema, applied, ""))


def _errors(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    if schema.accepts is not None:
        if type(value) not in schema.accepts:
            yield f"{path}: {_scalar_problem(schema.type, value)}"
    elif type(value) is dict and schema.type != "array":
        yield from _map_errors(schema, value, path)
    elif type(value) is list and schema.type != "object":
        yield from _list_errors(schema, value, path)
    elif schema.type:
        yield f"{path}: expected {'map' if schema.type == 'object' else 'list'}, got {go_value(value)}"


def _scalar_problem(wanted: str, value: Any) -> str:
    if wanted == "string":
        return f"expected string, got {go_syntax(value)}"
    if wanted == "boolean":
        return f"expected boolean, got {go_value(value)}"
    if wanted == "":
        return f"expected any scalar, got {go_value(value)}"
    return f"expected numeric (int or float), got {go_type(value)}"


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
        if child.accepts is None or type(inner) not in child.accepts:
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
    """Return the path element of a list item, or why it has none."""
    if schema.shape is Shape.SET:
        if isinstance(item, dict):
            return "", f"element {position}: associative list without keys has an element that's a map type"
        if isinstance(item, list):
            return "", f"element {position}: not supported: associative list with lists as elements"
        return value_element(item), ""
    if item is None:
        return "", f"element {position}: associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "", f"element {position}: associative list with keys may not have non-map elements"
    element = keyed_element(schema, item)
    if element is None:
        keys = " ".join(f'"{key}"' for key in schema.keys)
        return "", (
            f"element {position}: associative list with keys has an element that omits all key fields "
            f"[{keys}] (and doesn't have default values for any key fields)"
        )
    return element, ""
