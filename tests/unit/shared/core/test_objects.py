"""Reading plain data: whatever its shape, the answer has the promised type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.errors import ConflictError, InvalidObjectError, LeaseLostError, PermanentError, TemporaryError
from shared.core.json import canonical, digest, integer, items, mapping, member, text
from shared.core.objects import (
    annotations_of,
    controller_of,
    finalizers_of,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    ref_of,
    uid_of,
    version_of,
)
from shared.core.outcomes import Done, Reject, Retry
from shared.core.resources import GRAPHS, KNOWN, NODES, PODS, Ref, Resource, resource_by_plural, resource_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("metadata", "labels", "x")), inner),
    max_leaves=8,
)
MEMBERS = ("name", "namespace", "uid", "labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp")


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON) | JSON)
def test_odd_metadata_raises_nothing(metadata: Any) -> None:
    manifest = {"metadata": metadata}

    assert isinstance(name_of(manifest) + namespace_of(manifest) + uid_of(manifest), str)
    assert isinstance(generation_of(manifest), int)
    assert isinstance(is_deleting(manifest), bool)
    assert all(isinstance(value, str) for value in (labels_of(manifest) | annotations_of(manifest)).values())
    assert all(isinstance(each, str) for each in finalizers_of(manifest))
    assert all(isinstance(owner.name, str) for owner in owners_of(manifest))


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_equal_values_have_equal_bytes(value: Any) -> None:
    reordered = dict(reversed(value.items())) if isinstance(value, dict) else value

    assert canonical(reordered) == canonical(value)
    assert digest(reordered) == digest(value)
    assert len(digest(value)) == 16


def test_members_are_reached_by_path_or_not_at_all() -> None:
    value = {"a": {"text": "x", "number": 3, "flag": True, "list": [1], "map": {"k": "v"}}}

    assert member(value, "a", "map", "k") == "v"
    assert member(value, "a", "text", "k") is None
    assert (text(value, "a", "text"), text(value, "a", "number")) == ("x", "")
    assert (integer(value, "a", "number"), integer(value, "a", "flag"), integer(value, "a", "text")) == (3, 0, 0)
    assert (items(value, "a", "list"), items(value, "a", "map")) == ([1], [])
    assert (mapping(value, "a", "map"), mapping(value, "a", "list")) == ({"k": "v"}, {})


@pytest.mark.parametrize("version", ["", "abc", "-1", "²", "1.5"])
def test_a_version_is_a_number(version: str) -> None:
    with pytest.raises(InvalidObjectError, match="resourceVersion"):
        version_of({"metadata": {"name": "one", "resourceVersion": version}})


def test_versions_are_compared_as_numbers() -> None:
    assert version_of({"metadata": {"resourceVersion": "10"}}) > version_of({"metadata": {"resourceVersion": "9"}})


def test_the_controller_is_the_owner_that_says_so() -> None:
    references = [
        {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"},
        {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "name": "chat", "uid": "2", "controller": True},
    ]
    manifest = {"metadata": {"ownerReferences": references}}

    controller = controller_of(manifest)

    assert controller is not None
    assert (controller.name, controller.resource) == ("chat", GRAPHS)
    assert [owner.resource for owner in owners_of(manifest)] == [NODES, GRAPHS]
    assert controller_of({}) is None


def test_an_object_of_an_unknown_kind_or_without_a_name_has_no_address() -> None:
    assert ref_of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "t"}}) == Ref(
        PODS, "t", "p"
    )
    with pytest.raises(InvalidObjectError, match="no known kind"):
        ref_of({"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "p"}})
    with pytest.raises(InvalidObjectError, match="no known kind"):
        ref_of({"apiVersion": "v1", "kind": "Pod", "metadata": {}})


@pytest.mark.parametrize("resource", KNOWN, ids=lambda resource: str(resource.plural))
def test_every_resource_is_found_by_kind_and_by_plural(resource: Resource) -> None:
    assert resource_of(resource.api_version, resource.kind) is resource
    assert resource_by_plural(resource.plural) is resource
    assert resource_of("example.com/v1", resource.kind) is None


def test_paths_are_those_of_the_api() -> None:
    assert GRAPHS.path() == "/apis/nvidia.com/v1alpha1/dynamographdeployments"
    assert Ref(PODS, "t", "p").path == "/api/v1/namespaces/t/pods/p"
    assert PODS.path("t", "p", "status") == "/api/v1/namespaces/t/pods/p/status"
    assert Ref(NODES, "", "n").path == "/api/v1/nodes/n"
    assert str(Ref(GRAPHS, "t", "chat")) == "dynamographdeployments.nvidia.com/t/chat"
    assert str(Ref(NODES, "", "n")) == "nodes/n"
    assert (GRAPHS.group_resource, PODS.group_resource) == ("dynamographdeployments.nvidia.com", "pods")


def test_errors_tell_whether_waiting_helps() -> None:
    assert issubclass(ConflictError, TemporaryError)
    assert issubclass(LeaseLostError, TemporaryError)
    assert issubclass(InvalidObjectError, PermanentError)
    assert not issubclass(PermanentError, TemporaryError)


def test_outcomes_are_values() -> None:
    assert Done() == Done()
    assert Retry("later") == Retry("later", None)
    assert Reject("a") != Reject("b")
