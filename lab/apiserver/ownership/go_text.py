"""How the genuine server prints a value inside a message about a mistyped configuration.

Its sentences are made with the formatting verbs of Go on its own value type, and clients see the result. Separate
because it is spelling only. Invariant: equal values give equal text, map keys in order.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

_TYPES: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    dict: "map[string]interface {}",
    list: "[]interface {}",
    type(None): "<nil>",
}


def go_type(value: Any) -> str:
    """Return what the verb %T shows."""
    return _TYPES[type(value)]


def go_value(value: Any) -> str:
    """Return what the verb %v shows of a value in its wrapper."""
    return f"&{{{_plain(value)}}}"


def go_syntax(value: Any) -> str:
    """Return what the verb %#v shows of a value in its wrapper."""
    return f"&value.valueUnstructured{{Value:{_syntax(value)}}}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_plain, value)) + "]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _syntax(value: Any) -> str:
    if isinstance(value, dict):
        return go_type(value) + "{" + ", ".join(f"{_quoted(key)}:{_syntax(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return go_type(value) + "{" + ", ".join(map(_syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return orjson.dumps(value).decode()
