"""Reading the table of what the log holds for one resource."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from datetime import timedelta

import orjson

from services.watcher.changes.tables import Table
from shared.contracts.envelope import ChangeHeaders, decode_change
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT
from shared.core.errors import InvalidObjectError, UnreachableError
from shared.core.resources import Resource
from shared.ports.bus import EventLog, Newest, StoredMessage

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
                table.plan(message.subject, _headers(message), message.body)
                table.stored(message.subject, message.sequence)
            except InvalidObjectError:
                table.put_unreadable(message.subject, message.sequence, message.time)
            if not delivery.pending:
                return table


def _headers(message: StoredMessage) -> ChangeHeaders:
    """Return the headers of a message that its readers can make something of."""
    try:
        is_object = isinstance(orjson.loads(message.body), dict)
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        raise InvalidObjectError(f"body of {message.subject} is not a JSON object")
    return decode_change(message.headers)


def is_behind(fresh: Table, stored: Mapping[str, int], *, known: Container[str]) -> bool:
    """Return whether the log holds less than was stored before it was read, or something that nobody can read.

    A subject that is not known any more was purged.
    """
    is_shorter = any(fresh.sequence(subject) < sequence and subject in known for subject, sequence in stored.items())
    return is_shorter or fresh.has_unreadable
