"""What makes the schema of a definition unusable."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.schemas.field_errors import FieldError
from lab.apiserver.schemas.structural import structural_errors
from tests.unit.lab.apiserver.schemas.samples import SPEC


def a_schema(**field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"n": field}}


def a_rule(**rule: Any) -> dict[str, Any]:
    return a_schema(type="integer", **{"x-kubernetes-validations": [rule]})


@pytest.mark.parametrize(
    ("schema", "errors"),
    [
        pytest.param(
            {"properties": {"a": {}}},
            {
                "s.type": "Required value: must not be empty at the root",
                "s.properties[a].type": "Required value: must not be empty for specified object fields",
            },
            id="types are missing",
        ),
        pytest.param(
            a_schema(type="array", items={}),
            {"s.properties[n].items.type": "Required value: must not be empty for specified array items"},
            id="the type of items is missing",
        ),
        pytest.param(
            a_schema(type="text"),
            {
                "s.properties[n].type": 'Unsupported value: "text": supported values: '
                '"array", "boolean", "integer", "number", "object", "string"'
            },
            id="a type that there is not",
        ),
        pytest.param(
            a_schema(type="array"), {"s.properties[n].items": "Required value: must be specified"}, id="no items"
        ),
        pytest.param(
            a_schema(type="integer", default="x"),
            {"s.properties[n].default": 'Invalid value: "string":  in body must be of type integer: "string"'},
            id="a default of the wrong type",
        ),
        pytest.param(
            a_schema(type="object", additionalProperties={"type": "object", "properties": {"a": {}}}),
            {
                "s.properties[n].additionalProperties.properties[a].type": (
                    "Required value: must not be empty for specified object fields"
                )
            },
            id="inside free keys",
        ),
        pytest.param(
            a_schema(type="array", items={"type": "object"}, **{"x-kubernetes-list-type": "map"}),
            {
                "s.properties[n].x-kubernetes-list-map-keys": (
                    "Required value: must not be empty if x-kubernetes-list-type is map"
                )
            },
            id="a list map without keys",
        ),
        pytest.param(
            a_schema(
                type="array",
                items={"type": "object", "properties": {"k": {"type": "string"}}},
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
            ),
            {
                "s.properties[n].items.properties[k].default": (
                    "Required value: this property is in x-kubernetes-list-map-keys, "
                    "so it must have a default or be a required property"
                )
            },
            id="a key that may be absent",
        ),
        pytest.param(
            a_rule(rule="self + 1"),
            {
                "s.properties[n].x-kubernetes-validations[0].rule": (
                    'Invalid value: {"Rule":"self + 1","Message":"","MessageExpression":"","Reason":null,'
                    '"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool'
                )
            },
            id="a rule that is not true or false",
        ),
        pytest.param(
            a_rule(rule="self > 1", messageExpression="self"),
            {
                "s.properties[n].x-kubernetes-validations[0].messageExpression": (
                    'Invalid value: {"Rule":"self \\u003e 1","Message":"","MessageExpression":"self","Reason":null,'
                    '"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a string'
                )
            },
            id="a message that is no text",
        ),
    ],
)
def test_refuses(schema: dict[str, Any], errors: dict[str, str]) -> None:
    assert {error.field: error.message for error in structural_errors(schema, "s")} == errors


def test_shows_where_a_rule_cannot_be_parsed() -> None:
    (error,) = structural_errors(a_rule(rule="self >"), "s")

    assert isinstance(error, FieldError)
    assert error.message.startswith('Invalid value: {"Rule":"self \\u003e"')
    assert "compilation failed: ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>'" in error.message


def test_refuses_a_rule_that_takes_a_scalar_for_something_else() -> None:
    (error,) = structural_errors(a_rule(rule="self + 'a' == 'b'"), "s")

    assert "compilation failed: ERROR: " in error.message


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"rule": "self == oldSelf"}, id="a change"),
        pytest.param(
            {"rule": "!oldSelf.hasValue() || self >= oldSelf.value()", "optionalOldSelf": True}, id="an optional change"
        ),
        pytest.param({"rule": "100 / (self - 1) > 1"}, id="one that fails on some values"),
        pytest.param({"rule": "self > 1", "messageExpression": "'got ' + string(self)"}, id="a computed message"),
    ],
)
def test_accepts_a_rule(rule: dict[str, Any]) -> None:
    assert structural_errors(a_rule(**rule), "s") == []


def test_accepts_every_kind_of_field() -> None:
    assert (
        structural_errors({"type": "object", "properties": {"spec": {"type": "object", "properties": SPEC}}}, "s") == []
    )
