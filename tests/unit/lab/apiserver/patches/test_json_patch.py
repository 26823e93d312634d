"""JSON patch: the examples of RFC 6902, appendix A, and the dialect of Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.patches.json_patch import PatchError, PatchFormatError, PatchTestError, apply_json_patch

EXAMPLES: list[Any] = [
    pytest.param(
        {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}, id="A1"
    ),
    pytest.param(
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
        id="A2",
    ),
    pytest.param({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}, id="A3"),
    pytest.param(
        {"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}, id="A4"
    ),
    pytest.param({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}, id="A5"),
    pytest.param(
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        id="A6",
    ),
    pytest.param(
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
        id="A7",
    ),
    pytest.param(
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
        {"baz": "qux", "foo": ["a", 2, "c"]},
        id="A8",
    ),
    pytest.param(
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
        {"foo": "bar", "child": {"grandchild": {}}},
        id="A10",
    ),
    pytest.param(
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
        id="A11",
    ),
    pytest.param({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}, id="A14"),
    pytest.param(
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
        id="A16",
    ),
    pytest.param(
        {"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}, id="copy"
    ),
    pytest.param(
        {"a": 1}, [{"op": "replace", "path": "/b", "value": 2}], {"a": 1, "b": 2}, id="replace adds a missing key"
    ),
    pytest.param({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}, id="the whole document"),
    pytest.param({"a": 1}, [{"op": "test", "path": "/b", "value": None}], {"a": 1}, id="a missing key tests as null"),
]


@pytest.mark.parametrize(("document", "operations", "expected"), EXAMPLES)
def test_follows_the_examples(document: Any, operations: list[dict[str, Any]], expected: Any) -> None:
    assert apply_json_patch(document, operations) == expected


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        pytest.param({"baz": "qux"}, {"op": "test", "path": "/baz", "value": "bar"}, id="another value"),
        pytest.param({"n": 10}, {"op": "test", "path": "/n", "value": "10"}, id="a number is no string"),
        pytest.param({"n": 1}, {"op": "test", "path": "/n", "value": True}, id="one is not true"),
        pytest.param({"n": {"a": 1}}, {"op": "test", "path": "/n", "value": {"a": 1, "b": 2}}, id="another object"),
    ],
)
def test_a_test_that_finds_another_value_fails(document: Any, operation: dict[str, Any]) -> None:
    with pytest.raises(PatchTestError):
        apply_json_patch(document, [operation])


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "add", "path": "/baz/bat", "value": "qux"}, id="no parent"),
        pytest.param({"op": "remove", "path": "/missing"}, id="nothing to remove"),
        pytest.param({"op": "add", "path": "/list/3", "value": 1}, id="beyond the end"),
        pytest.param({"op": "replace", "path": "/list/1", "value": 1}, id="no such item"),
        pytest.param({"op": "add", "path": "/list/01", "value": 1}, id="a leading zero"),
        pytest.param({"op": "add", "path": "/list/x", "value": 1}, id="no index"),
        pytest.param({"op": "add", "path": "list", "value": 1}, id="no slash"),
        pytest.param({"op": "add", "path": "/a"}, id="no value"),
        pytest.param({"op": "add", "value": 1}, id="no path"),
        pytest.param({"op": "move", "from": "/map", "path": "/map/inner"}, id="into itself"),
        pytest.param({"op": "copy", "from": "/missing", "path": "/x"}, id="nothing to copy"),
        pytest.param({"op": "remove", "path": "/map/text/deeper"}, id="below a scalar"),
        pytest.param({"op": "merge", "path": "/a"}, id="an unknown operation"),
        pytest.param("add", id="not an object"),
    ],
)
def test_refuses_what_cannot_be_applied(operation: Any) -> None:
    with pytest.raises(PatchError):
        apply_json_patch({"list": [0], "map": {"text": "x"}}, [operation])


def test_refuses_a_patch_that_is_no_list() -> None:
    with pytest.raises(PatchFormatError):
        apply_json_patch({}, {"op": "add", "path": "/a", "value": 1})


def test_leaves_the_document_alone() -> None:
    document = {"a": {"b": [1, 2]}}

    apply_json_patch(document, [{"op": "add", "path": "/a/b/0", "value": 0}, {"op": "remove", "path": "/a/b/1"}])

    assert document == {"a": {"b": [1, 2]}}
