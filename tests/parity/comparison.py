"""Compares our objects with recorded ones of the reference platform, by the comparison tool of the conformance data.

The tool decides what counts; `accepted.json` lists where we differ on purpose, each with the rule and its effect.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tests.conformance import Conformance

ACCEPTED = Path(__file__).with_name("accepted.json")
Key = tuple[str, str, str]  # group, kind, name
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which we differ, as the tool names it."""

    where: str
    reference: object
    ours: object


@dataclass(frozen=True, slots=True)
class Result:
    """The comparison of one file."""

    compared: int
    differences: tuple[Difference, ...]
    accepted: tuple[str, ...]


def namespace_of(path: str) -> str:
    """Return the namespace in which the reference ran a manifest."""
    return f"g-{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()[:8]}"


def applied(conformance: Conformance, path: str) -> list[Manifest]:
    """Return the documents of a manifest, in the namespace of its recording."""
    text = (conformance.data / "manifests" / path).read_text()
    documents = [document for document in yaml.safe_load_all(text) if document]
    return [_in_namespace(document, namespace_of(path)) for document in documents]


def recorded(conformance: Conformance, cluster: str, path: str) -> dict[Key, Manifest]:
    """Return the objects that the reference made of a manifest."""
    _, objects = _tool(conformance.tools).load(conformance.data / "goldens" / cluster / path)
    return dict(objects)


def by_key(manifests: Iterable[Manifest]) -> dict[Key, Manifest]:
    """Return manifests by group, kind and name."""
    return {
        (manifest["apiVersion"].rpartition("/")[0], manifest["kind"], manifest["metadata"]["name"]): manifest
        for manifest in manifests
    }


def compare(conformance: Conformance, reference: Mapping[Key, Manifest], ours: Mapping[Key, Manifest]) -> Result:
    """Return how our objects differ from recorded ones; accepted deviations are named, not counted."""
    tool = _tool(conformance.tools)
    tool.Tally.deviations = [(re.compile(entry["match"]), entry["why"]) for entry in accepted()]
    tally = tool.Tally()
    tally.objects(dict(reference), dict(ours))
    differences = tuple(Difference(where, left, right) for _, where, left, right in tally.diffs)
    return Result(tally.total, differences, tuple(tally.accepted))


def accepted() -> list[dict[str, str]]:
    """Return the deviations that we accept."""
    found: list[dict[str, str]] = json.loads(ACCEPTED.read_text())
    return found


def _in_namespace(document: Manifest, namespace: str) -> Manifest:
    return {**document, "metadata": {**document["metadata"], "namespace": namespace}}


@cache
def _tool(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_compare", folder / "parity" / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
