"""Rules in the Common Expression Language: x-kubernetes-validations of a schema.

Separate from validation because rules see whole subtrees and their previous state, and because the language comes
from a package. Invariants: a rule about a change is asked only where there was a value before; a rule that an unchanged
value breaks is not held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cel

from lab.apiserver.schemas.cel_functions import rule_context
from lab.apiserver.schemas.cel_values import Mistyped, cel_value, mistyped
from lab.apiserver.schemas.field_errors import (
    DUPLICATE,
    FORBIDDEN,
    INVALID,
    REQUIRED,
    FieldError,
    duplicate,
    invalid,
    printed,
)
from lab.apiserver.schemas.schema import MISSING, Rule, Schema

# What the package raises where an expression cannot be evaluated on a value.
EVALUATION_ERRORS: Final = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
_FAILED_FUNCTION: Final = re.compile(r"Python function call failed: \w+: (?P<text>.*?)\. Check function arguments")


class ExpressionError(Exception):
    """An expression is not of the language."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One compiled expression with a context of its own, in which only the variables change."""

    program: Any
    context: Any
    uses_old_self: bool

    def evaluate(self, variables: dict[str, Any]) -> Any:
        """Return the value of the expression."""
        self.context.update(variables)
        return self.program.execute(self.context)


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Compile an expression once; raise ExpressionError with the language's own message."""
    try:
        program = cel.compile(text)
    except ValueError as error:
        text = str(error)
        raise ExpressionError(text[max(text.find("ERROR: "), 0) :]) from error
    return Expression(program, rule_context(), "oldSelf" in program.variables())


def evaluate_rules(obj: dict[str, Any], schema: Schema, old: dict[str, Any] | None) -> Iterator[FieldError]:
    """Yield the rules that the object breaks; `old` is what an update replaces."""
    yield from _below(obj, schema, "", MISSING if old is None else old)


def _below(value: Any, schema: Schema, path: str, old: Any) -> Iterator[FieldError]:
    if not schema.has_rules or value is None:
        return
    if schema.rules:
        yield from _broken(value, schema, path, old)
    if type(value) is dict:
        before = old if type(old) is dict else {}
        prefix = f"{path}." if path else ""
        for name, inner in value.items():
            child = schema.properties.get(name) or schema.additional
            if child is not None:
                yield from _below(inner, child, prefix + name, before.get(name, MISSING))
    elif type(value) is list and schema.items is not None:
        for position, item in enumerate(value):
            yield from _below(item, schema.items, f"{path}[{position}]", _counterpart(item, schema, old))


def _counterpart(item: Any, schema: Schema, old: Any) -> Any:
    """Return the item of the old list that is the same one: only list maps have identity."""
    if schema.list_type != "map" or type(old) is not list or type(item) is not dict:
        return MISSING
    identity = [item.get(key, schema.key_defaults.get(key)) for key in schema.keys]
    for candidate in old:
        if [candidate.get(key, schema.key_defaults.get(key)) for key in schema.keys] == identity:
            return candidate
    return MISSING


def _broken(value: Any, schema: Schema, path: str, old: Any) -> Iterator[FieldError]:
    unchanged = old is not MISSING and old == value
    if unchanged and not any(
        rule.optional_old_self or compile_expression(rule.rule).uses_old_self for rule in schema.rules
    ):
        return
    wrong = tuple(mistyped(value, schema))
    current = cel_value(value, schema)
    before = MISSING if old is MISSING or old is None else current if unchanged else cel_value(old, schema)
    for rule in schema.rules:
        expression = compile_expression(rule.rule)
        variables = {"self": current}
        if rule.optional_old_self:
            variables["oldSelf"] = cel.OptionalValue.none() if before is MISSING else cel.OptionalValue.of(before)
        elif expression.uses_old_self:
            if before is MISSING:
                continue
            variables["oldSelf"] = before
        elif unchanged:
            continue
        problem = _evaluation_problem(rule, expression, variables, wrong)
        if problem is None:
            continue
        if problem:
            yield invalid(path, schema.type, f"{problem} evaluating rule: {rule.message or rule.rule}")
        else:
            yield _violation(rule, path, value, variables)


def _evaluation_problem(
    rule: Rule, expression: Expression, variables: dict[str, Any], wrong: tuple[Mistyped, ...]
) -> str | None:
    """Return None where the rule holds, "" where it is broken, else why it could not be evaluated."""
    try:
        holds = expression.evaluate(variables)
    except EVALUATION_ERRORS as error:
        read = (field.problem for field in wrong if field.is_named_in(rule.rule))
        return next(read, None) or _reason(error)
    if holds is True:
        return None
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no such key: {error.args[0]}"
    if isinstance(error, ZeroDivisionError):
        return "division by zero"
    if isinstance(error, TypeError):
        return "no such overload"
    text = str(error)
    found = _FAILED_FUNCTION.search(text)
    return found["text"] if found else text


def _violation(rule: Rule, path: str, value: Any, variables: dict[str, Any]) -> FieldError:
    field = path + _suffix(rule.field_path, bool(path))
    detail = _message(rule, variables)
    match rule.reason:
        case "FieldValueForbidden":
            return FieldError(FORBIDDEN, field, f"Forbidden: {detail}")
        case "FieldValueRequired":
            return FieldError(REQUIRED, field, f"Required value: {detail}")
        case "FieldValueDuplicate":
            return FieldError(DUPLICATE, field, duplicate(field, value).message)
        case _:
            shown = "" if isinstance(value, dict | list) else f"{printed(value)}: "
            return FieldError(INVALID, field, f"Invalid value: {shown}{detail}")


def _suffix(field_path: str, has_parent: bool) -> str:
    """Return a fieldPath as errors write it: `.a['b c']` is `.a.b c`."""
    text = re.sub(r"\['([^']*)'\]", r".\1", field_path)
    return text if has_parent else text.removeprefix(".")


def _message(rule: Rule, variables: dict[str, Any]) -> str:
    if rule.message_expression:
        try:
            text = compile_expression(rule.message_expression).evaluate(variables)
        except EVALUATION_ERRORS:
            text = ""
        if isinstance(text, str) and text.strip() and "\n" not in text:
            return text.strip()
    return rule.message or f"failed rule: {rule.rule}"
