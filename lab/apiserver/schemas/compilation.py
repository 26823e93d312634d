"""From an OpenAPI schema object to `Schema` nodes: which shape a node has, and what is cut out of it.

Separate from the node type because only here the spelling of OpenAPI matters: references, type lists with "null",
extensions. Invariant: one definition becomes one node per compilation, so recursive definitions end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lab.apiserver.schemas.object_meta import OBJECT_META
from lab.apiserver.schemas.schema import MISSING, NO_LIMITS, Limits, Rule, Schema, Shape

_NUMBER_LIMITS: Final = {"minimum": "minimum", "maximum": "maximum", "multipleOf": "multiple_of"}
_SIZE_LIMITS: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "format": "format",
    "minItems": "min_items",
    "maxItems": "max_items",
    "minProperties": "min_properties",
    "maxProperties": "max_properties",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "uniqueItems": "unique_items",
}
_PLAIN_LIMITS: Final = _NUMBER_LIMITS | _SIZE_LIMITS
_JUNCTIONS: Final = {"allOf": "all_of", "anyOf": "any_of", "oneOf": "one_of"}
_NULL: Final[type] = type(None)
_NUMBERS: Final = frozenset({int, float, _NULL})
_SCALARS: Final[Mapping[str, frozenset[type]]] = {
    "string": frozenset({str, _NULL}),
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "boolean": frozenset({bool, _NULL}),
}
_STRING: Final = Schema(shape=Shape.LEAF, type="string", accepts=_SCALARS["string"], is_exact=True)
_PLAIN: Final[Mapping[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
}
_ANY_SCALAR: Final = frozenset({str, int, float, bool, _NULL})
ARBITRARY: Final = Schema(shape=Shape.DEDUCED, preserve=True, nullable=True)
object.__setattr__(ARBITRARY, "additional", ARBITRARY)  # what lies inside anything is anything
ATOMIC_ARBITRARY: Final = Schema(shape=Shape.LEAF, preserve=True, nullable=True)


# Facts of the Go types of built-in kinds, which OpenAPI does not tell: structs held by value, lists never left out.
_HELD_STRUCTS: Final = (
    "Spec",
    "Status",
    "Strategy",
    "ObjectMeta",
    "ResourceRequirements",
    "CustomResourceDefinitionNames",
)
_HELD_LISTS: Final = frozenset({("PodSpec", "containers"), ("CustomResourceDefinitionStatus", "conditions")})
_BOOKKEEPING: Final = "managedFields"
"""The one untyped field of all metadata; no configuration may hold it."""
_Key = tuple[str, tuple[str, ...]]
"""A definition's name, and what stands beside the reference to it."""


def compile_kind(openapi: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """Return the root node of a kind; apiVersion, kind and metadata are known whether declared or not."""
    return Compilation(definitions).kind(openapi)


def compile_node(openapi: Mapping[str, Any]) -> Schema:
    """Return the node of a part of a schema that refers to nothing outside."""
    return Compilation({}).node(openapi)


class Compilation:
    """One set of definitions, and the nodes that were made of them so far."""

    __slots__ = ("_definitions", "_nodes")

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._nodes: dict[_Key, Schema] = {}

    def kind(self, openapi: Mapping[str, Any]) -> Schema:
        """Return the root node of a kind."""
        return self._build(openapi, None, is_root=True)

    def node(self, openapi: Mapping[str, Any]) -> Schema:
        """Return the node of one schema object, references followed."""
        reference = openapi.get("$ref")
        if reference is None:
            return self._build(openapi, None)
        name = reference.rsplit("/", 1)[-1]
        extensions = {key: value for key, value in openapi.items() if key not in ("$ref", "description")}
        key = (name, tuple(f"{key}={value}" for key, value in sorted(extensions.items())))
        known = self._nodes.get(key)
        if known is None:
            known = self._build({**self._definitions[name], **extensions}, key)
        return known

    def _build(self, openapi: Mapping[str, Any], key: _Key | None, *, is_root: bool = False) -> Schema:
        preserve = openapi.get("x-kubernetes-preserve-unknown-fields") is True
        embedded = openapi.get("x-kubernetes-embedded-resource") is True
        int_or_string = is_int_or_string(openapi)
        kind = "" if int_or_string else plain_type(openapi)
        properties: dict[str, Schema] = {}
        strategies = openapi.get("x-kubernetes-patch-strategy", "")
        items = self.node(openapi["items"]) if isinstance(openapi.get("items"), Mapping) else None
        shape, keys = shape_of(openapi, kind, items)
        limits = self._limits(openapi, int_or_string)
        schema = Schema(
            shape=Shape.LEAF if int_or_string else shape,
            type=kind,
            properties=properties,
            additional=None if int_or_string else self._additional(openapi, kind, preserve),
            items=items or (ATOMIC_ARBITRARY if kind == "array" else None),
            keys=keys,
            key_defaults=_key_defaults(keys, items),
            list_type=openapi.get("x-kubernetes-list-type", ""),
            preserve=preserve,
            embedded=embedded,
            is_root=is_root,
            int_or_string=int_or_string,
            is_held=key is not None and key[0].endswith(_HELD_STRUCTS),
            accepts=_ANY_SCALAR if int_or_string else _SCALARS.get(kind),
            nullable=openapi.get("nullable") is True,
            default=MISSING if openapi.get("default") is None else openapi["default"],
            required=tuple(openapi.get("required", ())),
            limits=limits,
            plain=_PLAIN.get(kind, frozenset()) if limits is NO_LIMITS else frozenset(),
            rules=tuple(_rule(entry) for entry in openapi.get("x-kubernetes-validations", ())),
            patch_strategies=frozenset(strategies.split(",")) if strategies else frozenset(),
            patch_merge_key=openapi.get("x-kubernetes-patch-merge-key", ""),
        )
        if key is not None:
            self._nodes[key] = schema
        self._fill(properties, openapi, is_resource=is_root or embedded)
        for name in properties:
            if key is not None and (key[0].rpartition(".")[2], name) in _HELD_LISTS:
                properties[name] = replace(properties[name], is_held=True)
        schema.defaulted.extend(name for name, child in properties.items() if child.default is not MISSING)
        fields = (child for name, child in properties.items() if name != _BOOKKEEPING)
        below = [child for child in (*fields, schema.additional, schema.items) if child is not None]
        # Known only now: the node is still being made, and one that contains itself counts as neither.
        object.__setattr__(schema, "has_rules", bool(schema.rules) or any(child.has_rules for child in below))
        is_typed = bool(kind) or int_or_string
        object.__setattr__(schema, "is_exact", is_typed and all(child.is_exact for child in below))
        return schema

    def _fill(self, properties: dict[str, Schema], openapi: Mapping[str, Any], *, is_resource: bool) -> None:
        for name, inner in openapi.get("properties", {}).items():
            properties[name] = self.node(inner)
        if not is_resource:
            return
        properties.setdefault("apiVersion", _STRING)
        properties.setdefault("kind", _STRING)
        declared = openapi.get("properties", {}).get("metadata", {})
        if "$ref" not in declared:
            narrowed = {
                name: {**OBJECT_META["properties"].get(name, {}), **inner}
                for name, inner in declared.get("properties", {}).items()
            }
            properties["metadata"] = self.node({**OBJECT_META, "properties": {**OBJECT_META["properties"], **narrowed}})

    def _additional(self, openapi: Mapping[str, Any], kind: str, preserve: bool) -> Schema | None:
        declared = openapi.get("additionalProperties")
        if isinstance(declared, Mapping) and declared:
            return self.node(declared)
        open_ended = not openapi.get("properties") and (kind == "" or (kind == "object" and bool(self._definitions)))
        if preserve or (open_ended and declared is None):
            return ARBITRARY
        return ATOMIC_ARBITRARY if declared is True or declared == {} else None

    def _limits(self, openapi: Mapping[str, Any], int_or_string: bool) -> Limits:
        found: dict[str, Any] = {ours: openapi[name] for name, ours in _PLAIN_LIMITS.items() if name in openapi}
        if "enum" in openapi:
            found["enum"] = tuple(openapi["enum"])
        for name, ours in _JUNCTIONS.items():
            if name in openapi and not (int_or_string and name in ("anyOf", "oneOf")):
                found[ours] = tuple(self.node(inner) for inner in openapi[name])
        if "not" in openapi:
            found["negated"] = self.node(openapi["not"])
        return Limits(**found) if found else NO_LIMITS


def plain_type(openapi: Mapping[str, Any]) -> str:
    """Return the one type of a schema object, "" for any; null in a list of types only says that it may be left out."""
    declared = openapi.get("type", "")
    if isinstance(declared, str):
        return declared
    named = [name for name in declared if name != "null"]
    return named[0] if len(named) == 1 else ""


def is_int_or_string(openapi: Mapping[str, Any]) -> bool:
    """Tell whether numbers and strings are both accepted here."""
    if openapi.get("x-kubernetes-int-or-string") is True or openapi.get("format") == "int-or-string":
        return True
    options = openapi.get("oneOf", ())
    return (
        "type" not in openapi
        and len(options) == 2
        and {plain_type(option) for option in options} in ({"string", "integer"}, {"string", "number"})
    )


def shape_of(openapi: Mapping[str, Any], kind: str, items: Schema | None) -> tuple[Shape, tuple[str, ...]]:
    """Return how values merge, and the key fields of a list map."""
    if kind in _SCALARS:
        return Shape.LEAF, ()
    if kind == "array":
        return _list_shape(openapi)
    if kind == "object" or openapi.get("properties"):
        return (Shape.LEAF if openapi.get("x-kubernetes-map-type") == "atomic" else Shape.MAP), ()
    return (Shape.DEDUCED if openapi.get("x-kubernetes-preserve-unknown-fields") is True else Shape.LEAF), ()


def _list_shape(openapi: Mapping[str, Any]) -> tuple[Shape, tuple[str, ...]]:
    match openapi.get("x-kubernetes-list-type"):
        case "map":
            return Shape.KEYED, tuple(sorted(openapi.get("x-kubernetes-list-map-keys", ())))
        case "set":
            return Shape.SET, ()
        case None if "merge" in openapi.get("x-kubernetes-patch-strategy", "").split(","):
            key = openapi.get("x-kubernetes-patch-merge-key")
            return (Shape.KEYED, (key,)) if key else (Shape.SET, ())
        case _:
            return Shape.LEAF, ()


def _key_defaults(keys: tuple[str, ...], items: Schema | None) -> Mapping[str, Any]:
    if items is None:
        return {}
    known = {key: items.properties[key].default for key in keys if key in items.properties}
    return {key: value for key, value in known.items() if value is not MISSING}


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        rule=entry["rule"],
        message=entry.get("message", ""),
        message_expression=entry.get("messageExpression", ""),
        reason=entry.get("reason", ""),
        field_path=entry.get("fieldPath", ""),
        optional_old_self=entry.get("optionalOldSelf") is True,
    )
