"""The examples of this project render to what was reviewed last."""

from __future__ import annotations

from collections.abc import Iterator
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
    found = [each for each in yaml.safe_load_all(recorded(name)) if each["kind"] != "DynamoComponentDeployment"]
    made = [each for each in found if each["kind"] in ("Deployment", "Service", "Ingress")]
    pods = [pod for each in found if each not in made for pod in pods_of(each)]

    assert made
    assert [problem for manifest in [*made, *pods] for problem in violations(manifest)] == []


def pods_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what the pods of an orchestrator's object would be: every part of it that holds containers."""
    if isinstance(value, dict) and "containers" in value:
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": value}
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from pods_of(inner)


def violations(manifest: dict[str, Any]) -> list[str]:
    """Return what a strict reader of the API's schemas has to say; the uid that only a cluster gives is filled in."""
    owners = [{**owner, "uid": "u"} for owner in manifest["metadata"].get("ownerReferences", ())]
    whole = {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": owners}}
    try:
        kubernetes_validate.validate(whole, "1.33", strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []


def test_each_golden_file_has_an_example() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(NAMES)
