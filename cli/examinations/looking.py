"""One look with a deadline: what it brings, or why nothing was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cli.failures import CommandError
from cli.findings.evidence import Unseen
from shared.core.errors import PlatformError

Seen = TypeVar("Seen")

DEADLINE = 3.0  # seconds; a server that takes longer is in trouble, and the others must not wait for it


async def look(at: Callable[[], Awaitable[Seen]], *, deadline: float = DEADLINE) -> Seen | Unseen:
    """Return what a look brings, or why it brought nothing."""
    seen: Seen | Unseen
    try:
        async with asyncio.timeout(deadline):
            seen = await at()
    except* (PlatformError, CommandError, OSError) as failures:
        seen = Unseen(_first(failures) or f"no answer within {deadline:g} s")
    return seen


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else str(error)
