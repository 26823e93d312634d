"""Sets of fields: their laws, their wire form, and how their paths read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.ownership.fields import FieldsError, FieldSet

ELEMENTS = st.sampled_from(["f:a", "f:b", "f:c", 'k:{"name":"x"}', 'v:"y"', "i:0"])
PATHS = st.lists(st.lists(ELEMENTS, min_size=1, max_size=3), max_size=6)


def of(paths: list[list[str]]) -> FieldSet:
    """Build a set element by element, without the code under test."""
    root: dict[str, Any] = {}
    for path in paths:
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return FieldSet.decode(root)


def members(fields: FieldSet) -> set[str]:
    return set(fields.paths())


SETS = PATHS.map(of)


@given(SETS)
@settings(max_examples=60)
def test_reading_what_was_written_gives_the_same_set(fields: FieldSet) -> None:
    assert FieldSet.decode(fields.encode()) == fields


@given(SETS)
@settings(max_examples=60)
def test_writing_is_in_canonical_order(fields: FieldSet) -> None:
    keys = list(fields.encode())

    assert keys == sorted(keys)


@given(SETS, SETS)
@settings(max_examples=80)
def test_operations_are_those_of_sets_of_paths(left: FieldSet, right: FieldSet) -> None:
    assert members(left.union(right)) == members(left) | members(right)
    assert members(left.intersection(right)) == members(left) & members(right)
    assert members(left.difference(right)) == members(left) - members(right)


@given(SETS, SETS)
@settings(max_examples=60)
def test_union_and_intersection_do_not_depend_on_the_order(left: FieldSet, right: FieldSet) -> None:
    assert left.union(right) == right.union(left)
    assert left.intersection(right) == right.intersection(left)


@given(SETS, SETS)
@settings(max_examples=60)
def test_a_set_that_holds_all_of_another_is_their_union_as_it_is(left: FieldSet, right: FieldSet) -> None:
    both = left.union(right)

    assert both.union(right).tree is both.tree


@given(SETS, SETS, SETS)
@settings(max_examples=60)
def test_union_is_associative(one: FieldSet, two: FieldSet, three: FieldSet) -> None:
    assert one.union(two).union(three) == one.union(two.union(three))


@given(SETS, SETS)
@settings(max_examples=60)
def test_a_set_is_its_intersection_and_its_difference(left: FieldSet, right: FieldSet) -> None:
    assert left.intersection(right).union(left.difference(right)) == left


@given(SETS)
@settings(max_examples=30)
def test_a_set_less_itself_is_empty(fields: FieldSet) -> None:
    assert fields.difference(fields).is_empty
    assert fields.without(fields).is_empty


@given(SETS, SETS)
@settings(max_examples=60)
def test_without_also_takes_what_lies_below(left: FieldSet, right: FieldSet) -> None:
    taken = tuple(right.paths())

    assert members(left.without(right)) == {
        path
        for path in left.paths()
        if not any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in taken)
    }


def test_paths_read_as_in_error_messages() -> None:
    fields = FieldSet.decode(
        {
            "f:spec": {
                "f:env": {'k:{"name":"x"}': {".": {}, "f:value": {}}},
                "f:ports": {'k:{"protocol":"TCP","port":80}': {}},
                "f:tags": {'v:"a"': {}, "v:1": {}},
                "f:args": {"i:0": {}},
            }
        }
    )

    assert list(fields.paths()) == [
        ".spec.args[0]",
        '.spec.env[name="x"]',
        '.spec.env[name="x"].value',
        '.spec.ports[port=80,protocol="TCP"]',
        '.spec.tags[="a"]',
        ".spec.tags[=1]",
    ]


def test_keys_are_brought_into_one_form() -> None:
    spaced = FieldSet.decode({'k:{"b": 1, "a": 2}': {}})

    assert spaced == FieldSet.decode({'k:{"a":2,"b":1}': {}})


@pytest.mark.parametrize(
    "fields_v1",
    [
        pytest.param({"x:a": {}}, id="an unknown kind of element"),
        pytest.param({"spec": {}}, id="no kind"),
        pytest.param({"k:nothing": {}}, id="a key that is no JSON"),
        pytest.param({"k:[1]": {}}, id="a key that is no object"),
        pytest.param({'i:"a"': {}}, id="a position that is no number"),
        pytest.param({"f:a": []}, id="a node that is no object"),
    ],
)
def test_refuses_what_is_no_set_of_fields(fields_v1: dict[str, Any]) -> None:
    with pytest.raises(FieldsError):
        FieldSet.decode(fields_v1)
