"""JSON merge patch: the examples of RFC 7386, and what must hold for every document."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.patches.merge_patch import apply_merge_patch

# RFC 7386, appendix A
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), JSON, max_size=3)


@pytest.mark.parametrize(("document", "patch", "expected"), EXAMPLES)
def test_follows_the_examples_of_the_standard(document: Any, patch: Any, expected: Any) -> None:
    assert apply_merge_patch(document, patch) == expected


@given(JSON, OBJECTS)
@settings(max_examples=50)
def test_applying_a_patch_twice_is_applying_it_once(document: Any, patch: dict[str, Any]) -> None:
    once = apply_merge_patch(document, patch)

    assert apply_merge_patch(once, patch) == once


@given(OBJECTS, OBJECTS)
@settings(max_examples=50)
def test_never_changes_its_inputs(document: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((document, patch))

    apply_merge_patch(document, patch)

    assert (document, patch) == before


def test_a_patch_that_says_what_holds_returns_the_document_itself() -> None:
    value = ["x"]
    document = {"a": {"b": value}}

    assert apply_merge_patch(document, {"a": {"b": value}, "missing": None}) is document
