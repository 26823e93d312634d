"""The machine's clock.

Separate because it is the only place that reads the time. `elapsed` counts a suspended machine: whether a claim still
holds is decided by it, and a laptop that slept for five minutes must not believe in a lease that has long ended.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

# Linux counts suspension in CLOCK_BOOTTIME only; the monotonic clock of macOS counts it already.
_CLOCK_ID = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The `Clock` of a running service."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return seconds since the machine was started, with those it was suspended."""
        return time.clock_gettime(_CLOCK_ID)

    async def sleep(self, delay: timedelta) -> None:
        """Wait; time that the machine is suspended is not counted."""
        await asyncio.sleep(delay.total_seconds())
