"""How long to wait between two attempts to reach the store."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from shared.ports.clock import Clock

_FIRST_PAUSE = timedelta(milliseconds=50)


@dataclass(slots=True)
class BackOff:
    """Pauses between attempts: doubled, jittered, with a cap, and short again after a success."""

    clock: Clock
    cap: timedelta
    pause: timedelta = _FIRST_PAUSE

    async def wait(self) -> None:
        """Wait before the next attempt."""
        await self.clock.sleep(self.pause * random.uniform(0.5, 1.0))
        self.pause = min(self.cap, self.pause * 2)

    def reset(self) -> None:
        """Begin with short pauses again."""
        self.pause = _FIRST_PAUSE
