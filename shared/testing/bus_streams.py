"""Streams in memory: what a JetStream server keeps, answers and refuses. Pure state, no waiting.

Separate from the fake client because several clients (replicas of a service) share one server.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from shared.contracts.envelope import MESSAGE_ID
from shared.contracts.streams import INSTALL_KEY, StreamSpec
from shared.core.errors import ForeignInstallationError
from shared.ports.bus import After, Newest, SequenceConflictError, Start, StoredMessage, StreamMissingError, StreamState


def matches(pattern: str, subject: str) -> bool:
    """Return whether a subject is one of those that a pattern with `*` and `>` names."""
    return matches_any((pattern,), subject)


def matches_any(patterns: Sequence[str], subject: str) -> bool:
    """Return whether one of the patterns matches."""
    return _compiled(tuple(patterns)).fullmatch(subject) is not None


@lru_cache(maxsize=4096)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # Every message is compared with the subjects of every subscription: a fake of a large log needs one quick answer.
    return re.compile("|".join(_expression(pattern) for pattern in patterns) or r"(?!)")


def _expression(pattern: str) -> str:
    tokens = {"*": r"[^.]*", ">": r".+"}
    return r"\.".join(tokens.get(token, re.escape(token)) for token in pattern.split("."))


@dataclass(slots=True)
class Stream:
    """The messages of one stream, by sequence and by subject."""

    spec: StreamSpec
    created: datetime
    install: str
    last_sequence: int = 0
    messages: dict[int, StoredMessage] = field(default_factory=dict)  # in the order of their sequences
    by_subject: dict[str, deque[int]] = field(default_factory=dict)
    seen: dict[str, tuple[int, datetime]] = field(default_factory=dict)  # message ids of the duplicate window
    size: int = 0

    def store(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_last: int | None, now: datetime
    ) -> int:
        """Keep a message and return its sequence, or that of its first copy within the duplicate window."""
        self.expire(now)
        message_id = headers.get(MESSAGE_ID, "")
        if message_id in self.seen:
            return self.seen[message_id][0]
        kept = self.by_subject.get(subject)
        newest = kept[-1] if kept else 0
        if expected_last is not None and expected_last != newest:
            raise SequenceConflictError(f"{subject}: newest is {newest}, not {expected_last}")
        self.last_sequence += 1
        self.messages[self.last_sequence] = StoredMessage(subject, self.last_sequence, now, dict(headers), body)
        self.by_subject.setdefault(subject, deque()).append(self.last_sequence)
        self.size += len(body)
        if message_id:
            self.seen[message_id] = (self.last_sequence, now)
        self._apply_limits(subject)
        return self.last_sequence

    def newest(self, subject: str) -> StoredMessage | None:
        """Return the newest message of a subject, or of all that a pattern names."""
        if "*" in subject or ">" in subject:
            found = max(
                (kept[-1] for name, kept in self.by_subject.items() if kept and matches(subject, name)), default=0
            )
            return self.messages.get(found)
        kept = self.by_subject.get(subject)
        return self.messages[kept[-1]] if kept else None

    def state(self) -> StreamState:
        """Return what STREAM.INFO says."""
        first = next(iter(self.messages), self.last_sequence + 1)
        metadata = {INSTALL_KEY: self.install}
        return StreamState(self.created, first, self.last_sequence, len(self.messages), metadata)

    def replay(self, subjects: Sequence[str], start: Start) -> deque[int]:
        """Return the sequences that an ordered consumer begins with."""
        if isinstance(start, Newest):
            is_ours = _compiled(tuple(subjects)).fullmatch
            found = sorted(kept[-1] for subject, kept in self.by_subject.items() if is_ours(subject))
        elif isinstance(start, After):
            if start.sequence > self.last_sequence:
                raise StreamMissingError(f"stream {self.spec.name} ends before {start.sequence}")
            found = [
                n for n, kept in self.messages.items() if n > start.sequence and matches_any(subjects, kept.subject)
            ]
        else:
            found = []
        return deque(found)

    def purge(self, subject: str, up_to: int) -> None:
        """Remove messages of the subjects that match, up to and with a sequence."""
        doomed = [n for n, kept in self.messages.items() if n <= up_to and matches(subject, kept.subject)]
        for sequence in doomed:
            self._remove(sequence)

    def expire(self, now: datetime) -> None:
        """Remove what is older than the stream keeps messages, and forget old message ids."""
        while self.seen and now - next(iter(self.seen.values()))[1] >= self.spec.duplicate_window:
            del self.seen[next(iter(self.seen))]
        oldest_kept = now - self.spec.max_age if self.spec.max_age else None
        while oldest_kept and self.messages and next(iter(self.messages.values())).time < oldest_kept:
            self._remove(next(iter(self.messages)))

    def _apply_limits(self, subject: str) -> None:
        while 0 < self.spec.per_subject < len(self.by_subject[subject]):
            self._remove(self.by_subject[subject][0])
        while 0 < self.spec.max_bytes < self.size and len(self.messages) > 1:
            self._remove(next(iter(self.messages)))

    def _remove(self, sequence: int) -> None:
        message = self.messages.pop(sequence)
        self.size -= len(message.body)
        kept = self.by_subject[message.subject]
        kept.remove(sequence)
        if not kept:
            del self.by_subject[message.subject]


@dataclass(slots=True)
class Streams:
    """All streams of one server."""

    by_name: dict[str, Stream] = field(default_factory=dict)
    made: int = 0

    def named(self, name: str) -> Stream:
        """Return a stream; raise StreamMissingError when there is none."""
        stream = self.by_name.get(name)
        if stream is None:
            raise StreamMissingError(f"stream {name} does not exist")
        return stream

    def taking(self, subject: str) -> Stream:
        """Return the stream that takes messages of a subject."""
        for stream in self.by_name.values():
            if matches_any(stream.spec.subjects, subject):
                return stream
        raise StreamMissingError(f"no stream takes {subject}")

    def provision(self, specs: Sequence[StreamSpec], *, install: str, now: datetime) -> None:
        """Make the streams that are missing and repair the limits of the others."""
        for spec in specs:
            present = self.by_name.get(spec.name)
            if present is None:
                self.made += 1  # two streams of one moment are still two streams
                created = now + timedelta(microseconds=self.made)
                self.by_name[spec.name] = Stream(spec, created, install)
            elif present.install != install:
                raise ForeignInstallationError(f"stream {spec.name} belongs to installation {present.install!r}")
            else:
                present.spec = spec
