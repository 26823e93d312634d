"""How a JSON value looks to an expression: types come from the schema, names are escaped.

Separate from evaluation because it is a mapping of its own: a date-time is a timestamp, a number is a double even where
JSON wrote an integer, a property that is no identifier gets an escaped name, and fields that a schema only preserves
are not to be seen. Invariant: the value itself is never changed; where nothing differs it is passed as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from lab.apiserver.schemas.schema import Schema, Shape

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
        "import", "let", "loop", "package", "namespace", "return",
    }
)  # fmt: skip
_ESCAPES: Final = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))

UNREADABLE: Final = b""
"""Stands for a number of the wrong kind: whatever a rule computes with it fails, as it does on the genuine server."""


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A field whose JSON value is not of its declared type, which only fails when a rule reads it."""

    name: str
    problem: str

    def is_named_in(self, rule: str) -> bool:
        """Tell whether a rule mentions the field."""
        return re.search(rf"\b{re.escape(self.name)}\b", rule) is not None


def cel_value(value: Any, schema: Schema) -> Any:
    """Return a value as expressions see it."""
    kind = type(value)
    if kind is dict:
        return _cel_map(value, schema)
    if kind is list:
        items = schema.items
        return value if items is None else [cel_value(item, items) for item in value]
    if kind is int and schema.type == "number":
        return float(value)
    if kind is float and schema.type == "integer":
        return UNREADABLE
    if kind is str and schema.limits.format is not None:
        return _formatted(value, schema.limits.format)
    return value


def mistyped(value: Any, schema: Schema) -> Iterator[Mistyped]:
    """Yield the fields of a value that no rule can read."""
    if type(value) is dict:
        for name, child in schema.properties.items():
            inner = value.get(name)
            if child.type == "integer" and type(inner) is float:
                yield Mistyped(name, "invalid data, expected int, got float64")
            elif type(inner) is dict:
                yield from mistyped(inner, child)


def _cel_map(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    properties = schema.properties
    hides = schema.preserve and (schema.additional is None or schema.additional.shape is Shape.DEDUCED)
    seen: dict[str, Any] = {}
    for name, inner in value.items():
        child = properties.get(name)
        if child is not None:
            if inner is not None or child.nullable:
                seen[escaped(name)] = cel_value(inner, child)
        elif hides:
            continue
        elif schema.additional is not None and schema.additional is not schema:
            seen[name] = cel_value(inner, schema.additional)
        else:
            seen[name] = inner
    return seen


@lru_cache(maxsize=4096)
def escaped(name: str) -> str:
    """Return the name by which expressions select a property."""
    if name in _RESERVED:
        return f"__{name}__"
    for sign, escape in _ESCAPES:
        name = name.replace(sign, escape)
    return name


def _formatted(value: str, name: str) -> Any:
    match name:
        case "date-time":
            return datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
        case "date":
            return datetime.fromisoformat(f"{value}T00:00:00+00:00")
        case "byte":
            try:
                return base64.b64decode(value, validate=True)
            except binascii.Error:
                return value
        case _:
            return value
