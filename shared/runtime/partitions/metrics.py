"""Metrics of the partition loop; the names of objects never are label values.

What describes a state (a queue, a view) is read from it when somebody asks for the metrics, and costs nothing per
event. Its series end with the claim, so that a partition that moved is never shown by two replicas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from shared.runtime.metrics import SERVICE

_PARTITION = (SERVICE, "partition")

RECONCILES = Counter(
    "dynamo_operator_reconcile_total",
    "Passes by resource of the primary and outcome (done, waits, retry, rejected).",
    [SERVICE, "resource", "outcome"],
)
RECONCILE_SECONDS = Histogram(
    "dynamo_operator_reconcile_duration_seconds",
    "Time of one pass, by resource of the primary and outcome.",
    [SERVICE, "resource", "outcome"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUEUED = Gauge("dynamo_operator_queued_primaries", "Primaries that wait for a pass.", _PARTITION)
OLDEST_QUEUED_SECONDS = Gauge(
    "dynamo_operator_oldest_queued_seconds",
    "For how long the oldest primary in the queue waits.",
    _PARTITION,
)
OLDEST_PASS_SECONDS = Gauge(
    "dynamo_operator_oldest_pass_seconds", "For how long the oldest pass has been running.", _PARTITION
)
GIVEN_UP = Gauge(
    "dynamo_operator_given_up_primaries", "Primaries with a dead letter that no later pass has made up for.", _PARTITION
)
VIEW_ENTRIES = Gauge("dynamo_operator_view_entries", "Objects in the partition views.", _PARTITION)
EVENT_LAG_SECONDS = Histogram(
    "dynamo_operator_event_lag_seconds",
    "Time from an event's storing in the log to its arrival in a complete view.",
    [SERVICE],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
OWNED = Gauge("dynamo_operator_partitions_owned_count", "Partitions that this replica owns.", [SERVICE])
WANTED = Gauge("dynamo_operator_partitions_wanted_count", "Partitions that this replica should own.", [SERVICE])
TOTAL = Gauge("dynamo_operator_partitions_count", "Partitions that the replicas of a service own together.", [SERVICE])
VIEWS_INCOMPLETE = Gauge(
    "dynamo_operator_views_incomplete_count", "Owned partitions whose view is not complete.", [SERVICE]
)
EVENTS_UNREADABLE = Counter("dynamo_operator_events_unreadable_total", "Events that could not be parsed.", [SERVICE])

Readings = Mapping[Gauge, Callable[[], float]]


@contextmanager
def partition_gauges(service: str, partition: int, readings: Readings) -> Iterator[None]:
    """Show the readings of one partition while the block runs; they are called in the thread that serves metrics."""
    labels = (service, str(partition))
    for gauge, read in readings.items():
        gauge.labels(*labels).set_function(read)
    try:
        yield
    finally:
        for gauge in readings:
            gauge.remove(*labels)
