"""Reading and publishing synced markers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.contracts.markers import SyncedMarker, decode_marker
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import synced_subject
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.resources import Resource
from shared.ports.bus import EventLog, StoredMessage
from shared.ports.clock import Clock

RETRY_DELAY = timedelta(milliseconds=500)


async def read_marker(bus: EventLog, resource: Resource) -> SyncedMarker | None:
    """Return the newest marker of a resource; one that cannot be read counts as none."""
    return _decoded(await bus.newest(CHANGES, synced_subject(resource)))


async def publish_marker(
    bus: EventLog, clock: Clock, resource: Resource, marker: SyncedMarker, *, epoch: Callable[[], Awaitable[str]]
) -> None:
    """Publish a marker, again and again until it is stored, unless its epoch has ended meanwhile.

    That a resource is still not served is not said again. The guard keeps a watcher that was paused from putting the
    marker of an ended epoch on top of a newer one: every view would wait for the next list then.
    """
    subject = synced_subject(resource)
    headers = {"ce-specversion": "1.0", "ce-type": f"com.nvidia.dynamo.{resource.plural}.synced.v1"}
    while True:
        try:
            newest = await bus.newest(CHANGES, subject)
            said = _decoded(newest)
            if said is not None and marker.repeats_absence(said):
                return
            if await epoch() != marker.epoch:
                return  # whoever began the new epoch lists, and publishes its own
            await bus.publish(subject, marker.encode(), headers, expected_last=newest.sequence if newest else 0)
        except TemporaryError:
            await clock.sleep(RETRY_DELAY)
        else:
            return


def _decoded(message: StoredMessage | None) -> SyncedMarker | None:
    try:
        return decode_marker(message.body) if message else None
    except InvalidObjectError:
        return None
