"""When a view is complete: before that no pass runs, since what is missing would look like what was deleted.

Two things make it complete: everything that the log held at the claim has been read, and for every resource that is
read there is a current synced marker: one of this stream and of the epoch that all others are of.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.markers import SyncedMarker
from shared.core.resources import Resource


@dataclass(slots=True)
class Progress:
    """How far the consumer has read, against what the log held when the partition was claimed."""

    goal: int  # last sequence of the stream at the claim
    pending: int | None = None  # None before the consumer is open
    reached: int = 0

    def opened(self, pending: int) -> None:
        """Note how many stored messages wait at the open consumer."""
        self.pending = pending

    def delivered(self, sequence: int, pending: int) -> None:
        """Note a delivery; one that comes again says nothing about what waits now."""
        if sequence >= self.reached:
            self.reached, self.pending = sequence, pending

    @property
    def is_drained(self) -> bool:
        """Return whether the consumer's server says that nothing waits; it may lag behind the stream's leader."""
        return self.pending == 0

    @property
    def is_past_goal(self) -> bool:
        """Return whether the consumer's own sequences prove that nothing of the goal is missing."""
        return self.is_drained and self.reached >= self.goal


@dataclass(slots=True)
class Markers:
    """The synced markers of the resources that are read."""

    reads: Collection[Resource]
    stream_created: datetime
    found: dict[Resource, SyncedMarker] = field(default_factory=dict)

    def take(self, resource: Resource, marker: SyncedMarker) -> None:
        """Take in a marker; one of another stream says nothing about this one."""
        if marker.stream_created == self.stream_created:
            self.found[resource] = marker

    @property
    def epoch(self) -> str:
        """Return the epoch that all markers agree on, or an empty text."""
        epochs = {marker.epoch for resource in self.reads if (marker := self.found.get(resource))}
        return next(iter(epochs)) if len(epochs) == 1 else ""

    @property
    def missing(self) -> list[Resource]:
        """Return the resources without a current marker; none is current while they disagree about the epoch."""
        if any(resource not in self.found for resource in self.reads):
            return sorted(resource for resource in self.reads if resource not in self.found)
        return [] if self.epoch else sorted(self.reads)
