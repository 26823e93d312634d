"""Times of passes are read from the reconcilers' metrics."""

from __future__ import annotations

import pytest

from tests.bench.passes import times_of

LABELS = 'outcome="done",platform_service="reconciler",resource="dynamographdeployments"'
NAME = "dynamo_operator_reconcile_duration_seconds"


def lines(count: int, slow: int) -> list[str]:
    """Return a histogram of so many passes of 2 ms, of which some took 20 ms."""
    return [
        f"# TYPE {NAME} histogram",
        f'{NAME}_bucket{{le="0.0025",{LABELS}}} {count - slow}',
        f'{NAME}_bucket{{le="0.025",{LABELS}}} {count}',
        f'{NAME}_bucket{{le="+Inf",{LABELS}}} {count}',
        f"{NAME}_count{{{LABELS}}} {count}",
        f"{NAME}_sum{{{LABELS}}} {(count - slow) * 0.002 + slow * 0.02}",
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(lines(100, 0), {"mean": 2.0, "p99_bucket": 2.5}, id="all fast"),
        pytest.param(lines(100, 2), {"mean": 2.36, "p99_bucket": 25.0}, id="two slow ones of a hundred"),
        pytest.param(lines(100, 0) + lines(100, 4), {"mean": 2.36, "p99_bucket": 25.0}, id="two replicas"),
        pytest.param([*lines(100, 0)[:1], "up 1"], {}, id="none yet"),
    ],
)
def test_mean_and_p99_of_graph_passes(found: list[str], expected: dict[str, float]) -> None:
    assert times_of(found) == {f"pass_graph_{name}_ms": pytest.approx(value) for name, value in expected.items()}
