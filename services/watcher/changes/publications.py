"""From one observed object to the messages that the log must hold for it.

Each subject (partition, resource, namespace, name) holds the newest state of one object. An object that belongs to
several partitions has one message in each; a partition that it left gets a tombstone of type `moved`. The copy of a
graph for the accounts of its namespace says what the graph asks for, not how far it has come; only the request that a
graph was made for waits for its progress.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson

from shared.contracts.envelope import ChangeHeaders, ChangeType, correlation_id, event_source
from shared.contracts.keys import PARTITIONS, Keys, keys, partition_of
from shared.contracts.ownership import ownership_digest
from shared.contracts.streams import MAX_BODY
from shared.contracts.subjects import ChangeSubject, change_subject
from shared.contracts.summaries import summary
from shared.core.json import Manifest
from shared.core.objects import generation_of, uid_of, version_of
from shared.core.resources import COMPONENTS, GRAPHS, REQUESTS, Ref, Resource

# What uses the objects of another key: whoever keeps those must know of it, and never looks at its progress.
_USERS: frozenset[Resource] = frozenset({GRAPHS, COMPONENTS, REQUESTS})


@dataclass(frozen=True, slots=True)
class Origin:
    """Who publishes, and in which epoch resource versions are comparable."""

    install: str
    version: str
    epoch: str
    partitions: int = PARTITIONS

    @property
    def source(self) -> str:
        """Return `ce-source` of the watcher's events."""
        return event_source(version=self.version, install=self.install, service="watcher", epoch=self.epoch)


@dataclass(frozen=True, slots=True)
class Publication:
    """One message that a subject must hold, unless it holds a newer one."""

    subject: str
    headers: ChangeHeaders
    body: bytes

    @property
    def version(self) -> int:
        """Return the resource version that the message carries."""
        return self.headers.version


def publications(
    resource: Resource,
    manifest: Manifest,
    change: ChangeType,
    *,
    origin: Origin,
    time: datetime,
    held: frozenset[str] = frozenset(),
    correlation: str = "",
) -> list[Publication]:
    """Return the messages for one observed change.

    `held` are the subjects that hold a living message of an object of this name now: those which the object's keys no
    longer name get a `moved` tombstone. A deletion puts a tombstone into all of them.
    """
    ref = Ref(resource, *_address(resource, manifest))
    found = keys(resource, manifest)
    wanted = _subjects(ref, found, origin.partitions)
    if resource is GRAPHS:
        correlation = correlation_id(uid_of(manifest), generation_of(manifest))
    draft = _Draft(ref, manifest, origin, time, correlation, _awaiting(ref, found, origin.partitions))
    if change == "deleted":
        return [
            draft.publication(subject, "deleted", is_copy=wanted.get(subject, False))
            for subject in sorted({*wanted, *held})
        ]
    moved = sorted(held - wanted.keys())
    return [
        *(
            draft.publication(subject, change if subject not in held else "modified", is_copy=is_copy)
            for subject, is_copy in wanted.items()
        ),
        *(draft.publication(subject, "moved") for subject in moved),
    ]


def tombstone(
    subject: ChangeSubject, *, version: int, uid: str, origin: Origin, time: datetime, correlation: str = ""
) -> Publication:
    """Return the tombstone of an object that a complete list no longer holds; it carries the list's version."""
    ref = subject.ref
    headers = ChangeHeaders(
        id=f"{uid}.{version}",
        type="deleted",
        source=origin.source,
        subject=ref.path,
        time=time,
        plural=ref.resource.plural,
        uid=uid,
        version=version,
        epoch=origin.epoch,
        partition=subject.partition,
        correlation=correlation,
    )
    identity = {"name": ref.name, "namespace": ref.namespace, "uid": uid, "resourceVersion": str(version)}
    body = {"apiVersion": ref.resource.api_version, "kind": ref.resource.kind, "metadata": identity}
    return Publication(str(subject), headers, orjson.dumps(body))


@dataclass(slots=True)
class _Draft:
    """What all messages of one change have in common; each body is made once."""

    ref: Ref
    manifest: Manifest
    origin: Origin
    time: datetime
    correlation: str
    awaiting: frozenset[str]
    redacted: Manifest = field(init=False)
    body: bytes = field(init=False)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.redacted = summary(self.ref.resource, self.manifest)
        self.body = orjson.dumps(self.redacted)
        self.digest = ownership_digest(self.manifest)

    def publication(self, subject: str, change: ChangeType, *, is_copy: bool = False) -> Publication:
        body = self._copied() if is_copy and subject not in self.awaiting else self.body
        is_too_large = len(body) > MAX_BODY
        uid, version = uid_of(self.manifest), version_of(self.manifest)
        headers = ChangeHeaders(
            id=f"{uid}.{version}",
            type=change,
            source=self.origin.source,
            subject=self.ref.path,
            time=self.time,
            plural=self.ref.resource.plural,
            uid=uid,
            version=version,
            epoch=self.origin.epoch,
            partition=int(subject.split(".", 3)[2]),
            generation=generation_of(self.manifest),
            ownership_digest=self.digest,
            correlation=self.correlation,
            is_copy=is_copy,
            dataref=self.ref.path if is_too_large else "",
        )
        return Publication(subject, headers, b"{}" if is_too_large else body)

    def _copied(self) -> bytes:
        if self.ref.resource not in _USERS:
            return self.body
        return orjson.dumps({member: value for member, value in self.redacted.items() if member != "status"})


def _subjects(ref: Ref, found: Keys, partitions: int) -> dict[str, bool]:
    """Return each subject that must hold the object, and whether it is a copy there."""
    home = partition_of(found.own, partitions)
    others = sorted({partition_of(key, partitions) for key in found.also} - {home})
    return {str(change_subject(home, ref)): False} | {str(change_subject(number, ref)): True for number in others}


def _awaiting(ref: Ref, found: Keys, partitions: int) -> frozenset[str]:
    """Return the subjects of the requests that the object was made for."""
    requests = (key for key in found.also if key.kind == REQUESTS.plural)
    return frozenset(str(change_subject(partition_of(key, partitions), ref)) for key in requests)


def _address(resource: Resource, manifest: Manifest) -> tuple[str, str]:
    metadata = manifest.get("metadata") or {}
    return (metadata.get("namespace", "") if resource.namespaced else "", metadata["name"])
