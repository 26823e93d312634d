"""What many runs found together, so that a drill can be recorded: counts and times, never opinions."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.chaos.ownership.checker import Rules, late_writes, violations
from tests.chaos.ownership.records import ClusterWrite, Record, StateWritten, Violation
from tests.chaos.ownership.stale_statuses import STALE, longest_stale
from tests.chaos.ownership.tenures import Tenures
from tests.chaos.records import Measure

TAKEN_OVER = timedelta(seconds=2)  # beyond the time to live of a claim
CLAIMS = "design.md section 5"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run, or of many."""

    runs: int = 0
    seconds: float = 0.0  # of the runs' own time
    handovers: int = 0
    writes: int = 0  # to Kubernetes, each under a claim
    records: int = 0  # to etcd, each under a fence
    late: int = 0  # writes that were sent under a claim and carried out after its end
    longest_stale: float = 0.0  # seconds
    takeovers: tuple[float, ...] = ()  # seconds from the death of a holder to the next claim
    violations: tuple[Violation, ...] = ()
    differences: tuple[str, ...] = ()  # of end states

    def __add__(self, other: Figures) -> Figures:
        """Return the figures of both."""
        return Figures(
            runs=self.runs + other.runs,
            seconds=self.seconds + other.seconds,
            handovers=self.handovers + other.handovers,
            writes=self.writes + other.writes,
            records=self.records + other.records,
            late=self.late + other.late,
            longest_stale=max(self.longest_stale, other.longest_stale),
            takeovers=self.takeovers + other.takeovers,
            violations=self.violations + other.violations,
            differences=self.differences + other.differences,
        )

    def held(self) -> str:
        """Return what held, as one line of counts."""
        overlaps = sum(each.rule == "overlap" for each in self.violations)
        broken = sum(each.rule != STALE for each in self.violations)  # how long statuses were stale is a measure
        return (
            f"{self.handovers} hand-overs, {overlaps} overlaps; {self.writes} writes to Kubernetes and {self.records} "
            f"to etcd, {broken} against a rule; {self.late} carried out after their claim's end; "
            f"{len(self.differences)} end states differ"
        )

    def measures(self, ttl: timedelta) -> tuple[Measure, ...]:
        """Return the times: take-overs, where any was measured, and how long a status was of an older generation."""
        longest_stale = timedelta(seconds=self.longest_stale)
        stale = Measure("status of an older generation, longest", longest_stale, timedelta(seconds=1), "P-22")
        if not self.takeovers:
            return (stale,)
        median, longest = (timedelta(seconds=of(self.takeovers)) for of in (statistics.median, max))
        return (
            Measure("holder dead to claimed again, median", median),
            Measure("holder dead to claimed again, longest", longest, ttl + TAKEN_OVER, CLAIMS),
            stale,
        )


def figures_of(records: Sequence[Record], ttl: timedelta, rules: Rules = Rules()) -> Figures:  # noqa: B008  # frozen
    """Return what one history shows."""
    tenures = Tenures.of(records)
    stale = longest_stale(records, tenures, rules.patience)
    return Figures(
        runs=1,
        seconds=max((each.at for each in records), default=0.0) - min((each.at for each in records), default=0.0),
        handovers=tenures.handovers,
        writes=sum(isinstance(each, ClusterWrite) for each in records),
        records=sum(isinstance(each, StateWritten) for each in records),
        late=len(late_writes(records, rules)),
        longest_stale=max((seconds for seconds, _ in stale.values()), default=0.0),
        takeovers=tuple(tenures.takeovers(records, ttl)),
        violations=tuple(violations(records, rules)),
    )


def total(some: Iterable[Figures]) -> Figures:
    """Return the figures of many runs."""
    return sum(some, Figures())
