"""The metric objects that all services share: `dynamo_operator_<noun>_<unit>[_total]`, labelled with the service.

One module, so that two services can never count the same thing under two names. No label ever holds the name,
namespace or uid of an object: the number of series stays bounded by what the platform consists of.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SERVICE = "platform_service"

READY = Gauge(
    "dynamo_operator_readiness_status", "Whether the service is ready (1) or waits for something (0).", [SERVICE]
)
CLUSTER_REQUESTS = Counter(
    "dynamo_operator_cluster_requests_total",
    "Requests to the Kubernetes API by verb, resource and answer.",
    [SERVICE, "verb", "resource", "code"],
)
CLUSTER_REQUEST_SECONDS = Histogram(
    "dynamo_operator_cluster_request_seconds",
    "Time from sending a request to the Kubernetes API to its whole answer.",
    [SERVICE, "verb", "resource"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
WATCH_RESTARTS = Counter(
    "dynamo_operator_watch_restarts_total",
    "Watches that ended and were opened again, by resource and reason.",
    [SERVICE, "resource", "reason"],
)
DECISIONS_PUBLISHED = Counter(
    "dynamo_operator_decisions_published_total", "Decisions stored in the decision log.", [SERVICE]
)
DECISIONS_DROPPED = Counter(
    "dynamo_operator_decisions_dropped_total",
    "Decisions that never reached the decision log: the queue was full or the bus refused them.",
    [SERVICE, "reason"],
)
DEAD_LETTERS = Counter("dynamo_operator_dead_letters_total", "Primaries given up until something changes.", [SERVICE])
_ROUND_TRIPS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
BUS_SECONDS = Histogram(
    "dynamo_operator_bus_request_seconds",
    "Time of a request to NATS with all its repetitions: `publish`, or `api` for everything else of JetStream.",
    [SERVICE, "operation"],
    buckets=_ROUND_TRIPS,
)
STORE_SECONDS = Histogram(
    "dynamo_operator_store_request_seconds", "Time of a call to etcd.", [SERVICE, "operation"], buckets=_ROUND_TRIPS
)
BUS_ERRORS = Counter("dynamo_operator_bus_errors_total", "Errors that the NATS client reported.", [SERVICE, "kind"])
