"""What a write does to the owners of an object: updates are tracked, applies are merged, refused or forced.

Separate from the HTTP side because it is one decision from values to a value. Invariants: a write that changes nothing
returns the live object itself; a field is taken from another manager only by changing it; nobody owns what the server
itself writes (identity, version, times).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from lab.apiserver.ownership.claims import claims
from lab.apiserver.ownership.entries import (
    APPLY,
    BEFORE_FIRST_APPLY,
    UPDATE,
    Entry,
    Managers,
    bounded,
    encode_entries,
    ownable,
    read_entries,
    stored_entries,
)
from lab.apiserver.ownership.fields import (
    FieldsError,
    FieldSet,
    Tree,
    difference,
    intersection,
    paths,
    union,
    without,
)
from lab.apiserver.ownership.merging import merge
from lab.apiserver.ownership.removal import remove
from lab.apiserver.ownership.values import compare, entire
from lab.apiserver.schemas.schema import Schema

Object = dict[str, Any]

NO_FIELDS: Final = FieldSet()
_SORTED: Final = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that an apply would change although another manager owns it."""

    manager: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The outcome of an apply: with conflicts, the object is the live one."""

    object: Object
    conflicts: tuple[Conflict, ...]
    changed: bool

    @property
    def message(self) -> str:
        """Return the sentence with which the server refuses a conflicting apply."""
        return conflict_message(self.conflicts)


def conflict_message(conflicts: Sequence[Conflict]) -> str:
    """Return the sentence with which the server refuses a conflicting apply."""
    if len(conflicts) == 1:
        return f"Apply failed with 1 conflict: {conflicts[0].message}: {conflicts[0].field}"
    by_manager: dict[str, list[str]] = {}
    for conflict in conflicts:
        by_manager.setdefault(conflict.message.replace("conflict", "conflicts", 1), []).append(conflict.field)
    lines = [line for message in sorted(by_manager) for line in (f"{message}:", *_bullets(by_manager[message]))]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _bullets(fields: list[str]) -> list[str]:
    return [f"- {name}" for name in fields]


def track_write(
    live: Object | None,
    new: Object,
    *,
    schema: Schema,
    manager: str,
    operation: str = UPDATE,
    api_version: str,
    subresource: str = "",
    time: str | None,
    reset: FieldSet = NO_FIELDS,
) -> Object:
    """Return the new object with the owners that a create, update or patch leaves it with.

    `reset` holds the fields that this endpoint never writes (the status on the main one, all else on the status).
    """
    managers = _managers_before(live, new, is_edited=not subresource)
    if managers is None or (not managers and live is not None and "uid" in live.get("metadata", {})):
        return _with_entries(new, [], live)
    before = {} if live is None else _plain(live)
    written, removed = compare(schema, before, _plain(new))
    written, removed = without(written, reset.tree), without(removed, reset.tree)
    writer = Entry(manager, operation, api_version, subresource, time, {})
    managers = _released(managers, written, removed, spare=None)
    gained = ownable(written)
    if gained:
        previous = managers.get(writer.key)
        tree = gained if previous is None else union(previous.tree, gained)
        is_known = previous is not None and tree is previous.tree  # in order as it was stored
        managers[writer.key] = writer.with_tree(tree if is_known else FieldSet(tree).encode())
    return _with_entries(new, encode_entries(bounded(managers)), live)


def server_side_apply(
    live: Object | None,
    applied: Object,
    *,
    schema: Schema,
    manager: str,
    force: bool,
    api_version: str,
    subresource: str = "",
    time: str | None,
    reset: FieldSet = NO_FIELDS,
) -> ApplyResult:
    """Merge a manager's whole configuration into the live object; raise AppliedObjectError where it is mistyped."""
    claimed = claims(applied, schema)
    own = without(ownable(claimed), reset.tree)
    writer = Entry(manager, APPLY, api_version, subresource, time, {})
    if live is None:
        entries = [writer.with_tree(FieldSet(own).encode()).encode()] if own else []
        return ApplyResult(_with_entries(applied, entries, None), (), True)
    managers = read_entries(stored_entries(live), trusted=True) or _before_first_apply(live, schema, writer=writer)
    last = managers.pop(writer.key, None)
    merged, written = merge(schema, live, applied, claimed)
    dropped = {} if last is None else difference(last.tree, own)
    removed: Tree = {}
    if dropped:
        # All that is claimed protects, also what no entry shows: without the name, metadata could go as a whole.
        merged, removed = remove(schema, merged, dropped, _owned(managers, claimed))
    is_reordered = not written and not removed and merged != live  # what nobody owns, and yet a change
    written, removed = without(written, reset.tree), without(removed, reset.tree)
    conflicts = _conflicts(managers, written)
    if conflicts and not force:
        return ApplyResult(live, conflicts, False)
    is_same = not (written or removed or is_reordered)
    managers = _released(managers, written, removed, spare=writer.key)
    if own:
        tree = last.tree if last is not None and last.tree == own else FieldSet(own).encode()
        moment = (None if last is None else last.time) if is_same else time
        managers[writer.key] = replace(writer, tree=tree, time=moment)
    entries = encode_entries(managers)
    if is_same and entries == stored_entries(live):
        return ApplyResult(live, (), False)
    return ApplyResult(_with_entries(live if is_same else merged, entries, None), (), True)


def unless_only_times_differ(live: Object, new: Object) -> Object:
    """Return the live object if the new one differs from it in nothing but the times of its entries.

    To be asked when defaults are filled in: an atomic value that has defaults looks changed before, and is not after.
    """
    before, after = stored_entries(live), stored_entries(new)
    if len(before) != len(after) or _without_times(before) != _without_times(after):
        return new
    metadata = {**new.get("metadata", {}), "managedFields": before}
    return live if _is_identical(live, {**new, "metadata": metadata} if before else new) else new


def _without_times(stored: list[dict[str, Any]]) -> Managers:
    # By identity: a new time also moves an entry to another place in the list.
    return {key: replace(entry, time=None) for key, entry in read_entries(stored, trusted=True).items()}


def _managers_before(live: Object | None, new: Object, *, is_edited: bool) -> Managers | None:
    """Return the owners before an update, as the request may have edited them; None if it erased them."""
    known = stored_entries(live)
    sent = stored_entries(new)
    if not is_edited or not sent or sent is known or sent == known:
        return read_entries(known, trusted=True)
    if sent == [{}]:
        return {} if live is not None else None
    try:
        edited = read_entries(sent, trusted=False)
    except FieldsError:
        edited = {}
    return edited or read_entries(known, trusted=True)


def _before_first_apply(live: Object, schema: Schema, *, writer: Entry) -> Managers:
    """Return the one entry that stands for every write made while nothing was tracked."""
    tree = ownable({key: node for key, node in entire(schema, _plain(live)).items() if key != "."})
    if not tree:
        return {}
    entry = replace(writer, manager=BEFORE_FIRST_APPLY, operation=UPDATE, tree=FieldSet(tree).encode())
    return {entry.key: entry}


def _owned(managers: Managers, claimed: Tree) -> Tree:
    for entry in managers.values():
        claimed = union(claimed, entry.tree)
    return claimed


def _conflicts(managers: Managers, written: Tree) -> tuple[Conflict, ...]:
    if not written:
        return ()
    return tuple(
        Conflict(managers[key].manager, path, f"conflict with {managers[key].text()}")
        for key in sorted(managers)
        for path in paths(intersection(managers[key].tree, written))
    )


def _released(managers: Managers, written: Tree, removed: Tree, *, spare: object) -> Managers:
    """Take changed and removed fields away from every manager; who has none left is gone."""
    if not written and not removed:
        return managers
    kept: Managers = {}
    for key, entry in managers.items():
        tree = entry.tree if key == spare else difference(difference(entry.tree, written), removed)
        if tree:
            kept[key] = entry.with_tree(tree)
    return kept


def _plain(obj: Object) -> Object:
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _with_entries(new: Object, entries: list[dict[str, Any]], live: Object | None) -> Object:
    """Return the object with these entries, the live one if they are equal."""
    metadata: Mapping[str, Any] = new.get("metadata") or {}
    if entries:
        result = {**new, "metadata": {**metadata, "managedFields": entries}}
    else:
        result = {**new, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
    return live if live is not None and _is_identical(live, result) else result


def _is_identical(left: Object, right: Object) -> bool:
    """Compare to the letter: Python alone would take true for 1."""
    return left == right and orjson.dumps(left, option=_SORTED) == orjson.dumps(right, option=_SORTED)
