"""Decides whether the schema of a CustomResourceDefinition is structural, and whether it can hold what it promises.

Separate from the other rules of definitions, because this one walks a tree. Invariant: it looks at every node once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.apiserver.documents import dumps
from lab.apiserver.errors import Cause
from lab.apiserver.schemas.cel import EVALUATION_ERRORS, ExpressionError, compile_expression
from lab.apiserver.schemas.schema import Schema
from lab.apiserver.schemas.validation import validate

# One value of each scalar type: enough to tell a rule that is no condition from one that is.
_SAMPLES: Mapping[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "string": ""}


def check_structural(schema: Mapping[str, Any], at: str) -> list[Cause]:
    """Return what is wrong with the schema of one version."""
    causes: list[Cause] = []
    if not schema.get("type"):
        causes.append(_required(f"{at}.type", "must not be empty at the root"))
    causes += _below(schema, at)
    return causes


def _required(field: str, why: str) -> Cause:
    return Cause("FieldValueRequired", field, f"Required value: {why}")


def _below(schema: Mapping[str, Any], at: str) -> Iterator[Cause]:
    yield from _check_default(schema, at)
    yield from _check_list(schema, at)
    yield from _check_rules(schema, at)
    for name, inner in (schema.get("properties") or {}).items():
        yield from _check_node(inner, f"{at}.properties[{name}]", "specified object fields")
    items = schema.get("items")
    if isinstance(items, Mapping):
        yield from _check_node(items, f"{at}.items", "specified array items")
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        yield from _check_node(additional, f"{at}.additionalProperties", "specified object fields")


def _check_node(schema: Mapping[str, Any], at: str, what: str) -> Iterator[Cause]:
    is_free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not is_free:
        yield _required(f"{at}.type", f"must not be empty for {what}")
    yield from _below(schema, at)


def _check_default(schema: Mapping[str, Any], at: str) -> Iterator[Cause]:
    if schema.get("default") is None:
        return
    holder = Schema.compile({"type": "object", "properties": {"value": {**schema, "default": None}}})
    for error in validate({"value": schema["default"]}, holder):
        below = error.field.removeprefix("value").removeprefix(".")
        field = f"{at}.default.{below}" if below else f"{at}.default"
        yield Cause(error.reason, field, error.message.replace("value in body", " in body"))


def _check_list(schema: Mapping[str, Any], at: str) -> Iterator[Cause]:
    if schema.get("x-kubernetes-list-type") != "map":
        return
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if not keys:
        why = "must not be empty if x-kubernetes-list-type is map"
        yield _required(f"{at}.x-kubernetes-list-map-keys", why)
    items = schema.get("items") or {}
    for key in keys:
        declared = (items.get("properties") or {}).get(key) or {}
        if declared.get("default") is None and key not in (items.get("required") or ()):
            why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            yield _required(f"{at}.items.properties[{key}].default", why)


def _check_rules(schema: Mapping[str, Any], at: str) -> Iterator[Cause]:
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        why = _rule_problem(rule.get("rule") or "", schema.get("type") or "")
        if why:
            shown = {
                "Rule": rule.get("rule", ""),
                "Message": rule.get("message", ""),
                "MessageExpression": rule.get("messageExpression", ""),
                "Reason": rule.get("reason"),
                "FieldPath": rule.get("fieldPath", ""),
                "OptionalOldSelf": rule.get("optionalOldSelf"),
            }
            text = dumps(shown).decode().replace(">", "\\u003e").replace("<", "\\u003c").replace("&", "\\u0026")
            yield Cause(
                "FieldValueInvalid", f"{at}.x-kubernetes-validations[{index}].rule", f"Invalid value: {text}: {why}"
            )


def _rule_problem(rule: str, kind: str) -> str:
    try:
        expression = compile_expression(rule)
    except ExpressionError as error:
        return f"compilation failed: ERROR: {error}"
    if kind not in _SAMPLES or expression.uses_old_self:
        return ""
    try:
        outcome = expression.evaluate({"self": _SAMPLES[kind]})
    except TypeError as error:
        return f"compilation failed: ERROR: {error}"
    except EVALUATION_ERRORS:
        return ""  # a rule that only fails on the sample may hold on what is stored
    return "" if isinstance(outcome, bool) else "cel expression must evaluate to a bool"
