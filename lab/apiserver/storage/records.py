"""Decides what is kept of an object: its bytes, and the few values that selectors and owners are looked up by.

Separate, because the whole server passes these around instead of parsed objects: bytes are a quarter of the
memory, cannot be changed by accident, and go to clients as they are. Invariant: a record never changes; whoever
wants to change an object parses the bytes, which gives a copy of his own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.apiserver.documents import Document, dumps, loads

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
Selectable = Callable[[Document], Mapping[str, str]]


@dataclass(slots=True, frozen=True, eq=False)
class Record:
    """One stored state of one object."""

    key: str
    namespace: str
    name: str
    uid: str
    version: int
    body: bytes
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    owners: tuple[str, ...]

    def document(self) -> Document:
        """Return a parsed copy that the caller may change."""
        document: Document = loads(self.body)
        return document


@dataclass(slots=True, eq=False)
class Change:
    """One step of a collection's history; `lines` keeps what it looks like on a watch, made once for all watchers."""

    kind: ChangeType
    version: int
    record: Record
    previous: Record | None
    lines: dict[Any, bytes] = field(default_factory=dict)


def record_key(namespace: str, name: str) -> str:
    """Return the key by which a collection finds and orders objects."""
    return f"{namespace}/{name}" if namespace else name


def make_record(document: Document, version: int, selectable: Selectable) -> Record:
    """Stamp the version into the document and freeze it."""
    metadata = document["metadata"]
    metadata["resourceVersion"] = str(version)
    namespace = metadata.get("namespace", "")
    name = metadata["name"]
    return Record(
        key=record_key(namespace, name),
        namespace=namespace,
        name=name,
        uid=metadata["uid"],
        version=version,
        body=bytes(memoryview(dumps(document))),  # a copy: the encoder leaves room behind what it wrote
        labels=metadata.get("labels") or {},
        fields=selectable(document),
        owners=tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ()),
    )
