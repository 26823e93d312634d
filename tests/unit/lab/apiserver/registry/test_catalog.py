"""The catalog says what is served, the preferred version first."""

import pytest

from lab.apiserver.registry.catalog import Catalog, version_priority
from lab.apiserver.registry.custom import all_selectable, custom_resources
from tests.unit.lab.apiserver.clusters import a_definition, an_empty_cluster


@pytest.mark.parametrize(
    "versions", [["v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "foo"], ["v10", "v9", "v11beta1", "v2alpha3"]]
)
def test_stable_and_newer_versions_come_first(versions: list[str]) -> None:
    shuffled = [*versions[2:], *versions[:2]]

    assert sorted(shuffled, key=version_priority) == versions


def test_a_removed_resource_is_served_in_no_version() -> None:
    catalog = Catalog()
    catalog.add(custom_resources(a_definition(versions=("v1", "v2"))))
    before = catalog.revision

    catalog.remove("lab.example.com", "widgets")

    assert catalog.find("lab.example.com", "v2", "widgets") is None
    assert catalog.versions("lab.example.com") == []
    assert catalog.revision > before


def test_the_storage_version_answers_for_a_resource() -> None:
    catalog = Catalog()
    catalog.add(custom_resources(a_definition(versions=("v1", "v2"))))

    stored = catalog.stored("lab.example.com", "widgets")

    assert stored is not None
    assert stored.version == "v1"


def test_versions_that_are_not_served_make_no_resource() -> None:
    definition = a_definition(versions=("v1", "v2"))
    definition["spec"]["versions"][1]["served"] = False

    assert [resource.version for resource in custom_resources(definition)] == ["v1"]
    assert all_selectable(definition) == {"spec.color": ("spec", "color")}


def test_every_built_in_kind_has_a_schema() -> None:
    catalog = an_empty_cluster().catalog

    served = [
        item
        for group in ("", *catalog.group_names())
        for version in catalog.versions(group)
        for item in catalog.resources(group, version)
    ]

    assert all(resource.schema() is not None for resource in served)
