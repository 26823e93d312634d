"""Decides what the rest of the server may know about a kind.

Separate, because verbs, discovery, tables and admission treat built-in and custom kinds alike, through this one
description. Invariant: frozen; a changed definition gives new resources, and requests in flight keep the old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.apiserver.documents import Document, api_version, prefix
from lab.apiserver.errors import qualified
from lab.apiserver.registry.columns import Column
from lab.apiserver.schemas.schema import Schema
from lab.apiserver.strategies.strategy import CUSTOM, Strategy

ALL_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where the scale subresource reads and writes."""

    spec_replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    selector: tuple[str, ...] | None = None


class LazySchema:
    """A schema that is compiled when a request first needs it: start-up compiles none."""

    __slots__ = ("_compile", "_schema")

    def __init__(self, compile_schema: Callable[[], Schema]) -> None:
        self._compile = compile_schema
        self._schema: Schema | None = None

    def __call__(self) -> Schema:
        """Return the compiled schema."""
        if self._schema is None:
            self._schema = self._compile()
        return self._schema


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind in one version, as it is served."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    schema: LazySchema
    singular: str = ""
    list_kind: str = ""
    storage_version: str = ""
    served_versions: Mapping[str, LazySchema] = field(default_factory=dict)
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: frozenset[str] = frozenset()
    strategy: Strategy = CUSTOM
    custom: bool = False
    scale: ScalePaths | None = None
    selectable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    deprecation: str = ""
    storage_schema: LazySchema | None = None
    openapi: Mapping[str, Any] | None = None
    terminating: bool = False

    @property
    def api_version(self) -> str:
        """The apiVersion of objects of this resource."""
        return api_version(self.group, self.version)

    @property
    def stored_api_version(self) -> str:
        """The apiVersion under which objects are stored."""
        return api_version(self.group, self.storage_version or self.version)

    @property
    def is_stored_form(self) -> bool:
        """Whether stored bytes can be answered as they are."""
        return not self.storage_version or self.version == self.storage_version

    @property
    def qualified(self) -> str:
        """The plural with its group, as it stands in messages."""
        return qualified(self.plural, self.group)

    @property
    def qualified_kind(self) -> str:
        """The kind with its group, as it stands in messages."""
        return qualified(self.kind, self.group)

    @property
    def prefix(self) -> bytes:
        """The bytes with which every stored object starts."""
        return prefix(self.stored_api_version, self.kind)

    @property
    def has_status(self) -> bool:
        """Whether status is written through a subresource of its own."""
        return "status" in self.subresources


def read_path(document: Document, path: tuple[str, ...]) -> Any:
    """Return the value at a path of plain keys, None where it ends early."""
    value: Any = document
    for part in path:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def selected_text(value: Any) -> str:
    """Return a selectable value the way field selectors compare it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def field_reader(paths: Mapping[str, tuple[str, ...]]) -> Callable[[Document], Mapping[str, str]]:
    """Return the function that looks up the selectable fields of an object."""
    if not paths:
        return _no_fields
    wanted = tuple(paths.items())
    return lambda document: {label: selected_text(read_path(document, path)) for label, path in wanted}


_NONE: Mapping[str, str] = {}


def _no_fields(_document: Document) -> Mapping[str, str]:
    return _NONE
