"""What one write makes of an object, by the rules of an API server: versions, generations, ownership, deletion.

Pure functions from the stored object to the next one; the store decides about names, the log of changes and the
resource version. A write that changes nothing returns the stored object itself, and then nothing happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.core.errors import ConflictError, InvalidObjectError
from shared.core.json import Manifest, mapping, member, text
from shared.core.objects import finalizers_of, generation_of, is_deleting, uid_of
from shared.core.resources import Resource
from shared.testing.cluster_fields import Entry, Path, entries_of, fields_of, managed_fields, merge, without
from shared.testing.cluster_kinds import WITH_GENERATION, WITH_STATUS, immutable_change

_SERVER_SET = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


@dataclass(frozen=True, slots=True)
class Write:
    """Who writes what kind of thing when."""

    resource: Resource
    manager: str
    time: str
    subresource: str = ""
    operation: str = "Update"


def created(write: Write, manifest: Manifest, *, uid: str) -> Manifest:
    """Return a new object as the server stores it, without a resource version."""
    content = {key: value for key, value in manifest.items() if key != "status" or write.resource not in WITH_STATUS}
    metadata = {key: value for key, value in mapping(content, "metadata").items() if key not in _SERVER_SET}
    metadata |= {"uid": uid, "creationTimestamp": write.time}
    if write.resource in WITH_GENERATION:
        metadata["generation"] = 1
    return _owned(write, {}, {**content, "metadata": metadata})


def updated(write: Write, live: Manifest, changed: Manifest) -> Manifest:
    """Return the object after another actor changed it to a given content, or the live one if nothing differs."""
    return _settled(write, live, _owned(write, live, _within(write, live, changed)))


def applied(write: Write, live: Manifest, manifest: Manifest, *, force: bool) -> Manifest:
    """Return the object after a server-side apply of the manager's whole set."""
    wanted_object = _scope(write, manifest)
    wanted = fields_of(write.resource, wanted_object)
    present = fields_of(write.resource, live)
    entries = entries_of(live)
    mine = next((entry for entry in entries if entry.writer == (write.manager, "Apply", write.subresource)), None)
    others = [entry for entry in entries if entry is not mine]
    lost = {path for path in wanted if path in present and present[path] != wanted[path]}
    conflicts = sorted({entry.manager for entry in others if entry.fields & lost})
    if conflicts and not force:
        raise ConflictError(f"Apply failed with {len(conflicts)} conflict(s): conflicts with {', '.join(conflicts)}")
    others = [replace(entry, fields=entry.fields - lost) for entry in others]
    left_out = (mine.fields if mine else frozenset[Path]()) - wanted.keys()
    gone = left_out - frozenset().union(*(entry.fields for entry in others))
    merged = merge(write.resource, without(live, gone), wanted_object)
    own = Entry(write.manager, "Apply", write.subresource, write.time, frozenset(wanted))
    return _settled(write, live, _with_entries(merged, _timed(mine, own, others)))


def marked_for_deletion(write: Write, live: Manifest) -> Manifest:
    """Return an object that waits for its finalizers."""
    metadata = {**live["metadata"], "deletionTimestamp": write.time, "deletionGracePeriodSeconds": 0}
    if "generation" in metadata:
        metadata["generation"] += 1
    return {**live, "metadata": metadata}


def _timed(mine: Entry | None, own: Entry, others: list[Entry]) -> list[Entry]:
    if mine is not None and mine.fields == own.fields:
        own = replace(own, time=mine.time)
    return [*others, own]


def _scope(write: Write, manifest: Manifest) -> Manifest:
    """Return the part of an applied object that the write may concern."""
    if write.subresource == "status":
        return {"status": manifest.get("status") or {}}
    return {
        key: value
        for key, value in manifest.items()
        if key not in ("apiVersion", "kind") and (key != "status" or write.resource not in WITH_STATUS)
    } | {"metadata": {k: v for k, v in manifest["metadata"].items() if k not in (*_SERVER_SET, "resourceVersion")}}


def _within(write: Write, live: Manifest, changed: Manifest) -> Manifest:
    """Return what a write may change: the status alone, or everything but the status."""
    if write.subresource == "status":
        return {**live, **({"status": changed["status"]} if "status" in changed else {})}
    metadata = {key: value for key, value in changed["metadata"].items() if key not in _SERVER_SET}
    metadata |= {key: live["metadata"][key] for key in _SERVER_SET if key in live["metadata"]}
    result = {**changed, "metadata": metadata}
    if write.resource in WITH_STATUS:
        result = {key: value for key, value in result.items() if key != "status"}
        result |= {"status": live["status"]} if "status" in live else {}
    return result


def _owned(write: Write, live: Manifest, changed: Manifest) -> Manifest:
    """Return the changed object with the changes in its writer's entry and in nobody else's."""
    before, after = fields_of(write.resource, live), fields_of(write.resource, changed)
    touched = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    removed = before.keys() - after.keys()
    entries = entries_of(live)
    writer = (write.manager, write.operation, write.subresource)
    mine = next((entry for entry in entries if entry.writer == writer), None)
    rest = [replace(entry, fields=entry.fields - touched - removed) for entry in entries if entry is not mine]
    kept = (mine.fields - removed) if mine else frozenset[Path]()
    own = Entry(*writer, write.time if touched or not mine else mine.time, kept | touched)
    return _with_entries(changed, [*rest, own])


def _with_entries(manifest: Manifest, entries: list[Entry]) -> Manifest:
    tracked = managed_fields(entries, str(manifest.get("apiVersion")))
    return {**manifest, "metadata": {**manifest["metadata"], "managedFields": tracked}}


def _settled(write: Write, live: Manifest, changed: Manifest) -> Manifest:
    """Return the next object with its generation, or the live one if nothing differs."""
    _validate(write, live, changed)
    if _content(live) == _content(changed) and _ownership(live) == _ownership(changed):
        return live
    metadata = dict(changed["metadata"])
    if "generation" in live["metadata"]:
        is_new = write.subresource != "status" and _desired(write, live) != _desired(write, changed)
        metadata["generation"] = generation_of(live) + is_new
    return {**changed, "metadata": metadata}


def _validate(write: Write, live: Manifest, changed: Manifest) -> None:
    path = immutable_change(write.resource, live, changed)
    if path:
        raise InvalidObjectError(f"{write.resource.kind} is invalid: {path}: Invalid value: field is immutable")
    if is_deleting(live) and set(finalizers_of(changed)) - set(finalizers_of(live)):
        raise InvalidObjectError("metadata.finalizers: Forbidden: no new finalizers can be added while it is deleted")
    given = text(changed, "metadata", "uid")
    if given and given != uid_of(live):
        raise ConflictError(f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid_of(live)}")


def _content(manifest: Manifest) -> Mapping[str, Any]:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return {**manifest, "metadata": metadata}


def _ownership(manifest: Manifest) -> object:
    return {entry.writer: entry.fields for entry in entries_of(manifest) if entry.fields}


def _desired(write: Write, manifest: Manifest) -> Mapping[str, Any]:
    # A kind with a generation counts what is asked for: everything but metadata and a status that is written apart.
    apart = ("metadata", "status") if write.resource in WITH_STATUS else ("metadata",)
    return {key: value for key, value in manifest.items() if key not in apart}


def guard(live: Manifest, manifest: Manifest) -> None:
    """Raise ConflictError unless the uid and version that a write names are those of the stored object."""
    for name in ("uid", "resourceVersion"):
        wanted = member(manifest, "metadata", name)
        if wanted and wanted != live["metadata"][name]:
            raise ConflictError(f"the object has been modified: {name} is not {wanted}")
