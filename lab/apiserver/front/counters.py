"""Counts requests by who asked, what, of which resource, and how it was answered.

Separate, because benchmarks read it over HTTP and nothing else depends on it. Invariant: counting costs one
dictionary update.
"""

from __future__ import annotations

from collections import Counter
from typing import Any


class Counters:
    """The requests answered since the start."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str, int]] = Counter()

    def add(self, agent: str, verb: str, resource: str, code: int) -> None:
        """Count one answered request; a watch counts when it begins."""
        self._counts[(agent, verb, resource, code)] += 1

    def document(self) -> dict[str, Any]:
        """Return the counts, largest first."""
        return {
            "total": self._counts.total(),
            "requests": [
                {"agent": agent, "verb": verb, "resource": resource, "code": code, "count": count}
                for (agent, verb, resource, code), count in self._counts.most_common()
            ],
        }

    def clear(self) -> None:
        """Start counting anew."""
        self._counts.clear()
