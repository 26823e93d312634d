"""Waiting in tests against real servers: for a condition, never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

OFTEN = timedelta(milliseconds=5)


async def eventually(
    is_so: Callable[[], bool | Awaitable[bool]],
    *,
    within: timedelta = timedelta(seconds=10),
    every: timedelta = OFTEN,
) -> float:
    """Return after how many seconds a condition held; raise TimeoutError at the deadline."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        answer = is_so()
        if answer if isinstance(answer, bool) else await answer:
            return loop.time() - began
        if loop.time() - began > within.total_seconds():
            raise TimeoutError(f"not so within {within.total_seconds():g} s")
        await asyncio.sleep(every.total_seconds())
