"""Compares what the rooms leave in a cluster with what the reference left, by the tools of the conformance data.

The tools decide how an object is written down and what counts; `accepted.json` lists where we differ on purpose, each
with the rule and its effect. Invariant: the same manifest is applied in the namespace of its recording, because the
namespace is part of many values.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.conformance import Conformance

ACCEPTED = Path(__file__).with_name("accepted.json")
Key = tuple[str, str, str]  # group, kind, name
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which we differ, as the tool names it."""

    path: str  # the same for all fields of this kind
    where: str
    reference: object
    ours: object


@dataclass(frozen=True, slots=True)
class Result:
    """The comparison of one file."""

    compared: int
    differences: tuple[Difference, ...]
    accepted: frozenset[int]  # places in the list of what is accepted


@dataclass(frozen=True, slots=True)
class Recording:
    """What was left in a namespace once nothing changed any more."""

    objects: Mapping[Key, Manifest]
    events: frozenset[str] = frozenset()
    managers: Mapping[Key, frozenset[str]] = field(default_factory=dict)  # who wrote each object, where it is known


@dataclass(frozen=True, slots=True)
class Deviation:
    """One entry of the list: what is accepted, by which rule, and what it changes for a user."""

    match: str
    why: str
    effect: str


@cache
def accepted() -> tuple[Deviation, ...]:
    """Return the deviations that we accept."""
    return tuple(Deviation(**entry) for entry in json.loads(ACCEPTED.read_text()))


@cache
def recorded(conformance: Conformance, file: Path) -> Recording:
    """Return what the reference left."""
    header, objects = tool(conformance, "compare").load(file)
    return Recording(dict(objects), frozenset(header["events"]))


def written_down(
    conformance: Conformance, manifests: Iterable[Manifest], primaries: frozenset[Key]
) -> dict[Key, Manifest]:
    """Return objects as the recording tool writes them: no version, no uid, of what was applied no spec."""
    recorder = tool(conformance, "record")
    found = {}
    for manifest in manifests:
        key = key_of(manifest)
        if not any(mark in (manifest["metadata"].get("annotations") or {}) for mark in recorder.MARKS):
            found[key] = recorder.normalise(manifest, key in primaries)
    return found


def compare(
    conformance: Conformance,
    reference: Mapping[Key, Manifest],
    ours: Mapping[Key, Manifest],
    deviations: Sequence[Deviation],
) -> Result:
    """Return how our objects differ from others; accepted deviations are named, not counted."""
    comparing = tool(conformance, "compare")
    comparing.Tally.deviations = [(re.compile(each.match), place) for place, each in enumerate(deviations, start=1)]
    tally = comparing.Tally()
    tally.objects(dict(reference), dict(ours))
    differences = tuple(Difference(*diff) for diff in tally.diffs)
    return Result(tally.total, differences, frozenset(place - 1 for place in tally.accepted))


def key_of(manifest: Manifest) -> Key:
    """Return group, kind and name."""
    return manifest["apiVersion"].rpartition("/")[0], manifest["kind"], manifest["metadata"]["name"]


def tool(conformance: Conformance, name: str) -> ModuleType:
    """Return a program of the conformance data as a module."""
    return _loaded(conformance.tools / "parity" / f"{name}.py")


@cache
def _loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"parity_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
