"""How long to wait before a watch is opened again.

Separate and pure, because a watch that closes at once is where clients storm a server: only a connection that lasted
resets the pauses, whatever it delivered before it closed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(slots=True)
class Backoff:
    """Pauses that double up to a limit, each cut by up to half so that many clients spread."""

    first: timedelta = timedelta(milliseconds=50)
    longest: timedelta = timedelta(seconds=5)
    healthy: timedelta = timedelta(seconds=10)  # a connection that lasts so long was a good one
    jitter: Callable[[float, float], float] = random.uniform
    _failures: int = 0

    def relax(self, *, lasted: timedelta) -> None:
        """Begin anew when a connection lasted so long that it was a good one."""
        if lasted >= self.healthy:
            self._failures = 0

    def pause(self, *, lasted: timedelta) -> timedelta:
        """Return the pause after a connection that lasted so long."""
        self.relax(lasted=lasted)
        whole = min(self.first * float(2**self._failures), self.longest)
        self._failures = min(self._failures + 1, 16)
        return whole * self.jitter(0.5, 1.0)
