"""Rules in the expression language: when they are asked, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.schemas.cel import ExpressionError, compile_expression
from lab.apiserver.schemas.field_errors import DUPLICATE, FORBIDDEN, INVALID, NO_FIELD, REQUIRED, FieldError
from lab.apiserver.schemas.schema import Schema
from lab.apiserver.schemas.validation import validate
from tests.unit.lab.apiserver.schemas.samples import whose, with_rules

INTEGER = {"type": "integer"}
STRING = {"type": "string"}
SIZES = {"type": "object", "properties": {"size": INTEGER, "max": INTEGER, "name-tag": STRING}}


def said(schema: Schema, spec: Any, old: Any = None) -> list[FieldError]:
    return validate(whose(spec), schema, old=None if old is None else whose(old))


class TestMessages:
    def test_a_scalar_is_shown(self) -> None:
        schema = with_rules(INTEGER, {"rule": "self > 0", "message": "must be positive"})

        assert said(schema, 0) == [FieldError(INVALID, "spec", "Invalid value: 0: must be positive")]

    def test_an_object_is_not(self) -> None:
        schema = with_rules(SIZES, {"rule": "self.size <= self.max", "message": "too big", "fieldPath": ".size"})

        assert said(schema, {"size": 2, "max": 1}) == [FieldError(INVALID, "spec.size", "Invalid value: too big")]

    def test_without_a_message_the_rule_is_the_message(self) -> None:
        schema = with_rules(INTEGER, {"rule": "self > 0"})

        assert said(schema, 0) == [FieldError(INVALID, "spec", "Invalid value: 0: failed rule: self > 0")]

    def test_an_expression_makes_the_message(self) -> None:
        rule = {"rule": "self > 1", "messageExpression": "'got ' + string(self)", "message": "unused"}

        assert said(with_rules(INTEGER, rule), 1)[0].message == "Invalid value: 1: got 1"

    def test_an_expression_that_fails_leaves_the_plain_message(self) -> None:
        rule = {"rule": "self.size > 1", "messageExpression": "self.missing", "message": "plain"}

        assert said(with_rules(SIZES, rule), {"size": 1})[0].message == "Invalid value: plain"

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            pytest.param("FieldValueForbidden", FieldError(FORBIDDEN, "spec", "Forbidden: no"), id="forbidden"),
            pytest.param("FieldValueRequired", FieldError(REQUIRED, "spec", "Required value: no"), id="required"),
            pytest.param("FieldValueDuplicate", FieldError(DUPLICATE, "spec", "Duplicate value: 0"), id="duplicate"),
        ],
    )
    def test_a_rule_names_its_reason(self, reason: str, expected: FieldError) -> None:
        rule = {"rule": "self > 0", "message": "no", "reason": reason}

        assert said(with_rules(INTEGER, rule), 0) == [expected]


class TestChanges:
    IMMUTABLE = with_rules(STRING, {"rule": "self == oldSelf", "message": "is immutable"})

    def test_a_rule_about_a_change_is_not_asked_at_creation(self) -> None:
        assert said(self.IMMUTABLE, "a") == []

    def test_a_rule_about_a_change_sees_both_values(self) -> None:
        assert said(self.IMMUTABLE, "b", old="a")[0].message == 'Invalid value: "b": is immutable'
        assert said(self.IMMUTABLE, "a", old="a") == []

    def test_an_optional_old_value_is_asked_always(self) -> None:
        rule = {"rule": "!oldSelf.hasValue() || self >= oldSelf.value()", "optionalOldSelf": True, "message": "shrinks"}
        schema = with_rules(INTEGER, rule)

        assert said(schema, 1) == []
        assert said(schema, 1, old=2)[0].message == "Invalid value: 1: shrinks"

    def test_items_of_list_maps_are_compared_by_key(self) -> None:
        item = {
            "type": "object",
            "properties": {"name": STRING, "value": STRING},
            "x-kubernetes-validations": [{"rule": "self.value == oldSelf.value", "message": "fixed"}],
        }
        schema = with_rules(
            {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": item}
        )
        old = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]

        assert said(schema, list(reversed(old)), old=old) == []
        assert [error.field for error in said(schema, [{"name": "b", "value": "3"}], old=old)] == ["spec[0]"]

    def test_an_unchanged_value_that_breaks_a_rule_is_let_through(self) -> None:
        schema = with_rules(SIZES, {"rule": "self.size < 5"})

        assert said(schema, {"size": 9}, old={"size": 9}) == []


class TestValues:
    @pytest.mark.parametrize(
        ("openapi", "rule", "value"),
        [
            pytest.param(
                {"type": "string", "format": "date-time"},
                "self > timestamp('2020-01-01T00:00:00Z')",
                "2026-01-01T00:00:00Z",
                id="time",
            ),
            pytest.param({"type": "string", "format": "date"}, "self.getFullYear() == 2026", "2026-01-01", id="date"),
            pytest.param({"type": "string", "format": "byte"}, "size(self) == 2", "aGk=", id="bytes"),
            pytest.param({"type": "number"}, "type(self) == double", 1, id="a whole number is a double"),
            pytest.param({"type": "array", "items": STRING}, "self.all(x, x != '')", ["a"], id="list"),
            pytest.param(
                {"type": "object", "additionalProperties": INTEGER}, "self.all(k, self[k] > 0)", {"a-b": 1}, id="map"
            ),
            pytest.param(SIZES, "self.name__dash__tag == 'x'", {"name-tag": "x"}, id="escaped name"),
            pytest.param(SIZES, "!has(self.max)", {"size": 1}, id="absent field"),
            pytest.param(STRING, "quantity(self).isLessThan(quantity('2Gi'))", "1500Mi", id="quantity"),
            pytest.param(STRING, "quantity(self).add(quantity('500m')).compareTo(quantity('2')) == 0", "1.5", id="sum"),
            pytest.param(STRING, "isQuantity(self) && !isQuantity('x')", "1e3", id="a quantity or not"),
            pytest.param(STRING, "quantity(self).asInteger() == 1000", "1k", id="integer"),
            pytest.param(STRING, "url(self).getHost() == 'h:80' && isURL(self)", "http://h:80/p", id="address"),
            pytest.param(STRING, "self.find('[0-9]+') == '12'", "ab12", id="search"),
            pytest.param(STRING, "self.findAll('[a-z]', 2) == ['a', 'b']", "abc", id="all matches"),
            pytest.param(
                {"type": "array", "items": INTEGER},
                "self.isSorted() && self.indexOf(2) == 1 && self.lastIndexOf(9) == -1",
                [1, 2],
                id="order",
            ),
            pytest.param(
                STRING, "self.indexOf('b') == 1 && self.lastIndexOf('b') == 2", "abb", id="position in a text"
            ),
            pytest.param(STRING, "isIP(self)", "::1", id="IP address"),
        ],
    )
    def test_look_to_rules_as_the_schema_says(self, openapi: dict[str, Any], rule: str, value: Any) -> None:
        assert said(with_rules(openapi, {"rule": rule}), value) == []

    @pytest.mark.parametrize(
        ("openapi", "rule", "value", "message"),
        [
            pytest.param(
                SIZES, "self.size <= self.max", {"size": 1, "max": 1000.0},
                'Invalid value: "object": invalid data, expected int, got float64 '
                "evaluating rule: self.size <= self.max",
                id="a float that a rule reads",
            ),
            pytest.param(
                {"x-kubernetes-int-or-string": True}, "quantity(string(self)).sign() > 0", "lots",
                "Invalid value: \"\": quantities must match the regular expression "
                "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' evaluating rule: quantity(string(self)).sign() > 0",
                id="no quantity",
            ),
            pytest.param(
                SIZES, "self.size > 1", {},
                'Invalid value: "object": no such key: size evaluating rule: self.size > 1', id="an absent field",
            ),
            pytest.param(
                INTEGER, "1 / self > 0", 0,
                'Invalid value: "integer": division by zero evaluating rule: 1 / self > 0', id="division",
            ),
        ],
    )  # fmt: skip
    def test_that_cannot_be_evaluated_are_refused(
        self, openapi: dict[str, Any], rule: str, value: Any, message: str
    ) -> None:
        assert [error.message for error in said(with_rules(openapi, {"rule": rule}), value)] == [message]


def test_rules_are_not_asked_of_an_object_that_is_wrong_anyway() -> None:
    schema = with_rules({**SIZES, "required": ["size"]}, {"rule": "false", "message": "never"})

    assert [error.field for error in said(schema, {})] == ["spec.size", NO_FIELD]


def test_an_expression_that_is_none_is_refused_with_the_position() -> None:
    with pytest.raises(ExpressionError, match="Syntax error"):
        compile_expression("self >")


class TestPreservedFields:
    OPEN = SIZES | {"x-kubernetes-preserve-unknown-fields": True}

    def test_a_rule_does_not_see_what_is_only_preserved(self) -> None:
        schema = with_rules(self.OPEN, {"rule": "has(self.size) && !has(self.other)", "message": "seen"})

        assert said(schema, {"size": 1, "other": 2}) == []

    def test_it_sees_the_entries_of_a_declared_map(self) -> None:
        entries = {"type": "object", "additionalProperties": {"type": "object", **self.OPEN}}
        schema = with_rules(entries, {"rule": "self['a'].size == 1 && !has(self['a'].other)", "message": "seen"})

        assert said(schema, {"a": {"size": 1, "other": 2}}) == []
