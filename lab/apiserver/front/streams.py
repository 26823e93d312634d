"""Decides how a watch leaves the server, and when a client that does not read is cut off.

Separate, because only here a response lives longer than its request. Invariant: what a slow client has not read is
bounded by its socket; nothing is queued for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web

STALLED_AFTER = 20.0  # seconds that a client may leave its socket full


async def stream(
    request: web.BaseRequest, chunks: AsyncIterator[bytes], warnings: list[str], on_begin: Callable[[], None]
) -> web.StreamResponse:
    """Send chunks as they come, until there are no more or the client is gone."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    for text in warnings:
        response.headers.add("Warning", text)
    response.enable_chunked_encoding()
    await response.prepare(request)
    on_begin()
    try:
        async for chunk in chunks:
            async with asyncio.timeout(STALLED_AFTER):
                await response.write(chunk)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # the client went away, which is how most watches end
    return response
