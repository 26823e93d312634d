"""Many graphs: nothing is asked at rest, in a sweep or at a take-over, and memory grows by a known amount for each.

The short form has few graphs and bounds on bytes and requests, which do not depend on the machine; the long form has
one thousand. `python -m tests.chaos.scale` runs ten thousand and writes docs/sizing.md.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.runtime.partitions.claims.replicas import ClaimOptions
from tests.chaos.records import Drill, Measure, record
from tests.chaos.scale.course import Course
from tests.chaos.scale.populations import a_template
from tests.chaos.seeds import IS_LONG
from tests.chaos.simulation import simulated

GRAPHS, PARTITIONS = (1_000, 32) if IS_LONG else (40, 2)
VIEW_BYTES = 45_000  # of a graph with three components and pods, 15 entries
TAKE_OVER = ClaimOptions().ttl + timedelta(seconds=2)


@pytest.mark.rule("P-24")
def test_many_graphs_cost_little_memory_and_no_request_at_rest() -> None:
    course = asyncio.run(_course())

    assert course.states == {"successful": GRAPHS}
    for name in ("rest of 4 min", "sweep", "watcher: restart", "watcher: comparison with the log"):
        notes = course.phases[name].notes
        assert (notes["reads"], notes["writes"], notes["events"]) == (0, 0, 0), name
        assert notes.get("etcd commit", 0) == 0, name
    assert course.phases["watcher: first start"].notes["lists"] > 0
    assert course.phases["watcher: restart"].notes["lists"] == 0
    assert course.phases["reconciler: start without inventories"].notes["events"] == 0
    _check_take_over(course)
    assert course.sizes["reconciler view"] < VIEW_BYTES * GRAPHS
    assert course.sizes["reconciler queues"] < 2_000 * GRAPHS


def _check_take_over(course: Course) -> None:
    notes = course.phases["kill, take-over and one edit"].notes
    drill = record(
        Drill(
            row="P-24",
            stopped=f"the reconciler of {GRAPHS:,} graphs, kill -9",
            serving=f"{notes['reads']:.0f} reads and {notes['writes']:.0f} writes, all of the one edited graph",
            whole=(
                Measure(
                    "kill to all views complete, on the driven clock",
                    timedelta(seconds=notes["seconds until all views"]),
                    TAKE_OVER,
                    "design.md section 5",
                ),
            ),
            held=f"{course.sizes['reconciler view'] / GRAPHS / 1024:.1f} KiB of view for each graph",
            on="fakes",
        )
    )
    assert not drill.missed
    assert "edit carried after" in notes
    assert notes["reads"] <= 2
    assert notes["writes"] <= 6  # component, Deployment, and the statuses of both and of the graph


async def _course() -> Course:
    template = await a_template()
    async with simulated(0, partitions=PARTITIONS) as run:
        course = Course(run, template, GRAPHS)
        await course.everything()
    return course
