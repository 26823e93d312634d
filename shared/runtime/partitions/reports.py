"""What is told of each pass: one log line with everything bound to it, and the metrics."""

from __future__ import annotations

from functools import cache

import structlog
from prometheus_client import Counter, Histogram

from shared.core.outcomes import Done, Retry
from shared.ports.passes import Work
from shared.runtime.partitions import metrics
from shared.runtime.partitions.verdicts import Verdict

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def report_pass(service: str, work: Work, verdict: Verdict, *, outcome: str, seconds: float) -> None:
    """Count and log one pass; what nobody has to look at is no warning, and that all is well as before is no news."""
    resource = work.primary.resource
    # A pass that waits on purpose comes again by itself: whoever watches errors must not see it as one.
    passes, duration = _counters(service, resource.plural, "waits" if _is_asking(verdict) else outcome)
    passes.inc()
    duration.observe(seconds)
    quiet = log.debug if _is_routine(work, verdict) else log.info
    tell = log.error if verdict.error else quiet if _is_quiet(verdict) else log.warning
    tell(
        "pass finished",
        kind=resource.kind,
        namespace=work.primary.namespace,
        name=work.primary.name,
        outcome=outcome,
        reason="" if isinstance(verdict.outcome, Done) else verdict.outcome.reason,
        trigger=work.trigger,
        attempt=work.attempt,
        partition=work.fence.claim.rpartition("/")[2],
        fence=work.fence.token,
        correlation=work.correlation,
        cause=work.cause,
        duration_ms=round(seconds * 1000, 1),
        exc_info=verdict.error,
    )


@cache
def _counters(service: str, resource: str, outcome: str) -> tuple[Counter, Histogram]:
    labels = (service, resource, outcome)
    return metrics.RECONCILES.labels(*labels), metrics.RECONCILE_SECONDS.labels(*labels)


def _is_routine(work: Work, verdict: Verdict) -> bool:
    # Ten thousand graphs make forty thousand of these in each interval of the sweep; a repair is a decision and told.
    return work.trigger == "sweep" and work.attempt == 1 and isinstance(verdict.outcome, Done)


def _is_quiet(verdict: Verdict) -> bool:
    return isinstance(verdict.outcome, Done) or verdict.is_silent or _is_asking(verdict)


def _is_asking(verdict: Verdict) -> bool:
    return isinstance(verdict.outcome, Retry) and verdict.outcome.after is not None
