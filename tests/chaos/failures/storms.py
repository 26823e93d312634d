"""Whether clients leave an API server in peace that refuses every connection: how often each watch tried.

The services count it themselves, since the server sees nothing of it. The bound follows from the back-off: pauses
double from 50 ms to 5 s and each is cut by up to half, so after eight attempts at least 2.5 s lie between two.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from shared.kube.backoff import Backoff
from tests.e2e.stacks import LiveStack

RESTARTS = re.compile(r'dynamo_operator_watch_restarts_total\{.*?resource="(?P<resource>[^"]+)".*?\} (?P<count>\S+)')
WATCHES = {("webhook", "secrets"): 2}  # of one resource by one service, where there are several
DOUBLED = 8  # attempts until the pauses are as long as they get
SHORTEST = Backoff().longest.total_seconds() / 2


@dataclass(slots=True)
class Attempts:
    """The attempts of every watch of every service during one outage of the API server."""

    _before: Counter[tuple[str, str]] = field(default_factory=Counter)
    _began: float = 0.0
    _lasted: float = 0.0
    _tried: Counter[tuple[str, str]] = field(default_factory=Counter)

    def begin(self, stack: LiveStack) -> None:
        """Stop the API server."""
        self._before, self._began = _restarts(stack), time.monotonic()
        stack.bringup.stop("apiserver")

    def end(self, stack: LiveStack) -> None:
        """Count, and start the API server again."""
        self._tried = _restarts(stack) - self._before
        self._lasted = time.monotonic() - self._began
        stack.bringup.restart("apiserver")

    def told(self) -> str:
        """Return how often the busiest watch tried."""
        return f"the busiest of {len(self._tried)} watches tried {max(self._tried.values(), default=0)} times"

    def problems(self) -> list[str]:
        """Return the watches that tried more often than back-off allows."""
        allowed = DOUBLED + self._lasted / SHORTEST
        return [
            f"{service} tried to watch {resource} {count} times in {self._lasted:.0f} s, at most {allowed:.0f}"
            for (service, resource), count in self._tried.items()
            if count > allowed * WATCHES.get((service.partition("-")[0], resource), 1)
        ]


def _restarts(stack: LiveStack) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for process in stack.record.processes:
        if process.health_url:
            for match in RESTARTS.finditer(stack.metrics(process.name)):
                found[process.name, match["resource"]] += int(float(match["count"]))
    return found
