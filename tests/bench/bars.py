"""What is to be reached: each row of the table with the reference's own figure, the bar and the moonshot.

Separate from measuring and from the page. Pure. Invariant: a row names the case and the value that decide it, so that
nothing else can be meant by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.figures import Record

Value = Callable[[Record], float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what decides it, and what others and we want of it."""

    measure: str
    value: Value
    unit: str
    reference: float | None
    bar: float
    moonshot: float | None = None
    is_more_better: bool = False

    def verdict(self, found: float) -> str:
        """Return in words whether the bar and the moonshot are met, or by how much not."""
        if self.moonshot is not None and self._meets(found, self.moonshot):
            return "moonshot met" if self.moonshot != self.bar else "met"
        if self._meets(found, self.bar):
            return "met"
        if not self.bar:
            return f"not met: {found:g} instead of 0"
        share = self.bar / found if self.is_more_better else found / self.bar
        return f"not met: {share:.2f} times the bar" if not self.is_more_better else f"not met: {found / self.bar:.0%}"

    def _meets(self, found: float, wanted: float) -> bool:
        return found >= wanted if self.is_more_better else found <= wanted


def of(case: str, value: str) -> Value:
    """Return how one measured value is found in a record."""

    def find(record: Record) -> float | None:
        figures = record.case(case)
        return figures.values.get(value) if figures is not None else None

    return find


def memory_of_largest_service(record: Record) -> float | None:
    """Return the resident memory of the largest of our services with 300 graphs."""
    figures = record.case("300:5")
    sizes = [
        size
        for process, size in (figures.memory_mib.items() if figures is not None else ())
        if process in ("watcher", "reconciler", "rbac", "discovery", "webhook")
    ]
    return max(sizes, default=None)


def speed_of_three(record: Record) -> float | None:
    """Return how much faster three reconcilers are than one, to the last `successful`."""
    one, three = of("300:5", "successful_s")(record), of("300:5:3", "successful_s")(record)
    return one / three if one and three else None


CLAIM_TTL = 10.0
BARS = (
    Bar("300 graphs, 5 ms: all children", of("300:5", "children_s"), "s", 50.3, 17, 10),
    Bar("300 graphs, 5 ms: all `successful`", of("300:5", "successful_s"), "s", 58.5, 19.5, 10),
    Bar("300 graphs, 0 ms: all children", of("300:0", "children_s"), "s", 10.6, 12, 7),
    Bar("300 graphs, 0 ms: all `successful`", of("300:0", "successful_s"), "s", 25.9, 14, 8.6),
    Bar("100 graphs, 5 ms: all `successful`", of("100:5", "successful_s"), "s", 19.7, 6.6, 4),
    Bar("1,000 graphs of 5 components, 5 ms", of("1000x5:5", "successful_s"), "s", 330, 100, 60),
    Bar("requests per graph", of("300:5", "requests_per_graph"), "", 83, 28, 22),
    Bar("one edit, 300 graphs, 0 ms, p50", of("300:0", "edit_p50_ms"), "ms", 14.7, 25, 12),
    Bar("one edit, 300 graphs, 0 ms, p99", of("300:0", "edit_p99_ms"), "ms", 28, 50, 25),
    Bar("one edit, 300 graphs, 5 ms, p50", of("300:5", "edit_p50_ms"), "ms", 35.6, 40, 30),
    Bar("one edit, 300 graphs, 5 ms, p99", of("300:5", "edit_p99_ms"), "ms", 50.6, 70, 45),
    Bar("observed to stored, 100 changes/s, p99", of("300:5", "stored_at_100_p99_ms"), "ms", None, 10, 5),
    Bar("at rest, 300 graphs, 20 s: requests", of("300:5", "rest_requests"), "", 0, 0, 0),
    Bar("at rest: change events", of("300:5", "rest_events"), "", None, 0, 0),
    Bar("at rest: etcd revisions", of("300:5", "rest_revisions"), "", None, 0, 0),
    Bar("reconciler killed and started: edit visible", of("300:5", "restart_visible_s"), "s", 2.6, CLAIM_TTL + 2),
    Bar("reconciler killed and started: requests", of("300:5", "restart_requests"), "", 6000, 400),
    Bar("owner killed, others alive: edit visible", of("300:5:3", "take_over_s"), "s", None, CLAIM_TTL + 2, CLAIM_TTL),
    Bar("memory of the largest service, 300 graphs", memory_of_largest_service, "MiB", 120, 150, 120),
    Bar("lab server: apply of a 3 kB Deployment", of("lab-server", "apply_new_ms"), "ms", None, 0.9, 0.6),
    Bar("start to ready, slowest service", of("0:0", "start_slowest_s"), "s", 0.5, 2, 1),
    Bar("three reconcilers against one, 5 ms", speed_of_three, "times", None, 2, 2.8, is_more_better=True),
    Bar("admission, 25 services, 50 requests/s, p99", of("0:0", "admission_p99_ms"), "ms", None, 50, 10),
    Bar("rendering three components, p99", of("rendering", "render_3_p99_ms"), "ms", None, 3),
    Bar("rendering 25 services, p99", of("rendering", "render_25_p99_ms"), "ms", None, 25),
)
