"""What a schema does not know is dropped and named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.schemas.builtin import builtin_schema
from lab.apiserver.schemas.prune import prune
from tests.unit.lab.apiserver.schemas.samples import BOX, SPEC, a_box

NAMES = st.sampled_from([*SPEC, "bogus", "metadata", "name", "known", "port"])
VALUES = st.recursive(
    st.none() | st.integers(0, 1) | st.text("a", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("spec", "unknown"),
    [
        pytest.param({"size": 1}, [], id="declared"),
        pytest.param({"bogus": 1, "alpha": 2}, ["spec.alpha", "spec.bogus"], id="undeclared, in order"),
        pytest.param({"limits": {"gpu": 1}}, ["spec.limits.gpu"], id="inside an object"),
        pytest.param({"ports": [{"port": 1, "x": 1}]}, ["spec.ports[0].x"], id="inside a list"),
        pytest.param({"free": {"x": {"y": 1}, "known": 1}}, [], id="kept where unknown fields are"),
        pytest.param(
            {"template": {"x": 1, "metadata": {"x": 1}}}, ["spec.template.metadata.x"], id="embedded metadata"
        ),
        pytest.param({"labels": {"any": "x"}}, [], id="free keys"),
        pytest.param({"size": {"a": 1}}, [], id="a wrong type is left for validation"),
    ],
)
def test_names_unknown_fields(spec: dict[str, Any], unknown: list[str]) -> None:
    pruned, found = prune(a_box(**spec), BOX)

    assert found == unknown
    assert prune(pruned, BOX) == (pruned, [])


def test_metadata_is_known_and_pruned_without_being_declared() -> None:
    box = a_box()
    box["metadata"] = {"name": "b", "labels": {"a": "1"}, "bogus": 1, "ownerReferences": [{"uid": "u", "x": 1}]}

    assert prune(box, BOX)[1] == ["metadata.bogus", "metadata.ownerReferences[0].x"]


def test_an_object_without_unknown_fields_is_returned_itself() -> None:
    box = a_box(size=1, ports=[{"port": 1}])

    assert prune(box, BOX)[0] is box


def test_built_in_kinds_know_their_fields() -> None:
    schema = builtin_schema("", "v1", "Pod")
    assert schema is not None
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "imagee": "x"}]}}

    assert prune(pod, schema)[1] == ["spec.containers[0].imagee"]


@given(VALUES)
@settings(max_examples=60)
def test_pruning_twice_is_pruning_once(spec: Any) -> None:
    pruned, _ = prune({"spec": spec}, BOX)

    assert prune(pruned, BOX) == (pruned, [])
