"""Metadata is cleaned, judged, and kept from changing where only the server writes."""

import pytest

from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.strategies.metadata import (
    check_metadata,
    check_metadata_update,
    clean_metadata,
    finalizer_warnings,
    merge_duplicate_owners,
)
from lab.apiserver.strategies.names import subdomain

OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}


def test_unknown_fields_are_dropped_and_named() -> None:
    document = {"metadata": {"name": "a", "bogus": 1, "ownerReferences": [{**OWNER, "more": 2}]}}

    unknown = clean_metadata(document, "Widget", "v1")

    assert unknown == ["metadata.bogus", "metadata.ownerReferences[0].more"]
    assert document["metadata"] == {"name": "a", "ownerReferences": [OWNER]}


def test_empty_lists_and_maps_disappear() -> None:
    document: Document = {"metadata": {"name": "a", "labels": {}, "finalizers": [], "annotations": None}}

    clean_metadata(document, "Widget", "v1")

    assert document["metadata"] == {"name": "a"}


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("x", "json: cannot unmarshal string into Go value of type v1.ObjectMeta"),
        ({"name": 5}, "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string"),
        ({"labels": {"n": 5}}, "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"),
        (
            {"finalizers": "x"},
            "json: cannot unmarshal string into Go struct field ObjectMeta.finalizers of type []string",
        ),
    ],
)
def test_a_wrong_type_is_refused_in_gos_words(metadata: object, told: str) -> None:
    with pytest.raises(ApiError) as refused:
        clean_metadata({"metadata": metadata}, "Widget", "v1")

    assert refused.value.message == f'Widget in version "v1" cannot be handled as a Widget: {told}'


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        pytest.param({}, "metadata.name", id="no name"),
        pytest.param({"name": "A"}, "metadata.name", id="a bad name"),
        pytest.param({"name": "a", "labels": {"a b": "x"}}, "metadata.labels", id="a bad label key"),
        pytest.param({"name": "a", "annotations": {"a b": "x"}}, "metadata.annotations", id="a bad annotation key"),
        pytest.param({"name": "a", "finalizers": ["a b/c"]}, "metadata.finalizers", id="a bad finalizer"),
        pytest.param({"name": "a", "annotations": {"a": "x" * 300_000}}, "metadata.annotations", id="too much"),
        pytest.param(
            {"name": "a", "ownerReferences": [{}]}, "metadata.ownerReferences.apiVersion", id="an empty owner"
        ),
        pytest.param(
            {"name": "a", "ownerReferences": [{**OWNER, "controller": True}] * 2},
            "metadata.ownerReferences",
            id="two controllers",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_field(metadata: dict[str, object], field: str) -> None:
    assert check_metadata(metadata, subdomain)[0].field == field


@pytest.mark.parametrize("field", ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"])
def test_identity_does_not_change(field: str) -> None:
    live = {"name": "a", "namespace": "n", "uid": "u", "creationTimestamp": "t"}

    assert [cause.field for cause in check_metadata_update({**live, field: "other"}, live)] == [f"metadata.{field}"]


def test_no_finalizer_is_added_to_what_is_being_deleted() -> None:
    live = {"name": "a", "deletionTimestamp": "t", "finalizers": ["a.b/c"]}

    causes = check_metadata_update({**live, "finalizers": ["a.b/c", "a.b/d"]}, live)

    assert causes[0].message.endswith('found new finalizers []string{"a.b/d"}')


def test_equal_owners_are_merged_with_a_warning() -> None:
    metadata = {"ownerReferences": [OWNER, dict(OWNER)]}

    warnings = merge_duplicate_owners(metadata)

    assert metadata["ownerReferences"] == [OWNER]
    assert warnings[0].endswith("duplicate UID(s) observed: u")


def test_only_new_finalizers_without_a_domain_are_warned_about() -> None:
    assert finalizer_warnings({"finalizers": ["plain", "a.b/c", "kubernetes"]}, None) != []
    assert finalizer_warnings({"finalizers": ["plain"]}, {"finalizers": ["plain"]}) == []
