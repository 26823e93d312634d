"""Each row of the failure model on real processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.chaos.failures import outages
from tests.chaos.failures.conftest import Ground
from tests.chaos.failures.drills import Outage, drill

SECONDS = timedelta(seconds=3)
AT_ONCE = timedelta()


@pytest.mark.parametrize(
    ("outage", "lasts"),
    [
        pytest.param(outages.WATCHER, SECONDS, id="watcher"),
        pytest.param(outages.ONE_RECONCILER, SECONDS, id="one-reconciler"),
        pytest.param(outages.ALL_RECONCILERS, SECONDS, id="all-reconcilers"),
        pytest.param(outages.RBAC, SECONDS, id="rbac"),
        pytest.param(outages.DISCOVERY, SECONDS, id="discovery"),
        pytest.param(outages.ALL_WEBHOOKS, SECONDS, id="all-webhooks"),
        pytest.param(outages.ASLEEP, SECONDS, id="asleep"),
        pytest.param(outages.NATS_KILLED, AT_ONCE, id="nats-killed"),
        pytest.param(outages.NATS_WIPED, SECONDS, id="nats-wiped"),
        pytest.param(outages.ETCD_KILLED, AT_ONCE, id="etcd-killed"),
        pytest.param(outages.ETCD_WIPED, SECONDS, id="etcd-wiped"),
        pytest.param(outages.BOTH_WIPED, SECONDS, id="both-wiped"),
        pytest.param(outages.API_STOPPED, SECONDS, id="api-stopped"),
        pytest.param(outages.API_HANGS, SECONDS, id="api-hangs"),
    ],
)
def test_an_outage(ground: Ground, request: pytest.FixtureRequest, outage: Outage, lasts: timedelta) -> None:
    namespace = request.node.callspec.id

    finding = asyncio.run(drill(ground.stack, outage, lasts=lasts, namespace=namespace, expected=ground.expected))

    assert finding.problems == []
