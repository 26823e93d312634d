"""Some kinds from all partitions: the newest state of each object, as the log tells it.

Facts concern the whole cluster, so their writers follow whole kinds where a partition's owner follows its share. What
is followed is complete once a synced marker of each kind has been read, and `changed` is set when something that
counts is another than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from shared.contracts.envelope import ChangeHeaders, decode_change, is_news
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT, parse_change_subject, parse_synced_subject, synced_subject
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.resources import Ref, Resource
from shared.ports.bus import EventLog, Newest, StoredMessage


def everything_counts(resource: Resource, manifest: Manifest) -> bool:
    """Count every object."""
    return True


@dataclass(slots=True)
class Followed:
    """The objects of some kinds; what does not count comes and goes without a word."""

    bus: EventLog
    resources: tuple[Resource, ...]
    counts: Callable[[Resource, Manifest], bool] = everything_counts
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _objects: dict[Ref, tuple[ChangeHeaders, Manifest | None]] = field(default_factory=dict)  # None: counts for nothing
    _missing: set[Resource] = field(init=False)
    _is_stale: bool = False

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self._missing = set(self.resources)

    @property
    def is_complete(self) -> bool:
        """Return whether every kind has been listed."""
        return not self._missing

    def of(self, resource: Resource) -> list[Manifest]:
        """Return the redacted states of all objects of a kind that count."""
        return [found for ref, (_, found) in self._objects.items() if ref.resource is resource and found is not None]

    async def run(self) -> None:
        """Follow for ever."""
        self._objects.clear()
        self._missing = set(self.resources)
        subjects = [f"{ROOT}.changes.*.{resource.plural}.>" for resource in self.resources]
        subjects += [synced_subject(resource) for resource in self.resources]
        async with self.bus.follow(CHANGES, subjects, Newest()) as deliveries:
            async for delivery in deliveries:
                self._is_stale |= self._take(delivery.message)
                if self._is_stale and not delivery.pending and self.is_complete:
                    self._is_stale = False
                    self.changed.set()

    def _take(self, message: StoredMessage) -> bool:
        """Take in a message; return whether something that counts is another now."""
        resource = parse_synced_subject(message.subject)
        if resource is not None:
            self._missing.discard(resource)
            return True
        try:
            change, ref = decode_change(message.headers), parse_change_subject(message.subject).ref
            body = orjson.loads(message.body)
        except (InvalidObjectError, orjson.JSONDecodeError):
            return False  # the partitions report it
        known = self._objects.get(ref)
        if not is_news(change, known[0] if known is not None else None):
            return False
        held = known[1] if known is not None else None
        if change.is_tombstone:
            del self._objects[ref]
            return held is not None
        kept = body if self.counts(ref.resource, body) else None
        self._objects[ref] = (change, kept)
        return kept is not None or held is not None
