"""Decides whether a run cost more than the committed record: CPU seconds and requests per graph, by process.

Separate and pure, because it fails a build. Wall times are not compared: they depend on what else the machine does. CPU
seconds are compared on the machine of the record only: on another one they are other seconds.
Invariant: only what both records hold is compared, so a new case or process never fails a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.figures import Figures, Record

LIMIT = 0.20  # of the figure before
# What a difference must exceed beside the limit: a clock tick of 10 ms shared by 30 graphs, and a retry now and then.
CPU_NOISE = 0.003  # seconds per graph
REQUEST_NOISE = 0.5  # requests per graph
FEWEST_GRAPHS = 100  # below, what a process does beside the graphs weighs more than the graphs


@dataclass(frozen=True, slots=True)
class Regression:
    """One cost that grew by more than is allowed."""

    case: str
    process: str
    measure: str
    before: float
    after: float

    def __str__(self) -> str:
        """Return the line that a person reads."""
        grown = (self.after / self.before - 1) * 100 if self.before else float("inf")
        return f"{self.case}: {self.process}: {self.measure}: {self.before:.4g} -> {self.after:.4g} (+{grown:.0f} %)"


def regressions(before: Record, after: Record) -> list[Regression]:
    """Return what costs more than the record says, by more than the limit and more than noise."""
    found: list[Regression] = []
    for now in after.cases:
        then = before.case(now.case)
        if then is None:
            continue
        if is_same_machine(before, after) and now.values.get("graphs", 0) >= FEWEST_GRAPHS:
            found += _grown(now, "CPU seconds per graph", then.cpu_seconds, now.cpu_seconds, noise=CPU_NOISE)
        found += _grown(now, "requests per graph", then.requests, now.requests, noise=REQUEST_NOISE)
    return found


def is_same_machine(before: Record, after: Record) -> bool:
    """Return whether CPU seconds of two records mean the same."""
    return before.machine == after.machine


def _grown(
    case: Figures, measure: str, before: Mapping[str, float], after: Mapping[str, float], *, noise: float
) -> list[Regression]:
    return [
        Regression(case.case, process, measure, before[process], cost)
        for process, cost in after.items()
        if process in before and cost > before[process] * (1 + LIMIT) and cost - before[process] > noise
    ]
