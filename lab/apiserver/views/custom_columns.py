"""Decides what a printer column of a definition shows: the value at its JSON path, in the form of its type.

Separate from the built-in columns, whose cells are functions. Invariant: a missing value is an empty cell (null),
and nothing in an object makes a cell fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.apiserver.documents import Document, dumps
from lab.apiserver.registry.columns import Column
from lab.apiserver.views.ages import age

_STEP = re.compile(
    r"""\.(?P<field>(?:[^.\[\]\\]|\\.)+)
      | \['(?P<quoted>[^']+)'\]
      | \[\?\(@\.(?P<key>[^=!<>\s]+)\s*==\s*(?P<wanted>"[^"]*"|'[^']*'|[^)]+)\)\]
      | \[(?P<index>-?\d+|\*)\]""",
    re.VERBOSE,
)
Step = Callable[[Any], list[Any]]


def custom_column(declared: Mapping[str, Any]) -> Column:
    """Return the column that a definition declares."""
    kind = declared["type"]
    return Column(
        name=declared["name"],
        type=kind,
        value=_reader(declared["jsonPath"], kind),
        format=declared.get("format", ""),
        description=declared.get("description")
        or f"Custom resource definition column (in JSONPath format): {declared['jsonPath']}",
        priority=declared.get("priority", 0),
    )


def parse_path(path: str) -> list[Step]:
    """Parse the part of JSONPath that printer columns use."""
    text = path if path.startswith((".", "[")) else f".{path}"
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return [_none]
        steps.append(_step(match))
        at = match.end()
    return steps


def _none(_value: Any) -> list[Any]:
    return []


def _step(match: re.Match[str]) -> Step:
    if match["key"]:
        wanted = match["wanted"].strip("\"'")
        keys = match["key"].split(".")
        return lambda value: (
            [item for item in value if _text_at(item, keys) == wanted] if isinstance(value, list) else []
        )
    if match["index"]:
        return _indexed(match["index"])
    name = match["quoted"] or re.sub(r"\\(.)", r"\1", match["field"])
    return lambda value: [value[name]] if isinstance(value, dict) and name in value else []


def _indexed(index: str) -> Step:
    if index == "*":
        return lambda value: list(value) if isinstance(value, list) else []
    at = int(index)
    return lambda value: value[at : at + 1] if isinstance(value, list) and at >= 0 else []


def _text_at(value: Any, keys: list[str]) -> str | None:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else str(value)


def _reader(path: str, kind: str) -> Callable[[Document], Any]:
    steps = parse_path(path)

    def read(document: Document) -> Any:
        values: list[Any] = [document]
        for step in steps:
            values = [found for value in values for found in step(value)]
        return _cell(values[0], kind) if values and values[0] is not None else None

    return read


def _cell(value: Any, kind: str) -> Any:
    match kind:
        case "date":
            return age(value if isinstance(value, str) else None)
        case "string":
            return value if isinstance(value, str) else dumps(value).decode()
        case "integer":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case _:
            return None
