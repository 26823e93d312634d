"""What the dashboard of the control plane shows: rows that each answer a question, from top to bottom.

Separate from the program that writes Grafana's JSON, because this is what changes; a test compares every expression
with the metrics and labels of the code.
"""

from __future__ import annotations

from dataclasses import dataclass

_CHOSEN = 'platform_service=~"$service"'


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and how its series are called."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What one panel shows."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"


@dataclass(frozen=True, slots=True)
class Row:
    """One question, and the panels that answer it."""

    title: str
    panels: tuple[Panel, ...]


def _quantiles(metric: str, *by: str) -> tuple[Query, ...]:
    labels, legend = ", ".join((*by, "le")), " ".join(f"{{{{{label}}}}}" for label in by)
    rate = f"sum by ({labels}) (rate({metric}_bucket{{{_CHOSEN}}}[$__rate_interval]))"
    return tuple(Query(f"histogram_quantile({q}, {rate})", f"{legend} p{q * 100:g}") for q in (0.5, 0.99))


def _by_service(expression: str, aggregate: str = "sum") -> tuple[Query, ...]:
    return (Query(f"{aggregate} by (platform_service) ({expression}{{{_CHOSEN}}})", "{{platform_service}}"),)


def _rate(metric: str, *by: str) -> tuple[Query, ...]:
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    return (Query(f"sum by ({', '.join(by)}) (rate({metric}{{{_CHOSEN}}}[$__rate_interval]))", legend),)


ROWS: tuple[Row, ...] = (
    Row(
        "Is it alive",
        (
            Panel(
                "Ready",
                "1 while every replica of a service is ready; `/readyz` says what one waits for.",
                _by_service("dynamo_operator_readiness_status", "min"),
                kind="stat",
            ),
            Panel(
                "Partitions without an owner",
                "Anything above 0 for longer than a take-over means that edits wait.",
                (
                    Query(
                        f"max by (platform_service) (dynamo_operator_partitions_count{{{_CHOSEN}}}) - "
                        f"sum by (platform_service) (dynamo_operator_partitions_owned_count{{{_CHOSEN}}})",
                        "{{platform_service}}",
                    ),
                ),
                kind="stat",
            ),
            Panel(
                "Objects given up",
                "Objects whose dead letter no later pass has made up for.",
                _by_service("dynamo_operator_given_up_primaries"),
                kind="stat",
            ),
            Panel(
                "Silence of the API server",
                "Time since a watch brought anything, a bookmark at least. Minutes are a dead watch.",
                (
                    Query(
                        "time() - max by (resource) (dynamo_operator_watch_progress_timestamp_seconds)", "{{resource}}"
                    ),
                ),
                "s",
            ),
            Panel(
                "Certificates end in",
                "Renewed months before; two weeks are an alert.",
                (Query("min by (kind) (dynamo_operator_certificate_expiry_seconds)", "{{kind}}"),),
                "s",
                "stat",
            ),
        ),
    ),
    Row(
        "Where does the time go",
        (
            Panel(
                "Passes",
                "Passes a second by outcome. `waits` asks for something on purpose; `retry` and `rejected` met errors.",
                _rate("dynamo_operator_reconcile_total", "platform_service", "outcome"),
                "ops",
            ),
            Panel(
                "Time of a pass",
                "From its start to its outcome, with all requests in it.",
                _quantiles("dynamo_operator_reconcile_duration_seconds", "platform_service"),
                "s",
            ),
            Panel(
                "Requests to the API server",
                "By verb: at rest there is none but the watches.",
                _rate("dynamo_operator_cluster_requests_total", "platform_service", "verb"),
                "reqps",
            ),
            Panel(
                "Time of a request to the API server",
                "By verb and resource: one slow resource is often an admission webhook.",
                _quantiles("dynamo_operator_cluster_request_seconds", "verb", "resource"),
                "s",
            ),
            Panel(
                "Time of an admission",
                "What a user waits at `kubectl apply`.",
                _quantiles("dynamo_operator_webhook_duration_seconds", "resource"),
                "s",
            ),
            Panel(
                "Admissions",
                "Reviews a second by result.",
                _rate("dynamo_operator_webhook_requests_total", "result"),
                "reqps",
            ),
        ),
    ),
    Row(
        "Lag: from the change to the view",
        (
            Panel(
                "Change observed to stored",
                "The watcher's part of the way: parse, summarise, publish, acknowledgement.",
                tuple(
                    Query(
                        f"histogram_quantile({q}, "
                        "sum by (le) (rate(dynamo_operator_watcher_store_seconds_bucket[$__rate_interval])))",
                        f"p{q * 100:g}",
                    )
                    for q in (0.5, 0.99)
                ),
                "s",
            ),
            Panel(
                "Stored to seen",
                "From the log to the view of the partition's owner.",
                _quantiles("dynamo_operator_event_lag_seconds", "platform_service"),
                "s",
            ),
            Panel(
                "Events",
                "Change events stored a second by resource.",
                (
                    Query(
                        "sum by (resource) (rate(dynamo_operator_watcher_published_total[$__rate_interval]))",
                        "{{resource}}",
                    ),
                ),
                "ops",
            ),
            Panel(
                "Lists, broken watches, repeated publishes",
                "Steps here are outages: of the API server, or of NATS.",
                (
                    Query("sum by (resource) (increase(dynamo_operator_watcher_lists_total[5m]))", "list {{resource}}"),
                    Query(
                        "sum by (resource, reason) (increase(dynamo_operator_watch_restarts_total[5m]))",
                        "watch {{resource}} {{reason}}",
                    ),
                    Query("sum(increase(dynamo_operator_watcher_publish_retries_total[5m]))", "publish sent again"),
                    Query("sum(increase(dynamo_operator_watcher_guard_conflicts_total[5m]))", "guard refused"),
                ),
            ),
        ),
    ),
    Row(
        "Queues and views",
        (
            Panel("Queue", "Objects that wait for a pass.", _by_service("dynamo_operator_queued_primaries")),
            Panel(
                "Longest wait",
                "Of the oldest object in any queue.",
                _by_service("dynamo_operator_oldest_queued_seconds", "max"),
                "s",
            ),
            Panel(
                "Longest pass",
                "Of the passes that run now; minutes are a hang.",
                _by_service("dynamo_operator_oldest_pass_seconds", "max"),
                "s",
            ),
            Panel("Objects in views", "What the owners know.", _by_service("dynamo_operator_view_entries")),
        ),
    ),
    Row(
        "Claims",
        (
            Panel(
                "Owned and wanted",
                "What each replica owns, and what it should own; they differ during a hand-over only.",
                (
                    Query(f"dynamo_operator_partitions_owned_count{{{_CHOSEN}}}", "{{platform_service}} owns"),
                    Query(f"dynamo_operator_partitions_wanted_count{{{_CHOSEN}}}", "{{platform_service}} should own"),
                ),
            ),
            Panel(
                "Views that are not complete",
                "No pass runs in these partitions.",
                _by_service("dynamo_operator_views_incomplete_count"),
            ),
            Panel(
                "Age of the GPU capacity",
                "Beyond 15 minutes verdicts about what fits are unknown.",
                (Query("max by (fact) (dynamo_operator_inventory_age_seconds)", "{{fact}}"),),
                "s",
            ),
        ),
    ),
    Row(
        "Dead letters and history",
        (
            Panel(
                "Dead letters",
                "Letters written in five minutes.",
                (
                    Query(
                        f"sum by (platform_service) (increase(dynamo_operator_dead_letters_total{{{_CHOSEN}}}[5m]))",
                        "{{platform_service}}",
                    ),
                ),
            ),
            Panel(
                "Events that nobody could read",
                "A newer version's, or damaged ones.",
                (
                    Query(
                        "sum by (platform_service) "
                        f"(increase(dynamo_operator_events_unreadable_total{{{_CHOSEN}}}[5m]))",
                        "{{platform_service}}",
                    ),
                ),
            ),
            Panel(
                "Decisions lost",
                "History that was dropped because NATS was away for long or refused it.",
                (
                    Query(
                        "sum by (platform_service, reason) "
                        f"(increase(dynamo_operator_decisions_dropped_total{{{_CHOSEN}}}[5m]))",
                        "{{platform_service}} {{reason}}",
                    ),
                ),
            ),
        ),
    ),
    Row(
        "Stores",
        (
            Panel(
                "Time of a request to NATS",
                "Publishes, and everything else of JetStream.",
                _quantiles("dynamo_operator_bus_request_seconds", "platform_service", "operation"),
                "s",
            ),
            Panel(
                "Time of a call to etcd",
                "A keepalive that nears its time to live moves partitions for no reason.",
                _quantiles("dynamo_operator_store_request_seconds", "platform_service", "operation"),
                "s",
            ),
            Panel(
                "Size of the streams",
                "As their leaders say.",
                (Query("max by (stream) (dynamo_operator_stream_storage_bytes)", "{{stream}}"),),
                "bytes",
            ),
            Panel(
                "Errors of the NATS client",
                "Refused permissions and broken connections, by kind.",
                _rate("dynamo_operator_bus_errors_total", "platform_service", "kind"),
                "ops",
            ),
        ),
    ),
)
