"""Metrics of the watcher."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED = Counter(
    "dynamo_operator_watcher_published_total",
    "Change events stored in the log.",
    ["resource", "type"],
)
GUARD_CONFLICTS = Counter(
    "dynamo_operator_watcher_guard_conflicts_total",
    "Publishes refused because the subject held another message than expected.",
)
PUBLISH_RETRIES = Counter(
    "dynamo_operator_watcher_publish_retries_total",
    "Publishes sent again because no answer came.",
)
PROGRESS = Gauge(
    "dynamo_operator_watch_progress_timestamp_seconds",
    "When the API server last said anything of a kind, a bookmark at least; now while it does not serve the kind.",
    ["resource"],
)
STREAM_BYTES = Gauge("dynamo_operator_stream_storage_bytes", "What a stream takes, as its leader says.", ["stream"])
STREAM_LIMIT_BYTES = Gauge(
    "dynamo_operator_stream_storage_limit_bytes",
    "What all streams together may take; no series where nothing limits it.",
    ["account"],
)
LISTS = Counter("dynamo_operator_watcher_lists_total", "Complete lists read from the API server.", ["resource"])
SYNCED = Gauge("dynamo_operator_watcher_synced_count", "1 when a resource is complete in the log.", ["resource"])
STORE_SECONDS = Histogram(
    "dynamo_operator_watcher_store_seconds",
    "Time from observing a change to its event being stored.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0),
)
