"""Decides what a change looks like to one watcher: an event, another event, or nothing.

Separate from the stream that carries it. Invariant: an event is serialised once for all watchers that see it in the
same form, because the bytes stay with the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.apiserver.documents import Document, dumps, loads
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.negotiation import View
from lab.apiserver.requests.selectors import Selector
from lab.apiserver.storage.records import Change, Record
from lab.apiserver.views.conversion import body_of, read_document
from lab.apiserver.views.tables import partial, rows, table


@dataclass(frozen=True, slots=True)
class Lens:
    """How one watcher looks at changes."""

    resource: Resource
    namespace: str
    selector: Selector
    view: View = "object"
    include: str = "Metadata"

    def sees(self, record: Record) -> bool:
        """Whether a state is selected."""
        if self.namespace and record.namespace != self.namespace:
            return False
        selector = self.selector
        return selector.is_empty or selector.matches(record.labels, record.fields, record.namespace, record.name)

    def line(self, change: Change) -> bytes | None:
        """Return the event line of a change, None if this watcher sees nothing of it."""
        record, previous = change.record, change.previous
        if self.namespace and record.namespace != self.namespace:
            return None
        seen = change.kind != "DELETED" and self.sees(record)
        was_seen = previous is not None and self.sees(previous)
        if seen:
            return self._cached(change, "MODIFIED" if was_seen else "ADDED", record)
        if was_seen and previous is not None:
            return self._cached(change, "DELETED", previous)
        return None

    def initial(self, record: Record) -> bytes:
        """Return the event line of an object that exists when the watch begins."""
        return self._render("ADDED", record, record.version)

    def _cached(self, change: Change, kind: str, record: Record) -> bytes:
        key = (kind, self.resource.version, self.view, self.include)
        line = change.lines.get(key)
        if line is None:
            line = change.lines[key] = self._render(kind, record, change.version)
        return line

    def _render(self, kind: str, record: Record, version: int) -> bytes:
        head = b'{"type":"' + kind.encode() + b'","object":'
        if self.view == "object" and record.version == version:
            return head + body_of(record, self.resource) + b"}\n"
        document = read_document(record, self.resource)
        document["metadata"]["resourceVersion"] = str(version)
        return head + dumps(_VIEWS[self.view](self, document)) + b"}\n"

    def with_columns(self, line: bytes) -> bytes:
        """Return the first event of a Table watch, which alone says what the columns are."""
        event = loads(line)
        if event["object"]["kind"] == "Table":
            event["object"]["columnDefinitions"] = table(self.resource, [], {}, include="None")["columnDefinitions"]
        return dumps(event) + b"\n"

    def bookmark(self, version: int, *, initial: bool) -> bytes:
        """Return the event line that only tells a version."""
        metadata: Document = {"resourceVersion": str(version)}
        if initial:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        kind, api_version = self.resource.kind, self.resource.api_version
        if self.view == "metadata":
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        document: Document = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        if self.view == "table":
            document = table(self.resource, [], metadata, include=self.include)
        return b'{"type":"BOOKMARK","object":' + dumps(document) + b"}\n"


def _as_object(_lens: Lens, document: Document) -> Document:
    return document


def _as_metadata(_lens: Lens, document: Document) -> Document:
    return partial(document)


def _as_rows(lens: Lens, document: Document) -> Document:
    version = {"resourceVersion": document["metadata"]["resourceVersion"]}
    return rows(lens.resource, [document], version, include=lens.include)


_VIEWS: dict[View, Callable[[Lens, Document], Document]] = {
    "object": _as_object,
    "metadata": _as_metadata,
    "table": _as_rows,
}
