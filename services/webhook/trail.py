"""The decision log as admission sees it: there before the bus is, and never in the way.

Answers are given from the first second, while the connection to NATS may take minutes or never come. What is decided
until then waits in a bounded queue; what does not fit is dropped and counted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from services.webhook import metrics
from shared.ports.passes import Decision, Decisions

LIMIT = 1000


@dataclass(slots=True)
class Trail:
    """Implements the port `Decisions`; hands over to the real log when that is there."""

    limit: int = LIMIT
    _waiting: deque[Decision] = field(default_factory=deque)
    _log: Decisions | None = None

    def record(self, decision: Decision) -> None:
        """Take note of a decision."""
        if self._log is not None:
            self._log.record(decision)
        elif len(self._waiting) < self.limit:
            self._waiting.append(decision)
        else:
            metrics.DECISIONS_FORGOTTEN.labels(metrics.SERVICE).inc()

    def hand_over(self, log: Decisions) -> None:
        """Give what waits, and everything from now on, to the log."""
        self._log = log
        while self._waiting:
            log.record(self._waiting.popleft())
