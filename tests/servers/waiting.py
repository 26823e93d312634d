"""Waiting for a server that is not a child process of this one."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta


def wait_until(is_so: Callable[[], bool], *, deadline: timedelta, goal: str) -> None:
    """Return when `is_so` answers yes; fail with `goal` when it is too late."""
    end = time.monotonic() + deadline.total_seconds()
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{goal}: not within {deadline.total_seconds():g} s")
        time.sleep(0.05)


async def let_connections_close() -> None:
    """Give the event loop the turns in which TLS connections of a closed session end: aiohttp does not wait."""
    for _ in range(10):
        await asyncio.sleep(0)
