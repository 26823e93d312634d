"""The definition of a kind, from the log: the replica that watches definitions may be another one.

One name is followed and not all definitions, of which a cluster has hundreds: each kind that is not served has somebody
who follows, and at rest none of them is told anything.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import CLUSTER_SCOPE, ROOT, encode_token
from shared.core.errors import InvalidObjectError
from shared.core.resources import CUSTOM_RESOURCE_DEFINITIONS, Resource
from shared.ports.bus import EventLog, Newest


async def definitions(bus: EventLog, resource: Resource) -> AsyncGenerator[int, None]:
    """Yield the version of the definition of a kind that the log holds, then of each that is written."""
    name = encode_token(resource.group_resource)
    subject = f"{ROOT}.changes.*.{CUSTOM_RESOURCE_DEFINITIONS.plural}.{CLUSTER_SCOPE}.{name}"
    async with bus.follow(CHANGES, [subject], Newest()) as deliveries:
        async for delivery in deliveries:
            version = _defined(delivery.message.headers)
            if version is not None:
                yield version


def _defined(headers: Mapping[str, str]) -> int | None:
    try:
        change = decode_change(headers)
    except InvalidObjectError:
        return None  # the partitions report it; here it only costs some minutes
    return None if change.is_tombstone else change.version
