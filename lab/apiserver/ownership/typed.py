"""Whether an applied configuration fits its schema closely enough to be owned field by field.

Separate from validation because ownership is stricter about identity (undeclared fields, duplicate items) and laxer
about values, and because its answers are errors of their own. Invariant: a configuration that passes can be walked by
the ownership code without further checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.apiserver.ownership.fields import element_text, value_element
from lab.apiserver.ownership.go_text import go_syntax, go_type, go_value
from lab.apiserver.ownership.values import keyed_element
from lab.apiserver.schemas.compilation import ATOMIC_ARBITRARY
from lab.apiserver.schemas.schema import Schema, Shape

_NUMERIC: Final = frozenset({int, float})
_SCALARS: Final[Mapping[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "integer": _NUMERIC,
    "number": _NUMERIC,
    "boolean": frozenset({bool}),
}


class AppliedObjectError(Exception):
    """The applied configuration cannot be typed; `errors` says where and why."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        self.errors = errors
        super().__init__(errors[0] if len(errors) == 1 else "\n  ".join(("errors:", *errors)))


def check_applied(applied: dict[str, Any], schema: Schema) -> None:
    """Raise AppliedObjectError if the configuration does not fit the schema."""
    errors = tuple(_errors(schema, applied, ""))
    if errors:
        raise AppliedObjectError(errors)


def _errors(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    expected = _SCALARS.get(schema.type)
    if expected is not None:
        if type(value) not in expected:
            yield f"{path}: {_scalar_problem(schema.type, value)}"
    elif schema.int_or_string:
        if isinstance(value, dict | list):
            yield f"{path}: expected any scalar, got {go_value(value)}"
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
        expected = _SCALARS.get(child.type)
        if expected is None or type(inner) not in expected:
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
