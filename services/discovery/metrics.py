"""Metrics of the discovery room."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

FACTS_WRITTEN = Counter("dynamo_operator_discovery_facts_written_total", "Changes of a fact in etcd.", ["fact"])
INVENTORY_AGE_SECONDS = Gauge(
    "dynamo_operator_inventory_age_seconds",
    "For how long the GPU capacity was not kept up to date; shown by the replica that writes it.",
    ["fact"],
)
