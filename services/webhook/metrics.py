"""Metrics of the webhook."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SERVICE = "webhook"  # the value of label platform_service

REQUESTS = Counter(
    "dynamo_operator_webhook_requests_total",
    "Admission requests by resource, operation and result (allowed, denied, malformed, error).",
    ["platform_service", "resource", "operation", "result"],
)
DURATION = Histogram(
    "dynamo_operator_webhook_duration_seconds",
    "Time from the first byte of an admission request to its answer.",
    ["platform_service", "resource"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10),
)
CERTIFICATE_EXPIRY = Gauge(
    "dynamo_operator_certificate_expiry_seconds",
    "Time until a certificate ends, by kind (ca, serving).",
    ["platform_service", "kind"],
)
REGISTRATIONS = Counter(
    "dynamo_operator_webhook_registrations_total",
    "Times the webhook configuration had to be given our address or bundle.",
    ["platform_service"],
)
DECISIONS_FORGOTTEN = Counter(
    "dynamo_operator_webhook_decisions_forgotten_total",
    "Decisions that were dropped because the bus had not been reached yet.",
    ["platform_service"],
)
