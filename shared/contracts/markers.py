"""Synced markers: the watcher's word that a complete list of a resource is in the log.

A marker is current when its epoch is the installation's, and the stream it was written for is the stream that is
read. A resource that the cluster does not serve has a marker too (`absent`), or nothing that reads it could start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from shared.core.errors import InvalidObjectError


@dataclass(frozen=True, slots=True)
class SyncedMarker:
    """One resource is complete in the log."""

    epoch: str
    stream_created: datetime
    version: int
    absent: bool = False

    def is_current(self, *, epoch: str, stream_created: datetime) -> bool:
        """Return whether the marker speaks of this epoch and this stream."""
        return self.epoch == epoch and self.stream_created == stream_created

    def repeats_absence(self, other: SyncedMarker) -> bool:
        """Return whether both say that the resource is not served, of one epoch and stream: no version matters then."""
        is_current = other.is_current(epoch=self.epoch, stream_created=self.stream_created)
        return self.absent and other.absent and is_current

    def encode(self) -> bytes:
        """Return the body of the marker's message."""
        return orjson.dumps(
            {
                "epoch": self.epoch,
                "streamCreated": self.stream_created.isoformat(),
                "version": self.version,
                "absent": self.absent,
            }
        )


def decode_marker(body: bytes) -> SyncedMarker:
    """Return a marker; raise InvalidObjectError when the body is none."""
    try:
        record = orjson.loads(body)
        return SyncedMarker(
            epoch=str(record["epoch"]),
            stream_created=datetime.fromisoformat(record["streamCreated"]),
            version=int(record["version"]),
            absent=record.get("absent") is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidObjectError(f"not a synced marker: {body[:200]!r}") from error
