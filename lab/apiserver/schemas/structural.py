"""Whether the schema of a new CustomResourceDefinition may be used at all: that it is structural, and means something.

Separate from compilation, which takes any schema as it is: this is asked once, when somebody writes a definition.
Invariant: a schema without errors here compiles, its defaults satisfy it, and its rules are of the language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import cel
import orjson

from lab.apiserver.schemas.cel import EVALUATION_ERRORS, ExpressionError, compile_expression
from lab.apiserver.schemas.cel_values import escaped
from lab.apiserver.schemas.compilation import compile_node
from lab.apiserver.schemas.field_errors import INVALID, FieldError, not_supported, required
from lab.apiserver.schemas.validation import validate_value

Node = Mapping[str, Any]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_SAMPLES: Final[Mapping[str, Any]] = {"string": "a", "integer": 1, "number": 1.0, "boolean": True}
_RULE_FIELDS: Final[Mapping[str, tuple[str, Any]]] = {
    "Rule": ("rule", ""),
    "Message": ("message", ""),
    "MessageExpression": ("messageExpression", ""),
    "Reason": ("reason", None),
    "FieldPath": ("fieldPath", ""),
    "OptionalOldSelf": ("optionalOldSelf", None),
}


def structural_errors(openapi: Node, path: str) -> list[FieldError]:
    """Return why a schema is refused; `path` is where it stands in the definition."""
    return list(_node_errors(openapi, path, "at the root"))


def _node_errors(node: Node, path: str, place: str) -> Iterator[FieldError]:
    kind = node.get("type")
    is_open = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
    if not kind and (place == "at the root" or not is_open):
        yield required(f"{path}.type", f"must not be empty {place}")
    elif kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    yield from _list_errors(node, path)
    yield from _default_errors(node, path)
    for index, rule in enumerate(node.get("x-kubernetes-validations") or ()):
        yield from _rule_errors(node, rule, f"{path}.x-kubernetes-validations[{index}]")
    for name, inner in (node.get("properties") or {}).items():
        yield from _node_errors(inner, f"{path}.properties[{name}]", "for specified object fields")
    if isinstance(node.get("items"), Mapping):
        yield from _node_errors(node["items"], f"{path}.items", "for specified array items")
    if isinstance(node.get("additionalProperties"), Mapping):
        yield from _node_errors(
            node["additionalProperties"], f"{path}.additionalProperties", "for specified object fields"
        )


def _list_errors(node: Node, path: str) -> Iterator[FieldError]:
    if node.get("type") == "array" and not isinstance(node.get("items"), Mapping):
        yield required(f"{path}.items", "must be specified")
    if node.get("x-kubernetes-list-type") != "map":
        return
    keys = node.get("x-kubernetes-list-map-keys") or ()
    if not keys:
        yield required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
    items = node.get("items") or {}
    for key in keys:
        declared = (items.get("properties") or {}).get(key)
        if declared is None:
            text = f'Invalid value: "{key}": entries must all be names of item properties'
            yield FieldError(INVALID, f"{path}.x-kubernetes-list-map-keys", text)
        elif key not in (items.get("required") or ()) and "default" not in declared:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield required(f"{path}.items.properties[{key}].default", detail)


def _default_errors(node: Node, path: str) -> Iterator[FieldError]:
    if node.get("default") is None:
        return
    for error in validate_value(node["default"], compile_node(node)):
        below = f".{error.field}" if error.field and not error.field.startswith("[") else error.field
        yield FieldError(error.reason, f"{path}.default{below}", error.message)


def _rule_errors(node: Node, rule: Node, path: str) -> Iterator[FieldError]:
    for name in ("rule", "messageExpression"):
        text = rule.get(name) or ""
        if not text:
            continue
        wanted = bool if name == "rule" else str
        sample = _sample(node)
        before = cel.OptionalValue.of(sample) if rule.get("optionalOldSelf") else sample
        try:
            value = compile_expression(text).evaluate({"self": sample, "oldSelf": before})
        except ExpressionError as error:
            yield _refused(rule, f"{path}.{name}", f"compilation failed: {error}")
        except EVALUATION_ERRORS as error:
            # Most failures depend on the value; but a scalar never has fields, and never another type.
            if isinstance(error, TypeError) and node.get("type") in _SAMPLES:
                yield _refused(rule, f"{path}.{name}", f"compilation failed: ERROR: {error}")
        else:
            if not isinstance(value, wanted):
                noun = "a bool" if wanted is bool else "a string"
                yield _refused(rule, f"{path}.{name}", f"cel expression must evaluate to {noun}")


def _refused(rule: Node, path: str, detail: str) -> FieldError:
    shown = {name: rule.get(field, absent) for name, (field, absent) in _RULE_FIELDS.items()}
    text = orjson.dumps(shown).decode()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return FieldError(INVALID, path, f"Invalid value: {text}: {detail}")


def _sample(node: Node) -> Any:
    """Return a value that has every field, as expressions see it."""
    kind = node.get("type", "")
    if kind == "object":
        return {escaped(name): _sample(inner) for name, inner in (node.get("properties") or {}).items()}
    if kind == "array":
        return [_sample(node.get("items") or {})]
    return _SAMPLES.get(kind, 1)
