"""From an object, as an event or an own write's answer shows it, to the entry that the view holds.

Both ways end in one function over the same redacted summary, so that a pass sees the same object whichever way it
came. Strings that repeat in thousands of entries are kept once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from shared.contracts.envelope import ChangeHeaders, decode_change
from shared.contracts.keys import Key, keys, partition_of
from shared.contracts.ownership import ownership_digest
from shared.contracts.subjects import parse_change_subject
from shared.contracts.summaries import summary
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.objects import (
    Owner,
    annotations_of,
    controller_of,
    finalizers_of,
    generation_of,
    is_deleting,
    labels_of,
    ref_of,
    uid_of,
    version_of,
)
from shared.core.resources import Ref
from shared.ports.bus import StoredMessage
from shared.ports.passes import Entry

_ENVELOPE = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, slots=True)
class Place:
    """To which keys of one partition an object belongs: its own one, if that is here, and those of others."""

    own: Key | None
    also: tuple[Key, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return all of them."""
        return self.also if self.own is None else (self.own, *self.also)


@dataclass(frozen=True, slots=True)
class Change:
    """One change event as the view takes it in."""

    ref: Ref
    headers: ChangeHeaders
    manifest: Manifest  # the redacted object, or its identity alone

    @property
    def is_pointer(self) -> bool:
        """Return whether the object was too large for the log and has to be read from where `dataref` points."""
        return bool(self.headers.dataref) and not self.headers.is_tombstone


def decode_event(message: StoredMessage) -> Change:
    """Return the change that a message holds; raise InvalidObjectError when it cannot be understood."""
    ref = _kept_ref(parse_change_subject(message.subject).ref)
    headers = decode_change(message.headers)
    try:
        body = orjson.loads(message.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidObjectError(f"body of {message.subject} is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidObjectError(f"body of {message.subject} is not a JSON object")
    return Change(ref, headers, body)


def entry_of_change(change: Change) -> Entry:
    """Return the entry that an event stands for."""
    headers, manifest = change.headers, change.manifest
    return Entry(
        ref=change.ref,
        uid=headers.uid,
        version=headers.version,
        generation=headers.generation,
        ownership_digest=headers.ownership_digest,
        labels=_interned(labels_of(manifest)),
        annotations=_interned(annotations_of(manifest)),
        owner=_kept_owner(controller_of(manifest)),
        is_deleting=is_deleting(manifest),
        finalizers=finalizers_of(manifest),
        summary=_decisive(manifest),
        epoch=sys.intern(headers.epoch),
        event_id=headers.id,
        correlation=headers.correlation,
    )


def entry_of_manifest(manifest: Manifest, *, epoch: str) -> tuple[Entry, Manifest]:
    """Return the entry of an object that the API server answered, and its redacted form."""
    ref = _kept_ref(ref_of(manifest))
    redacted = summary(ref.resource, manifest)
    entry = Entry(
        ref=ref,
        uid=uid_of(manifest),
        version=version_of(manifest),
        generation=generation_of(manifest),
        ownership_digest=ownership_digest(manifest),
        labels=_interned(labels_of(redacted)),
        annotations=_interned(annotations_of(redacted)),
        owner=_kept_owner(controller_of(redacted)),
        is_deleting=is_deleting(redacted),
        finalizers=finalizers_of(redacted),
        summary=_decisive(redacted),
        epoch=epoch,
    )
    return entry, redacted


def place_of(ref: Ref, manifest: Manifest, *, partition: int, partitions: int) -> Place:
    """Return the keys of an object that this partition holds."""
    found = keys(ref.resource, {"metadata": {"name": ref.name, "namespace": ref.namespace}} | manifest)
    own = _kept_key(found.own) if partition_of(found.own, partitions) == partition else None
    return Place(own, tuple(_kept_key(key) for key in found.also if partition_of(key, partitions) == partition))


def _decisive(manifest: Manifest) -> Mapping[str, object]:
    return {sys.intern(member): value for member, value in manifest.items() if member not in _ENVELOPE}


def _kept_ref(ref: Ref) -> Ref:
    return Ref(ref.resource, sys.intern(ref.namespace), ref.name)


def _kept_key(key: Key) -> Key:
    return Key(key.kind, sys.intern(key.namespace), sys.intern(key.name))


def _kept_owner(owner: Owner | None) -> Owner | None:
    if owner is None:
        return None
    return Owner(
        api_version=sys.intern(owner.api_version),
        kind=sys.intern(owner.kind),
        name=sys.intern(owner.name),
        uid=sys.intern(owner.uid),
        is_controller=owner.is_controller,
    )


def _interned(pairs: Mapping[str, str]) -> dict[str, str]:
    return {sys.intern(key): sys.intern(value) for key, value in pairs.items()}
