"""What is filled in, and what becomes of null."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings

from lab.apiserver.schemas.defaults import apply_defaults
from lab.apiserver.schemas.schema import Schema
from tests.unit.lab.apiserver.schemas.samples import BOX, a_box
from tests.unit.lab.apiserver.schemas.test_prune import VALUES

DEFAULTS = {"enabled": True, "fallback": "x", "limits": {"cpu": 1, "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, DEFAULTS, id="missing fields, and defaults inside defaults"),
        pytest.param({"limits": {}}, {**DEFAULTS, "limits": {"memory": "1Gi"}}, id="a given object is only completed"),
        pytest.param({"enabled": None}, DEFAULTS, id="null counts as missing"),
        pytest.param({"size": None}, DEFAULTS, id="null without a default is dropped"),
        pytest.param(
            {"maybe": None, "fallback": None}, {**DEFAULTS, "maybe": None, "fallback": None}, id="nullable keeps it"
        ),
        pytest.param({"ports": [{"port": 1}]}, {**DEFAULTS, "ports": [{"port": 1, "protocol": "TCP"}]}, id="items"),
        pytest.param({"names": [None]}, {**DEFAULTS, "names": [None]}, id="null in a list stays"),
        pytest.param({"labels": {"a": None}}, {**DEFAULTS, "labels": {}}, id="null under a free key is dropped"),
        pytest.param({"free": {"a": None}}, {**DEFAULTS, "free": {"a": None}}, id="null in what is unknown stays"),
    ],
)
def test_fills_in(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    assert apply_defaults(a_box(**spec), BOX)["spec"] == expected


def test_keeps_nulls_of_an_apply_to_be_refused() -> None:
    filled = apply_defaults(a_box(size=None, enabled=None), BOX, drop_nulls=False)

    assert filled["spec"] == {**DEFAULTS, "size": None}


def test_list_items_may_have_a_default() -> None:
    items = {"type": "array", "items": {"type": "string", "default": "d"}}
    schema = Schema.compile({"type": "object", "properties": {"list": items}})

    assert apply_defaults({"list": [None, "a"]}, schema) == {"list": ["d", "a"]}


def test_an_object_that_lacks_nothing_is_returned_itself() -> None:
    box = apply_defaults(a_box(ports=[{"port": 1}]), BOX)

    assert apply_defaults(box, BOX) is box


@given(VALUES)
@settings(max_examples=60)
def test_defaulting_twice_is_defaulting_once_and_changes_no_input(spec: Any) -> None:
    box = {"spec": spec}
    before = copy.deepcopy(box)

    once = apply_defaults(box, BOX)

    assert apply_defaults(once, BOX) == once
    assert box == before
