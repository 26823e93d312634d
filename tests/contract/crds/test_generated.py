"""The files of the CRD chart are what the models say, and small and strict enough for an API server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from scripts.crds import FOLDER, generate, stale
from shared.api.crds import DEFINITIONS, Definition, crd

ALL = [pytest.param(each, id=each.short_name) for each in DEFINITIONS]
MAX_BYTES = 262144
KEYWORDS = {
    "additionalProperties",
    "anyOf",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
}


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema in a schema with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from schemas(inner, f"{path}.{name}")
    for keyword, sign in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from schemas(schema[keyword], path + sign)


def schema_of(definition: Definition) -> dict[str, Any]:
    found: dict[str, Any] = crd(definition)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


@pytest.mark.rule("UP-01")
def test_the_files_are_generated() -> None:
    assert stale(FOLDER) == []


def test_a_changed_missing_or_foreign_file_is_noticed(tmp_path: Path) -> None:
    texts = generate()
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    first, second, *_ = sorted(texts)
    (tmp_path / first).write_text("kind: Other\n", encoding="utf-8")
    (tmp_path / second).unlink()
    (tmp_path / "foreign.yaml").write_text("", encoding="utf-8")

    assert stale(tmp_path) == ["foreign.yaml", first, second]


def test_the_command_checks_the_files_and_refuses_what_it_does_not_know() -> None:
    check = subprocess.run([sys.executable, "-m", "scripts.crds", "--check"], cwd=FOLDER.parents[2], check=False)
    wrong = subprocess.run(
        [sys.executable, "-m", "scripts.crds", "--chekc"], cwd=FOLDER.parents[2], check=False, capture_output=True
    )

    assert (check.returncode, wrong.returncode) == (0, 2)


def test_generation_is_deterministic_and_readable_as_yaml() -> None:
    texts = generate()

    assert generate() == texts
    assert [yaml.safe_load(texts[name])["kind"] for name in texts] == ["CustomResourceDefinition"] * 6


@pytest.mark.rule("UP-04")
@pytest.mark.parametrize("definition", ALL)
def test_a_definition_fits_into_the_annotation_of_client_side_apply(definition: Definition) -> None:
    assert len(orjson.dumps(crd(definition))) < MAX_BYTES


@pytest.mark.rule("UP-02")
@pytest.mark.parametrize("definition", ALL)
def test_a_definition_survives_an_uninstall(definition: Definition) -> None:
    assert crd(definition)["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("definition", ALL)
def test_a_schema_is_structural(definition: Definition) -> None:
    faults = [
        path
        for path, schema in schemas(schema_of(definition))
        if ("type" not in schema and not schema.get("x-kubernetes-int-or-string"))
        or set(schema) - KEYWORDS
        or not set(schema.get("required", ())) <= set(schema.get("properties", ()))
        or ("properties" in schema and "additionalProperties" in schema)
    ]

    assert faults == []


@pytest.mark.rule("UP-03")
@pytest.mark.parametrize("definition", ALL)
def test_every_field_of_our_own_is_described(definition: Definition) -> None:
    bare = [
        f"{path}.{name}"
        for path, schema in schemas(schema_of(definition))
        if not schema.get("x-kubernetes-preserve-unknown-fields")
        for name, inner in schema.get("properties", {}).items()
        if "description" not in inner and (path, name) != ("", "metadata")
    ]

    assert bare == []
