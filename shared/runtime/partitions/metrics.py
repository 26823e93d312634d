"""Metrics of the partition loop; the names of objects never are label values."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from shared.runtime.metrics import SERVICE

PASSES = Counter(
    "dynamo_operator_passes_total", "Passes by resource of the primary and outcome.", [SERVICE, "resource", "outcome"]
)
PASS_SECONDS = Histogram(
    "dynamo_operator_pass_seconds",
    "Time of one pass.",
    [SERVICE, "resource"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RETRIES = Counter("dynamo_operator_retries_total", "Passes that are tried again later.", [SERVICE, "resource"])
QUEUE_DEPTH = Gauge("dynamo_operator_queue_depth", "Primaries that wait for a pass.", [SERVICE, "partition"])
VIEW_ENTRIES = Gauge("dynamo_operator_view_entries", "Objects in the partition views.", [SERVICE, "partition"])
EVENT_LAG_SECONDS = Histogram(
    "dynamo_operator_event_lag_seconds",
    "Time from an event's storing in the log to its arrival in a complete view.",
    [SERVICE],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
CLAIMS_HELD = Gauge("dynamo_operator_claims_held", "Partitions that this replica owns.", [SERVICE])
VIEWS_INCOMPLETE = Gauge("dynamo_operator_views_incomplete", "Owned partitions whose view is not complete.", [SERVICE])
EVENTS_UNREADABLE = Counter("dynamo_operator_events_unreadable_total", "Events that could not be parsed.", [SERVICE])
