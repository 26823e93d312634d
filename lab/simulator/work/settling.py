"""Decides whether a change is worth writing at once or will be overtaken in a moment.

Separate from the queue, which knows nothing of what is written. Invariant: a change is written after `seconds` at the
latest, however often it changes in between.
"""

import asyncio

from lab.simulator.client.caches import Key


class Settling:
    """Remembers since when each key has something to write."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[Key, float] = {}

    def remaining(self, key: Key) -> float:
        """Return how long to wait before writing; zero means now, and the next change starts anew."""
        now = asyncio.get_running_loop().time()
        remaining = self._since.setdefault(key, now) + self._seconds - now
        if remaining > 0:
            return remaining
        self.forget(key)
        return 0.0

    def forget(self, key: Key) -> None:
        """Say that nothing waits to be written."""
        self._since.pop(key, None)
