"""What one case measured, and how it is kept: one JSON file that the next run is compared with.

Separate from measuring and from the page, so that both can change without the other. Invariant: a figure that was not
measured is absent, never zero.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """One case: single values by name (the unit ends the name), and costs by process."""

    case: str
    values: Mapping[str, float] = field(default_factory=dict)
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)  # per graph, from the first apply to rest
    requests: Mapping[str, float] = field(default_factory=dict)  # per graph, by client
    calls: Mapping[str, float] = field(default_factory=dict)  # per graph, by client, verb and resource
    memory_mib: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The figures of one run, and the machine that they belong to."""

    machine: str
    cases: tuple[Figures, ...] = ()

    def case(self, name: str) -> Figures | None:
        """Return the figures of a case, or None where it was not measured."""
        return next((each for each in self.cases if each.case == name), None)

    def merged(self, newer: Iterable[Figures]) -> tuple[Figures, ...]:
        """Return the cases with newer figures in the place of older ones of the same name."""
        by_name = {each.case: each for each in self.cases} | {each.case: each for each in newer}
        return tuple(by_name.values())


def read_record(file: Path) -> Record | None:
    """Return a committed record; None where there is none, or where it has another version."""
    if not file.exists():
        return None
    content: dict[str, Any] = json.loads(file.read_text())
    if content.get("version") != RECORD_VERSION:
        return None
    cases = tuple(Figures(**{**each, "failures": tuple(each["failures"])}) for each in content["cases"])
    return Record(content["machine"], cases)


def write_record(file: Path, record: Record) -> None:
    """Write a record so that a change of one figure is a change of one line."""
    cases = [_rounded(asdict(each)) for each in record.cases]
    content = {"version": RECORD_VERSION, "machine": record.machine, "cases": cases}
    file.write_text(json.dumps(content, indent=2) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    return value
