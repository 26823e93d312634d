"""Metrics of the reconciler."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

EVENTS_DROPPED = Counter(
    "dynamo_operator_reconciler_events_dropped_total",
    "Kubernetes Events that were not written.",
)
RENDER_SECONDS = Histogram(
    "dynamo_operator_reconciler_render_seconds",
    "Time to render the children of one primary.",
    ["kind"],
    buckets=(0.0005, 0.001, 0.003, 0.01, 0.025, 0.1, 0.5),
)
FACTS_WRITTEN = Counter("dynamo_operator_reconciler_facts_written_total", "Changes of a fact in etcd.", ["fact"])
