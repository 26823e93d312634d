"""Kubernetes Events: in the background, aggregated, and never in anybody's way."""

from __future__ import annotations

import asyncio

import pytest

from services.reconciler.handlers import events
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.status.notes import Note
from shared.core.errors import ForbiddenError
from shared.core.json import Manifest, integer
from shared.core.resources import EVENTS
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Refuse

pytestmark = pytest.mark.asyncio

GRAPH = {
    "apiVersion": "nvidia.com/v1alpha1",
    "kind": "DynamoGraphDeployment",
    "metadata": {"name": "chat", "namespace": "default", "uid": "u"},
}


def a_note(reason: str = "Created") -> Note:
    """Return something worth telling."""
    return Note("Normal", reason, f"{reason} it")


async def written(recorder: EventRecorder, cluster: FakeCluster) -> tuple[Manifest, ...]:
    """Let the recorder write, and return what exists."""
    clock = cluster.clock
    assert isinstance(clock, FakeClock)
    task = asyncio.ensure_future(recorder.run())
    await clock.settle()
    task.cancel()
    return cluster.all(EVENTS)


async def test_what_is_said_again_raises_the_count() -> None:
    cluster = FakeCluster()
    recorder = EventRecorder(cluster, cluster.clock)

    for _ in range(3):
        recorder.record(a_note(), GRAPH)
    recorder.record(a_note("Updated"), GRAPH)

    assert sorted(integer(each, "count") for each in await written(recorder, cluster)) == [1, 3]


async def test_an_event_that_is_refused_stops_nothing() -> None:
    cluster = FakeCluster()
    recorder = EventRecorder(cluster, cluster.clock)
    faults = [Refuse(ForbiddenError("no right"))]
    cluster.intercept = lambda request: faults.pop() if faults else None

    recorder.record(a_note(), GRAPH)
    recorder.record(a_note("Updated"), GRAPH)

    assert len(await written(recorder, cluster)) == 1


async def test_when_too_many_wait_the_oldest_is_dropped() -> None:
    cluster = FakeCluster()
    recorder = EventRecorder(cluster, cluster.clock)

    for number in range(events.QUEUE_LIMIT + 5):
        recorder.record(a_note(f"Reason{number}"), GRAPH)

    assert len(recorder._queue) == events.QUEUE_LIMIT
    assert recorder._queue[0]["reason"] == "Reason5"


async def test_what_was_said_long_ago_is_forgotten() -> None:
    cluster = FakeCluster()
    recorder = EventRecorder(cluster, cluster.clock)

    for number in range(events.REMEMBERED + 1):
        recorder.record(a_note(f"Reason{number}"), GRAPH)

    assert len(recorder._seen) == events.REMEMBERED
