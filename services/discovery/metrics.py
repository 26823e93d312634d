"""Metrics of the discovery room."""

from __future__ import annotations

from prometheus_client import Counter

FACTS_WRITTEN = Counter("dynamo_operator_discovery_facts_written_total", "Changes of a fact in etcd.", ["fact"])
