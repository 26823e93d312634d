"""The compiled form of an OpenAPI schema: everything later steps ask, answered once.

A schema object of a CustomResourceDefinition or of a built-in kind is read once and becomes a tree of `Schema` nodes;
pruning, defaulting, validation, patches and ownership then only look attributes up. Separate from those steps because
they must agree on what a field is. Invariant: a node never changes once its compilation has returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

MISSING: Final[Any] = object()
Types = frozenset[type]


class Shape(IntEnum):
    """How a value is merged and owned."""

    LEAF = 0
    """One indivisible value: a scalar, or an atomic list or map."""
    MAP = 1
    """An object whose fields are owned one by one."""
    KEYED = 2
    """A list whose items are found by key fields."""
    SET = 3
    """A list of unique scalars, owned one by one."""
    DEDUCED = 4
    """Nothing is declared: an object is a MAP of the same, everything else a LEAF."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of x-kubernetes-validations, as written."""

    rule: str
    message: str
    message_expression: str
    reason: str
    field_path: str
    optional_old_self: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The value validations of one node (everything but its type and its children)."""

    enum: tuple[Any, ...] | None = None
    minimum: float | None = None
    exclusive_minimum: bool = False
    maximum: float | None = None
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    min_properties: int | None = None
    max_properties: int | None = None
    all_of: tuple[Schema, ...] = ()
    any_of: tuple[Schema, ...] = ()
    one_of: tuple[Schema, ...] = ()
    negated: Schema | None = None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Schema:
    """One node: what a value at this place may be, and how it merges."""

    shape: Shape = Shape.DEDUCED
    type: str = ""
    properties: dict[str, Schema] = field(default_factory=dict)
    additional: Schema | None = None
    items: Schema | None = None
    keys: tuple[str, ...] = ()
    key_defaults: Mapping[str, Any] = field(default_factory=dict)
    list_type: str = ""
    preserve: bool = False
    embedded: bool = False
    is_root: bool = False
    int_or_string: bool = False
    accepts: Types | None = None
    """The Python types of an applied value, None where it may be an object or a list."""
    plain: Types = frozenset()
    """The Python types whose values need no further validation."""
    is_held: bool = False
    """Whether the genuine server has this container even where it is empty, so that nobody ever adds it."""
    is_exact: bool = False
    """Whether all below is typed, so that equal values are the same: in untyped ones true would pass for 1."""
    nullable: bool = False
    default: Any = MISSING
    required: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    rules: tuple[Rule, ...] = ()
    has_rules: bool = False
    """Whether this node or one below it has rules."""
    patch_strategies: frozenset[str] = frozenset()
    patch_merge_key: str = ""
    defaulted: list[str] = field(default_factory=list)
    """The properties with a default; filled with the properties, for nodes may refer to themselves."""

    @classmethod
    def compile(cls, openapi: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> Schema:
        """Compile the schema of a whole kind; `definitions` resolve its references."""
        # The compilation makes nodes, so it imports this module.
        from lab.apiserver.schemas.compilation import compile_kind

        return compile_kind(openapi, definitions or {})
