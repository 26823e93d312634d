"""Time as a dependency, so that tests drive it and never wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time that also counts a suspended machine for decisions."""

    def now(self) -> datetime:
        """Return the time of day, with its time zone (UTC)."""
        ...

    def elapsed(self) -> float:
        """Return seconds of `CLOCK_BOOTTIME` (or the nearest the platform has): never steps, counts sleep."""
        ...

    async def sleep(self, delay: timedelta) -> None:
        """Wait."""
        ...
