"""The lab's own definitions of add-ons look to clients as the genuine ones do, and know no field that those lack.

Where they differ on purpose, it is named here: defaults that upstream's webhooks fill in, and the newest version of
Istio's, which a client would prefer to the one that all releases serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance import Conformance

FOLDER = Path(__file__).resolve().parents[3] / "lab" / "crds"
ALL = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob("*/*.yaml"))]
BY_WEBHOOK = {".spec.networkConfig", ".spec.rolloutStrategy"}
LEFT_OUT = {("virtualservices", "v1")}
NAMES = ("kind", "listKind", "plural", "singular", "shortNames", "categories")


@cache
def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(
        path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )  # as safe as safe_load, and fast
    return found


def genuine(conformance: Conformance, own: dict[str, Any]) -> dict[str, Any]:
    plural, _, group = own["metadata"]["name"].partition(".")
    return read(conformance.data / "crds" / "third-party" / f"{group}_{plural}.yaml")


def surface(definition: dict[str, Any]) -> dict[str, Any]:
    """Return what clients see of a definition besides its fields."""
    spec = definition["spec"]
    return {
        "scope": spec["scope"],
        "names": {name: spec["names"].get(name) for name in NAMES},
        "versions": {
            version["name"]: (version["served"], version.get("subresources") or {})
            for version in spec["versions"]
            if (spec["names"]["plural"], version["name"]) not in LEFT_OUT
        },
    }


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str | None, Any]]:
    """Yield path, type and default of every field that a schema declares."""
    for name, inner in (schema.get("properties") or {}).items():
        default = None if f"{path}.{name}" in BY_WEBHOOK else inner.get("default")
        yield f"{path}.{name}", inner.get("type"), default
        yield from fields(inner, f"{path}.{name}")
        yield from fields(inner.get("items") or {}, f"{path}.{name}[]")


def schema(definition: dict[str, Any], version: str) -> dict[str, Any]:
    (found,) = [each for each in definition["spec"]["versions"] if each["name"] == version]
    whole: dict[str, Any] = found["schema"]["openAPIV3Schema"]
    return {"properties": {part: whole["properties"][part] for part in ("spec", "status")}}


@pytest.mark.parametrize("path", ALL)
def test_an_add_on_looks_to_clients_as_the_genuine_one_does(path: Path, conformance: Conformance) -> None:
    own = read(path)

    assert surface(own) == surface(genuine(conformance, own))


@pytest.mark.parametrize("path", ALL)
def test_an_add_on_declares_only_fields_of_the_genuine_one(path: Path, conformance: Conformance) -> None:
    own = read(path)
    (stored,) = [each["name"] for each in own["spec"]["versions"] if each["storage"]]

    declared = set(map(repr, fields(schema(own, stored))))
    known = set(map(repr, fields(schema(genuine(conformance, own), stored))))

    assert declared - known == set()
