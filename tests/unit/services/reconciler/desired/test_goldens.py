"""The examples of this project render to what was reviewed last."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.golden.reconciler.renderings import FOLDER, NAMES, recorded, rendered


@pytest.mark.parametrize("name", NAMES)
def test_an_example_renders_as_reviewed(name: str) -> None:
    assert rendered(name) == recorded(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_rendered_fits_the_schemas_of_kubernetes(name: str) -> None:
    made = [each for each in yaml.safe_load_all(recorded(name)) if each["kind"] in ("Deployment", "Service")]

    assert made
    assert [problem for manifest in made for problem in violations(manifest)] == []


def violations(manifest: dict[str, Any]) -> list[str]:
    """Return what a strict reader of the API's schemas has to say; the uid that only a cluster gives is filled in."""
    owner = {**manifest["metadata"]["ownerReferences"][0], "uid": "u"}
    whole = {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}}
    try:
        kubernetes_validate.validate(whole, "1.33", strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []


def test_each_golden_file_has_an_example() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(NAMES)
