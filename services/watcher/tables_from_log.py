"""Reading the table of what the log holds for one resource."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from datetime import timedelta

from services.watcher.changes.tables import Table
from shared.contracts.envelope import decode_change
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT
from shared.core.errors import InvalidObjectError, UnreachableError
from shared.core.resources import Resource
from shared.ports.bus import EventLog, Newest

READ_LIMIT = timedelta(seconds=30)  # between two messages of a stream that says it has more


async def read_table(bus: EventLog, resource: Resource) -> Table:
    """Return the newest message of every subject of a resource; raise UnreachableError when the log falls silent."""
    table = Table(resource)
    async with bus.follow(CHANGES, [f"{ROOT}.changes.*.{resource.plural}.>"], Newest()) as deliveries:
        if not deliveries.pending_at_open:
            return table
        stream = aiter(deliveries)
        while True:
            try:
                # Not `wait_for`: before Python 3.12 it loses a cancellation that comes together with the delivery.
                async with asyncio.timeout(READ_LIMIT.total_seconds()):
                    delivery = await anext(stream)
            except TimeoutError as error:
                raise UnreachableError(f"the log stopped answering while {resource.plural} were read") from error
            message = delivery.message
            try:
                table.plan(message.subject, decode_change(message.headers), message.body)
                table.stored(message.subject, message.sequence)
            except InvalidObjectError:
                table.put_unreadable(message.subject, message.sequence, message.time)
            if not delivery.pending:
                return table


def is_behind(fresh: Table, stored: Mapping[str, int], *, known: Container[str]) -> bool:
    """Return whether the log holds less than was stored before it was read; a subject not known any more was purged."""
    return any(fresh.sequence(subject) < sequence and subject in known for subject, sequence in stored.items())
