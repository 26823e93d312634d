"""Asking one source under a deadline: its answer, or why there is none.

Adapters wait for a server for as long as it takes, which is right for a service and wrong for a person. So the door is
knocked at first: a server that refuses connections is told of at once, and one that is silent after the deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

from cli.examinations.looking import look
from cli.explanations.evidence import Unread
from cli.findings.evidence import Unseen
from shared.core.errors import PermanentError, TemporaryError, UnreachableError

DEADLINE = 5.0  # seconds for everything that one source is asked

Answer = TypeVar("Answer")


async def asked(ask: Callable[[], Awaitable[Answer]], where: str) -> Answer | Unread:
    """Return what a source answers, or why it could not be read."""
    seen = await look(ask, deadline=DEADLINE)
    return Unread(where, seen.reason) if isinstance(seen, Unseen) else seen


async def part(gaps: dict[str, str], name: str, ask: Awaitable[Answer], otherwise: Answer) -> Answer:
    """Return one answer among several; one that fails is noted as a gap, and the others still count."""
    try:
        return await ask
    except (PermanentError, TemporaryError) as error:
        gaps[name] = str(error)
        return otherwise


async def knock(addresses: Sequence[str], port: int) -> None:
    """Return as soon as one of some servers takes a connection; raise UnreachableError when none does."""
    refusals = []
    for address in addresses:
        parts = urlsplit(address if "://" in address else f"//{address}")
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or port)
        except OSError as error:
            refusals.append(error.strerror or str(error))
            continue
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return
    raise UnreachableError(refusals[0] if refusals else "no address is known")
