"""Decides what one resource holds now, and what it held at an earlier version.

Separate from the store, which owns the counter and the links between collections. Invariant: the state at an
earlier version is the present with history undone, so a list at a version and a watch from it always agree.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.apiserver.documents import Document
from lab.apiserver.storage.history import History
from lab.apiserver.storage.records import Change, ChangeType, Record, Selectable, make_record


class Collection:
    """All objects of one resource, whatever version they are asked for in."""

    def __init__(self, group: str, plural: str, *, selectable: Selectable, floor: int) -> None:
        self.group = group
        self.plural = plural
        self.selectable = selectable
        self.history = History(floor)
        self._records: dict[str, Record] = {}
        self._namespaces: dict[str, dict[str, Record]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: str) -> Record | None:
        """Return the present state of one object."""
        return self._records.get(key)

    def all(self, namespace: str = "") -> list[Record]:
        """Return the present records in the order of their keys."""
        records = self._namespaces.get(namespace, {}) if namespace else self._records
        return [records[key] for key in sorted(records)]

    def namespace_is_empty(self, namespace: str) -> bool:
        """Whether nothing is stored in one namespace."""
        return not self._namespaces.get(namespace)

    def at(self, version: int, namespace: str = "") -> list[Record] | None:
        """Return the records as they were at a version; None if its history is gone."""
        if version < self.history.floor:
            return None
        records = dict(self._records)
        for change in self.history.newest_first_after(version):
            if change.previous is None:
                records.pop(change.record.key, None)
            else:
                records[change.record.key] = change.previous
        return [records[key] for key in sorted(records) if not namespace or records[key].namespace == namespace]

    def store(self, kind: ChangeType, record: Record, previous: Record | None) -> Change:
        """Take over a new state and write history."""
        if kind == "DELETED":
            self._records.pop(record.key, None)
            inside = self._namespaces.get(record.namespace)
            if inside is not None:
                inside.pop(record.key, None)
                if not inside:
                    del self._namespaces[record.namespace]
        else:
            self._records[record.key] = record
            self._namespaces.setdefault(record.namespace, {})[record.key] = record
        change = Change(kind, record.version, record, previous)
        self.history.append(change)
        return change

    def rewrite(self, selectable: Selectable, convert: Callable[[Document], Document]) -> None:
        """Show every object as a changed definition reads it; versions stay, for nobody wrote."""
        self.selectable = selectable
        for record in self.all():
            changed = make_record(convert(record.document()), record.version, selectable)
            self._records[record.key] = changed
            self._namespaces[record.namespace][record.key] = changed
