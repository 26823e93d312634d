"""The entries of metadata.managedFields: who they name, how they are read, ordered and bounded.

Separate from the algorithms because it is the stored form that clients and other tools read. Invariant: equal
ownership gives an equal list, whatever order it was computed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from lab.apiserver.ownership.fields import FieldsError, FieldSet, Tree, difference, union

APPLY: Final = "Apply"
UPDATE: Final = "Update"
MAX_UPDATE_MANAGERS: Final = 10
ANCIENT_CHANGES: Final = "ancient-changes"
BEFORE_FIRST_APPLY: Final = "before-first-apply"

# Facts about an object that nobody can own: the server writes them, or they are its identity.
_UNOWNABLE: Final[Tree] = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        "f:clusterName": {},
        "f:creationTimestamp": {},
        "f:generation": {},
        "f:managedFields": {},
        "f:name": {},
        "f:namespace": {},
        "f:resourceVersion": {},
        "f:selfLink": {},
        "f:uid": {},
    },
}


class ManagerKey(NamedTuple):
    """What makes two entries one: an apply keeps its entry when it changes the version."""

    operation: str
    manager: str
    subresource: str
    api_version: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One manager's fields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str | None
    tree: Tree

    @property
    def key(self) -> ManagerKey:
        """Return the identity of the manager."""
        return key_of(self.operation, self.manager, self.subresource, self.api_version)

    def with_tree(self, tree: Tree) -> Entry:
        """Return the entry with other fields."""
        return self if tree is self.tree else replace(self, tree=tree)

    def text(self) -> str:
        """Return the manager as conflict messages name it."""
        name = f'"{self.manager}"'
        if self.subresource:
            name = f'{name} with subresource "{self.subresource}"'
        return name if self.operation == APPLY else f"{name} using {self.api_version}"

    def encode(self) -> dict[str, Any]:
        """Return the entry as it is stored."""
        stored: dict[str, Any] = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
        }
        if self.time is not None:
            stored["time"] = self.time
        stored["fieldsType"] = "FieldsV1"
        stored["fieldsV1"] = self.tree
        if self.subresource:
            stored["subresource"] = self.subresource
        return stored


Managers = dict[ManagerKey, Entry]


def key_of(operation: str, manager: str, subresource: str, api_version: str) -> ManagerKey:
    """Return the identity of a manager; the version counts for updates only."""
    return ManagerKey(operation, manager, subresource, "" if operation == APPLY else api_version)


def stored_entries(obj: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return metadata.managedFields of an object, empty if it has none."""
    if obj is None:
        return []
    entries: list[dict[str, Any]] = (obj.get("metadata") or {}).get("managedFields") or []
    return entries


def read_entries(stored: Iterable[Mapping[str, Any]], *, trusted: bool) -> Managers:
    """Read stored entries; those that a client sent are put into canonical form, or refused with FieldsError."""
    found: Managers = {}
    for raw in stored:
        fields = raw.get("fieldsV1") or {}
        if not trusted:
            _check(raw)
            fields = FieldSet.decode(fields).encode()
        entry = Entry(
            manager=raw.get("manager", ""),
            operation=raw.get("operation", UPDATE),
            api_version=raw.get("apiVersion", ""),
            subresource=raw.get("subresource", ""),
            time=raw.get("time"),
            tree=fields,
        )
        known = found.get(entry.key)
        found[entry.key] = entry if known is None else entry.with_tree(union(known.tree, entry.tree))
    return found


def _check(raw: Mapping[str, Any]) -> None:
    if not isinstance(raw, Mapping) or raw.get("operation") not in (APPLY, UPDATE):
        raise FieldsError("managedFields: operation must be Apply or Update")
    if raw.get("fieldsType", "FieldsV1") != "FieldsV1" or not isinstance(raw.get("fieldsV1", {}), Mapping):
        raise FieldsError("managedFields: fieldsType must be FieldsV1")


def encode_entries(managers: Managers) -> list[dict[str, Any]]:
    """Return the entries as they are stored: applies first, then by time, name, version and subresource."""
    ordered = sorted(
        managers.values(),
        key=lambda entry: (entry.operation, entry.time or "", entry.manager, entry.api_version, entry.subresource),
    )
    return [entry.encode() for entry in ordered]


def ownable(tree: Tree) -> Tree:
    """Return the tree without what nobody can own."""
    if "f:metadata" not in tree and "f:kind" not in tree and "f:apiVersion" not in tree:
        return tree
    return difference(tree, _UNOWNABLE)


def bounded(managers: Managers) -> Managers:
    """Merge the oldest update entries of each version into one when there are too many."""
    updates = [entry for entry in managers.values() if entry.operation == UPDATE]
    excess = len(updates) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return managers
    kept = dict(managers)
    first_of: dict[str, ManagerKey] = {}
    for entry in sorted(updates, key=lambda entry: (entry.time or "", entry.key)):
        if excess <= 0:
            break
        first = first_of.setdefault(entry.api_version, entry.key)
        if first == entry.key:
            continue
        bucket = ManagerKey(UPDATE, ANCIENT_CHANGES, "", entry.api_version)
        collected = kept.get(bucket) or kept.pop(first)
        kept.pop(entry.key)
        kept[bucket] = Entry(
            manager=ANCIENT_CHANGES,
            operation=UPDATE,
            api_version=entry.api_version,
            subresource="",
            time=entry.time,
            tree=union(collected.tree, entry.tree),
        )
        excess -= 1
    return kept
