"""Waiting for what a service cannot work without: back-off, a readiness reason and one clear log line.

A server that is missing at start is no failure: the service waits, is not ready and says once what for. Only errors
that waiting may heal are waited out; everything else ends the process with its reason.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from shared.core.errors import TemporaryError
from shared.ports.clock import Clock
from shared.runtime.health import Readiness

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

FIRST_DELAY = timedelta(milliseconds=100)
LONGEST_DELAY = timedelta(seconds=5)


async def wait_for(
    dependency: str, attempt: Callable[[], Awaitable[Answer]], *, readiness: Readiness, clock: Clock
) -> Answer:
    """Return what the first attempt that succeeds returns; try again, with growing pauses, while waiting may help."""
    readiness.wait(dependency, "not connected yet")
    delay, was_told = FIRST_DELAY, False
    while True:
        try:
            answer = await attempt()
        except TemporaryError as error:
            readiness.wait(dependency, str(error))
            if not was_told:
                log.warning("waiting for a dependency", dependency=dependency, reason=str(error))
                was_told = True
            await clock.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, LONGEST_DELAY)
            continue
        readiness.clear(dependency)
        if was_told:
            log.info("dependency is there", dependency=dependency)
        return answer
