"""The feed: one ordered consumer that brings the change log into a partition view.

It begins with the newest message of every subject and goes on live, without acknowledgements. It says when the view
is complete, hands every effect to the loop, and lets nothing that it cannot read stop it. `refresh` reads the newest
messages once more, so that even an event that never arrived is made up for by the next sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from shared.contracts.markers import decode_marker
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT, change_filter, change_subject, parse_synced_subject, synced_subject
from shared.core.errors import PermanentError
from shared.core.json import Manifest
from shared.core.resources import Ref, Resource
from shared.ports.bus import Delivery, EventLog, Newest, StoredMessage
from shared.runtime.partitions.views.completeness import Markers, Progress
from shared.runtime.partitions.views.entries import Change, decode_event
from shared.runtime.partitions.views.indexes import Placed
from shared.runtime.partitions.views.view import Effect, PartitionView

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Fetch(Protocol):
    """Read one object, for events that carry a pointer instead of a body."""

    async def __call__(self, ref: Ref) -> Manifest | None:
        """Return the object, or None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of what the feed brings."""

    on_effect: Callable[[Effect], None]
    on_arrival: Callable[[StoredMessage], None]
    on_complete: Callable[[bool], None]
    on_waiting: Callable[[], None]  # for something else than before
    on_unreadable: Callable[[StoredMessage, PermanentError], None]


@dataclass(slots=True)
class Feed:
    """Fill one partition's view from the log."""

    bus: EventLog
    view: PartitionView
    reads: Collection[Resource]
    listener: Listener
    fetch: Fetch
    is_complete: bool = False
    waits_for: str = "the log"
    reached: int = 0  # newest sequence that came
    _filters: list[str] = field(default_factory=list)
    _is_verified: bool = False

    def __post_init__(self) -> None:
        """Name the subjects that are read."""
        self._filters = [change_filter(self.view.partition, resource) for resource in sorted(self.reads)]

    async def run(self) -> None:
        """Follow the log for ever; raise StreamMissingError when it was lost: then the view has to be rebuilt."""
        state = await self.bus.state(CHANGES)
        progress, markers = Progress(state.last_sequence), Markers(self.reads, state.created)
        subjects = [*self._filters, *(synced_subject(resource) for resource in sorted(self.reads))]
        async with self.bus.follow(CHANGES, subjects, Newest()) as subscription:
            progress.opened(subscription.pending_at_open)
            await self._judge(progress, markers)
            async for delivery in subscription:
                is_marker = await self._take(delivery.message, markers)
                progress.delivered(delivery.message.sequence, delivery.pending)
                self.reached = progress.reached
                if is_marker or not self.is_complete:
                    await self._judge(progress, markers)

    async def refresh(self) -> None:
        """Read the newest message of every subject once more, forget what the log lacks, and pack what rests."""
        known = {placed.entry.ref: placed.entry.version for placed in self.view if placed.entry.event_id}
        seen: set[Ref] = set()
        async with self.bus.follow(CHANGES, self._filters, Newest()) as subscription:
            if subscription.pending_at_open:
                async for delivery in subscription:
                    seen.update(await self._refreshed(delivery))
                    if not delivery.pending:
                        break
        for ref in known.keys() - seen:
            # Asked of the leader: the consumer's server may lag behind what the view already knows.
            if await self.bus.newest(CHANGES, str(change_subject(self.view.partition, ref))) is None:
                self._forget(ref, known[ref])
        self.view.forget_tombstones(seen)
        self.view.pack()

    async def _refreshed(self, delivery: Delivery) -> list[Ref]:
        try:
            change = decode_event(delivery.message)
            await self._take_change(change)
        except PermanentError:
            return []  # it was reported when it came
        return [change.ref]

    def _forget(self, ref: Ref, version: int) -> None:
        def is_absent(placed: Placed) -> bool:
            return placed.entry.ref == ref and placed.entry.version == version

        for effect in self.view.forget_all(is_absent):
            self.listener.on_effect(effect)

    async def _take(self, message: StoredMessage, markers: Markers) -> bool:
        """Take in a message; return whether it was a synced marker."""
        self.listener.on_arrival(message)
        try:
            resource = parse_synced_subject(message.subject)
            if resource is not None:
                markers.take(resource, decode_marker(message.body))
                return True
            await self._take_change(decode_event(message))
        except PermanentError as error:  # not to be understood, or a pointer to what we may not read
            self.listener.on_unreadable(message, error)
        return False

    async def _take_change(self, change: Change) -> None:
        if change.is_pointer:
            manifest = await self.fetch(change.ref)
            if manifest is None:
                return  # it is gone, and its tombstone is on the way
            effect = self.view.take_object(manifest, epoch=change.headers.epoch, cause=change.headers.id)
        else:
            effect = self.view.take(change)
        if effect is not None:
            self.listener.on_effect(effect)

    async def _judge(self, progress: Progress, markers: Markers) -> None:
        """Find out whether the view is complete, and tell when that changes."""
        missing = markers.missing
        if not self._is_verified and progress.is_drained:
            self._is_verified = progress.is_past_goal or await self.newest_unseen() is None
        is_complete = self._is_verified and not missing
        self._say(self._reason(missing))
        if is_complete and markers.epoch != self.view.epochs.current:
            for effect in self.view.enter_epoch(markers.epoch):
                self.listener.on_effect(effect)
        if is_complete != self.is_complete:
            self.is_complete = is_complete
            self.view.is_filling = False
            self.listener.on_complete(is_complete)

    def _say(self, waits_for: str) -> None:
        if waits_for != self.waits_for:
            self.waits_for = waits_for
            self.listener.on_waiting()

    def _reason(self, missing: Collection[Resource]) -> str:
        if missing:
            return f"a current synced marker of {', '.join(resource.plural for resource in missing)}"
        return "" if self._is_verified else "events that the log holds"

    async def newest_unseen(self) -> StoredMessage | None:
        """Ask the stream's leader for a newest message of what is read that the consumer has not brought."""
        partition = f"{ROOT}.changes.{self.view.partition}.>"
        if await self._unseen(partition) is None:
            return None
        for subject in self._filters:
            if (found := await self._unseen(subject)) is not None:
                return found
        return None

    async def _unseen(self, subject: str) -> StoredMessage | None:
        newest = await self.bus.newest(CHANGES, subject)
        return newest if newest is not None and newest.sequence > self.reached else None
