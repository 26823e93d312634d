"""What an API server fills in when a user applies an object of ours: the defaults of its definition."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab.apiserver.schemas.compilation import compile_node
from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.schema import Schema

DEFINITIONS = Path(__file__).resolve().parents[2] / "charts" / "crds" / "templates"


def as_stored(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with what the definition of its kind fills in; one without a definition of ours as it is."""
    schema = _schemas().get(document["kind"])
    return document if schema is None else apply_defaults(document, schema)


@cache
def _schemas() -> dict[str, Schema]:
    found = {}
    for file in sorted(DEFINITIONS.glob("*.yaml")):
        spec = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["spec"]
        served = next(version for version in spec["versions"] if version["storage"])
        found[spec["names"]["kind"]] = compile_node(served["schema"]["openAPIV3Schema"])
    return found
