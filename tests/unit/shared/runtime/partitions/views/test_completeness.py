"""When a view is complete."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.contracts.markers import SyncedMarker
from shared.core.resources import DEPLOYMENTS, GRAPHS
from shared.runtime.partitions.views.completeness import Markers, Progress

THEN = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 1, 2, tzinfo=UTC)
READS = frozenset({GRAPHS, DEPLOYMENTS})


def test_nothing_is_known_before_the_consumer_is_open() -> None:
    assert not Progress(goal=0).is_drained


def test_an_empty_partition_is_drained_at_once_but_proves_nothing() -> None:
    progress = Progress(goal=7)

    progress.opened(0)

    assert progress.is_drained
    assert not progress.is_past_goal


def test_is_past_its_goal_when_nothing_waits_behind_the_goal() -> None:
    progress = Progress(goal=7)
    progress.opened(2)

    progress.delivered(8, 1)
    before = progress.is_past_goal
    progress.delivered(9, 0)
    progress.delivered(8, 1)

    assert not before
    assert progress.is_past_goal


def test_every_resource_needs_a_marker() -> None:
    markers = Markers(READS, NOW)

    markers.take(GRAPHS, SyncedMarker("a.0", NOW, 5))

    assert markers.missing == [DEPLOYMENTS]


def test_a_marker_of_another_stream_says_nothing() -> None:
    markers = Markers({GRAPHS}, NOW)

    markers.take(GRAPHS, SyncedMarker("a.0", THEN, 5))

    assert markers.missing == [GRAPHS]


def test_markers_of_one_epoch_are_current() -> None:
    markers = Markers(READS, NOW)

    for resource in READS:
        markers.take(resource, SyncedMarker("a.0", NOW, 5))

    assert markers.missing == []
    assert markers.epoch == "a.0"


def test_no_marker_is_current_while_they_disagree_about_the_epoch() -> None:
    markers = Markers(READS, NOW)

    markers.take(GRAPHS, SyncedMarker("a.1", NOW, 5))
    markers.take(DEPLOYMENTS, SyncedMarker("a.0", NOW, 5))

    assert markers.missing == sorted(READS)
    assert markers.epoch == ""
