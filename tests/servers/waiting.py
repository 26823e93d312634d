"""Waiting for a server that is not a child process of this one, and leaving it without a trace."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp

from shared.kube.sockets import Sockets


def wait_until(is_so: Callable[[], bool], *, deadline: timedelta, goal: str) -> None:
    """Return when `is_so` answers yes; fail with `goal` when it is too late."""
    end = time.monotonic() + deadline.total_seconds()
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{goal}: not within {deadline.total_seconds():g} s")
        time.sleep(0.05)


@asynccontextmanager
async def connections(trust: ssl.SSLContext | bool = True) -> AsyncIterator[aiohttp.TCPConnector]:
    """Give a connector for one session; whatever answer was left half read, nothing is open behind it."""
    sockets = Sockets()
    try:
        connector = aiohttp.TCPConnector(ssl=trust, socket_factory=sockets.open)
        async with connector:
            yield connector
    finally:
        await sockets.hang_up()


async def let_connections_close() -> None:
    """Give the event loop the turns in which TLS connections of a closed session end: aiohttp does not wait."""
    for _ in range(10):
        await asyncio.sleep(0)
