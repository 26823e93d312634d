"""Broken rules of a schema, in the words of the genuine server."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.schemas.field_errors import (
    DUPLICATE,
    INVALID,
    NO_FIELD,
    NOT_SUPPORTED,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
    TYPE_INVALID,
    FieldError,
)
from lab.apiserver.schemas.validation import validate
from tests.unit.lab.apiserver.schemas.samples import BOX, a_box

VALID: dict[str, Any] = {
    "size": 1,
    "ratio": 1.5,
    "color": "red",
    "note": "abc",
    "at": "2026-01-01T00:00:00Z",
    "enabled": True,
    "maybe": None,
    "port": "http",
    "limits": {"cpu": 1},
    "labels": {"a": "1"},
    "names": ["a"],
    "unique": ["a", "b"],
    "tags": ["a", "b"],
    "ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}],
    "free": {"known": 1, "x": []},
    "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}},
    "one": {"a": "x"},
    "some": 10,
    "every": 2,
}


def test_accepts_what_keeps_every_rule() -> None:
    assert validate(a_box(**VALID), BOX) == []


@pytest.mark.parametrize(
    ("spec", "reason", "field", "message"),
    [
        pytest.param(
            {"size": "1"}, TYPE_INVALID, "spec.size",
            'Invalid value: "string": spec.size in body must be of type integer: "string"', id="type",
        ),
        pytest.param(
            {"size": True}, TYPE_INVALID, "spec.size",
            'Invalid value: "": spec.size in body must be of type int32: ""', id="boolean for an integer",
        ),
        pytest.param(
            {"names": [None]}, TYPE_INVALID, "spec.names[0]",
            'Invalid value: "null": spec.names[0] in body must be of type string: "null"', id="null in a list",
        ),
        pytest.param(
            {"port": 1.5}, TYPE_INVALID, "spec.port",
            'Invalid value: "number": spec.port in body must be of type integer,string: "number"', id="int or string",
        ),
        pytest.param(
            {"size": 0}, INVALID, "spec.size",
            "Invalid value: 0: spec.size in body should be greater than or equal to 1", id="minimum",
        ),
        pytest.param(
            {"size": 51}, INVALID, "spec.size",
            "Invalid value: 51: spec.size in body should be less than or equal to 50", id="maximum",
        ),
        pytest.param(
            {"ratio": 0}, INVALID, "spec.ratio",
            "Invalid value: 0: spec.ratio in body should be greater than 0", id="exclusive minimum",
        ),
        pytest.param(
            {"ratio": 0.3}, INVALID, "spec.ratio",
            "Invalid value: 0.3: spec.ratio in body should be a multiple of 0.5", id="multiple",
        ),
        pytest.param(
            {"color": "mauve"}, NOT_SUPPORTED, "spec.color",
            'Unsupported value: "mauve": supported values: "red", "green"', id="enumeration",
        ),
        pytest.param(
            {"note": "abcdef"}, TOO_LONG, "spec.note", "Too long: may not be more than 5 bytes", id="too long",
        ),
        pytest.param(
            {"note": "a"}, INVALID, "spec.note",
            'Invalid value: "a": spec.note in body should be at least 2 chars long', id="too short",
        ),
        pytest.param(
            {"note": "AB"}, INVALID, "spec.note",
            "Invalid value: \"AB\": spec.note in body should match '^[a-z]*$'", id="pattern",
        ),
        pytest.param(
            {"note": "ab\n"}, INVALID, "spec.note",
            "Invalid value: \"ab\\n\": spec.note in body should match '^[a-z]*$'", id="a line break at the end",
        ),
        pytest.param(
            {"at": "yesterday"}, TYPE_INVALID, "spec.at",
            'Invalid value: "yesterday": spec.at in body must be of type date-time: "yesterday"', id="format",
        ),
        pytest.param(
            {"names": ["a", "b", "c"]}, TOO_MANY, "spec.names", "Too many: 3: must have at most 2 items", id="too many",
        ),
        pytest.param(
            {"names": []}, INVALID, "spec.names",
            "Invalid value: 0: spec.names in body should have at least 1 items", id="too few",
        ),
        pytest.param(
            {"labels": {"a": "1", "b": "2", "c": "3"}}, TOO_MANY, "spec.labels",
            "Too many: 3: must have at most 2 items", id="too many keys",
        ),
        pytest.param(
            {"unique": ["a", "a"]}, INVALID, "spec.unique",
            'Invalid value: "": spec.unique in body shouldn\'t contain duplicates', id="unique items",
        ),
        pytest.param({"tags": ["a", "a"]}, DUPLICATE, "spec.tags[1]", 'Duplicate value: "a"', id="twice in a set"),
        pytest.param(
            {"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}, DUPLICATE, "spec.ports[1]",
            'Duplicate value: {"port":1,"protocol":"TCP"}', id="one key twice",
        ),
        pytest.param({"ports": [{}]}, REQUIRED, "spec.ports[0].port", "Required value", id="required"),
        pytest.param(
            {"template": {"kind": "Pod"}}, REQUIRED, "spec.template.apiVersion", "Required value", id="embedded",
        ),
        pytest.param(
            {"one": {"a": "1", "b": "2"}}, INVALID, NO_FIELD,
            'Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives',
            id="two of one",
        ),
        pytest.param(
            {"some": 11}, INVALID, NO_FIELD,
            'Invalid value: "": "spec.some" must not validate the schema (not)', id="not",
        ),
    ],
)  # fmt: skip
def test_refuses(spec: dict[str, Any], reason: str, field: str, message: str) -> None:
    assert validate(a_box(**spec), BOX) == [FieldError(reason, field, message)]


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        pytest.param(
            {"size": 1.5},
            [
                'Invalid value: "": Checked value must be of type integer with format int32 in spec.size',
                'Invalid value: "float64": spec.size in body must be of type int32: "float64"',
            ],
            id="a fraction for an integer",
        ),
        pytest.param(
            {"size": 3_000_000_000},
            [
                'Invalid value: "": Checked value must be of type integer with format int32 in spec.size',
                "Invalid value: 3000000000: spec.size in body should be less than or equal to 50",
            ],
            id="beyond the format",
        ),
        pytest.param(
            {"one": {}},
            [
                'Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
                "Required value",
            ],
            id="none of one",
        ),
        pytest.param(
            {"some": 5},
            [
                'Invalid value: "": "spec.some" must validate at least one schema (anyOf)',
                "Invalid value: 5: spec.some in body should be greater than or equal to 10",
            ],
            id="none of any",
        ),
        pytest.param(
            {"every": 4}, ["Invalid value: 4: spec.every in body should be less than or equal to 3"], id="one of all"
        ),
    ],
)
def test_says_more_than_one_thing(spec: dict[str, Any], messages: list[str]) -> None:
    assert [error.message for error in validate(a_box(**spec), BOX)] == messages


def test_declared_metadata_is_validated() -> None:
    box = a_box()
    box["metadata"] = {"name": "much-too-long"}

    assert validate(box, BOX) == [FieldError(TOO_LONG, "metadata.name", "Too long: may not be more than 8 bytes")]


class TestRatcheting:
    def test_an_unchanged_invalid_value_does_not_block_another_edit(self) -> None:
        old = a_box(note="UPPER", names=["a", "b", "c"], size=1)

        assert validate(a_box(note="UPPER", names=["a", "b", "c"], size=2), BOX, old=old) == []

    def test_a_changed_invalid_value_does(self) -> None:
        assert len(validate(a_box(note="OTHER"), BOX, old=a_box(note="UPPER"))) == 1

    def test_a_missing_required_field_always_does(self) -> None:
        box = {"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": "b"}}

        assert validate(box, BOX, old=box) == [FieldError(REQUIRED, "spec", "Required value")]
