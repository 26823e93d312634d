"""Outages of five minutes, on several stacks side by side: nothing is asked of the machine while they last.

Each stack begins when it is ready, so that they end one after the other and none slows down the return of the next. A
suspended machine would set CLOCK_BOOTTIME forward with the monotonic clock standing still, which no process can do to
another: stopped processes see both clocks go on, and their leases end while they cannot renew them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos.failures import outages
from tests.chaos.failures.drills import Finding, drill
from tests.chaos.failures.grounds import DEFAULT_TTL, kept_stack, make_ground
from tests.chaos.seeds import IS_LONG

NAMESPACE, SERVING = "for-minutes", 10
LASTS = timedelta(minutes=5)
TAKEN_OVER = DEFAULT_TTL + timedelta(seconds=2)
OUTAGES = (
    {
        "asleep": replace(outages.ASLEEP, bar=TAKEN_OVER, whole=TAKEN_OVER),
        "nats": outages.NATS_AWAY,
        "etcd": replace(outages.ETCD_AWAY, bar=TAKEN_OVER),
        "api-stopped": outages.api_stopped(),
        "api-hangs": outages.API_HANGS,
        "watcher": outages.WATCHER,
    }
    if IS_LONG
    else {}
)


@pytest.fixture(scope="module")
def findings(home: Path) -> Iterator[Mapping[str, Future[Finding]]]:
    """The drills, all of them under way."""
    with ExitStack() as stacks, ThreadPoolExecutor(max_workers=len(OUTAGES)) as pool:
        found = {}
        for name, outage in OUTAGES.items():
            stack = stacks.enter_context(kept_stack(f"long-{name}", claim_ttl=DEFAULT_TTL))
            ground = make_ground(stack, [NAMESPACE], serving=SERVING)
            found[name] = pool.submit(asyncio.run, drill(ground, outage, lasts=LASTS, namespace=NAMESPACE))
        yield found


@pytest.mark.parametrize("name", OUTAGES)
def test_five_minutes_leave_no_trace(findings: Mapping[str, Future[Finding]], name: str) -> None:
    finding = findings[name].result(timeout=LASTS.total_seconds() + 300)

    assert "\n".join(finding.problems) == ""
