"""Definitions of custom resources, from the log: the replica that watches them may be another one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT, parse_change_subject
from shared.core.errors import InvalidObjectError
from shared.core.resources import CUSTOM_RESOURCE_DEFINITIONS
from shared.ports.bus import EventLog, Newest

FILTER = f"{ROOT}.changes.*.{CUSTOM_RESOURCE_DEFINITIONS.plural}.>"


async def definitions(bus: EventLog, group: str) -> AsyncGenerator[str, None]:
    """Yield the name of each definition of a group that the log holds, then of each that is made or changed."""
    async with bus.follow(CHANGES, [FILTER], Newest()) as deliveries:
        async for delivery in deliveries:
            name = _defined(delivery.message.subject, delivery.message.headers)
            if name and name.partition(".")[2] == group:
                yield name


def _defined(subject: str, headers: Mapping[str, str]) -> str:
    try:
        return "" if decode_change(headers).is_tombstone else parse_change_subject(subject).name
    except InvalidObjectError:
        return ""  # the partitions report it; here it only costs some minutes
