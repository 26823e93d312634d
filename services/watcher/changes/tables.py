"""What the log holds, or is about to hold, for one resource: the table that changes are compared with.

The table is rebuilt from the log's newest messages whenever a kind is claimed, so a watcher that starts fresh knows
what its predecessor published, and publishes only what differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from shared.contracts.envelope import ChangeHeaders
from shared.contracts.subjects import encode_token
from shared.core.resources import NODES, POD_CLIQUE_SCALING_GROUPS, POD_CLIQUES, PODS, QUEUES, Resource

# Objects that others write all the time, with nothing of ours in them: only what the summary holds is worth an event.
# Kinds that we apply are published at every version, since a child counts from the version we applied (design 7);
# their copies for other keys are nobody's children there.
_QUIET: frozenset[Resource] = frozenset({NODES, PODS, POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS, QUEUES})


@dataclass(slots=True)
class Held:
    """The newest message of one subject; `sequence` is that of the newest one known to be stored."""

    sequence: int
    uid: str
    version: int
    epoch: str
    is_tombstone: bool
    body_digest: bytes  # of quiet kinds and copies alone
    time: datetime


@dataclass(slots=True)
class Table:
    """The newest messages of one resource, by subject and by object."""

    resource: Resource
    by_subject: dict[str, Held] = field(default_factory=dict)
    _by_object: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def plan(self, subject: str, headers: ChangeHeaders, body: bytes) -> None:
        """Record what a subject is about to hold: from here on it is what changes are compared with."""
        self.by_subject[subject] = Held(
            sequence=self.sequence(subject),
            uid=headers.uid,
            version=headers.version,
            epoch=headers.epoch,
            is_tombstone=headers.is_tombstone,
            body_digest=body_digest(headers, body) if self._is_quiet(headers) else b"",
            time=headers.time,
        )
        self._by_object.setdefault(_address(subject), set()).add(subject)

    def stored(self, subject: str, sequence: int) -> None:
        """Record the sequence of a subject's newest message."""
        held = self.by_subject.get(subject)
        if held is not None:
            held.sequence = max(held.sequence, sequence)

    def put_unreadable(self, subject: str, sequence: int, time: datetime) -> None:
        """Record a message that nobody can read, so that the object is published on top of it."""
        self.by_subject[subject] = Held(sequence, "", 0, "", is_tombstone=False, body_digest=b"", time=time)
        self._by_object.setdefault(_address(subject), set()).add(subject)

    def sequence(self, subject: str) -> int:
        """Return the sequence of a subject's newest message, 0 where there is none."""
        held = self.by_subject.get(subject)
        return held.sequence if held else 0

    def _is_quiet(self, headers: ChangeHeaders) -> bool:
        return self.resource in _QUIET or headers.is_copy

    def drop(self, subject: str, *, up_to: int) -> None:
        """Forget a tombstone that was purged; what the subject has come to hold meanwhile stays."""
        known = self.by_subject.get(subject)
        if known is None or not known.is_tombstone or known.sequence > up_to:
            return
        del self.by_subject[subject]
        held = self._by_object.get(_address(subject), set())
        held.discard(subject)
        if not held:
            self._by_object.pop(_address(subject), None)

    def living(self, namespace: str, name: str) -> frozenset[str]:
        """Return the subjects that hold a living message of an object."""
        held = self._by_object.get((encode_token(namespace), encode_token(name)), ())
        return frozenset(each for each in held if not self.by_subject[each].is_tombstone)

    def all_living(self) -> list[str]:
        """Return every subject that holds a living message."""
        return [subject for subject, held in self.by_subject.items() if not held.is_tombstone]

    def needs(self, subject: str, headers: ChangeHeaders, body: bytes) -> bool:
        """Return whether a message must be published on top of what the subject holds."""
        held = self.by_subject.get(subject)
        if held is None:
            return not headers.is_tombstone
        if held.is_tombstone and headers.is_tombstone:
            return False
        if held.epoch == headers.epoch and held.version >= headers.version:
            return False
        is_same_object = held.uid == headers.uid and held.epoch == headers.epoch and not held.is_tombstone
        if is_same_object and not headers.is_tombstone and self._is_quiet(headers) and not headers.dataref:
            return held.body_digest != body_digest(headers, body)
        return True

    def contradicts(self, subject: str, headers: ChangeHeaders) -> bool:
        """Return whether the log says that an object which a list holds had gone after that state of it.

        Both cannot be true of one history: a server that did not serve the kind for a moment, or a restored cluster.
        """
        held = self.by_subject.get(subject)
        return (
            held is not None
            and held.is_tombstone
            and not headers.is_tombstone
            and (held.epoch, held.uid) == (headers.epoch, headers.uid)
            and held.version >= headers.version
        )

    def newest_version(self, epoch: str) -> int:
        """Return the highest version that the log holds of an epoch, 0 where there is none."""
        return max((held.version for held in self.by_subject.values() if held.epoch == epoch), default=0)

    def gone(self, listed: Iterable[str], *, version: int, epoch: str) -> list[str]:
        """Return the subjects whose object a complete list of a version lacks; newer messages are left alone."""
        present = set(listed)
        return sorted(
            subject
            for subject in self.all_living()
            if subject not in present
            and (self.by_subject[subject].epoch != epoch or self.by_subject[subject].version <= version)
        )

    @property
    def has_unreadable(self) -> bool:
        """Return whether the newest message of any subject cannot be read."""
        return any(not held.epoch for held in self.by_subject.values())

    def sequences(self) -> dict[str, int]:
        """Return the sequence of each subject's newest message that is known to be stored."""
        return {subject: held.sequence for subject, held in self.by_subject.items() if held.sequence}

    def old_tombstones(self, before: datetime) -> list[tuple[str, int]]:
        """Return the subjects, with their sequence, whose tombstone is older than a time."""
        return [
            (subject, held.sequence)
            for subject, held in self.by_subject.items()
            if held.is_tombstone and held.time < before
        ]


def body_digest(headers: ChangeHeaders, body: bytes) -> bytes:
    """Return what tells two states of an object apart for its readers; the version itself does not."""
    text = body.replace(f'"resourceVersion":"{headers.version}"'.encode(), b"")
    return blake2b(f"{headers.ownership_digest} {headers.generation} ".encode() + text, digest_size=8).digest()


def _address(subject: str) -> tuple[str, str]:
    namespace, name = subject.rsplit(".", 2)[1:]
    return namespace, name
