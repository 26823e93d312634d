"""What happens while nothing happens: requests, change events, and revisions in etcd (a heartbeat makes none)."""

from __future__ import annotations

import asyncio

from cli.lab import request_counts
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.streams import CHANGES
from tests.bench.machine import costs
from tests.bench.rollouts import calls_of_ours
from tests.bench.stages import Stage

BEFORE, SECONDS = 12.0, 20.0  # until everything has settled; of the measured silence


async def rest(stage: Stage) -> dict[str, float]:
    """Count what our services do in 20 s without a change."""
    await asyncio.sleep(BEFORE)
    async with stage.target.bus() as bus, stage.target.store() as store:
        requests = calls_of_ours(request_counts(stage.stack))
        events = (await bus.state(CHANGES)).last_sequence
        facts = EtcdKeys(stage.stack.name).facts
        revision = (await store.list(facts)).revision
        spent = costs(stage.stack)
        await asyncio.sleep(SECONDS)
        busy = sum(cost.cpu_seconds - spent[name].cpu_seconds for name, cost in costs(stage.stack).items())
        return {
            "rest_requests": float((calls_of_ours(request_counts(stage.stack)) - requests).total()),
            "rest_events": float((await bus.state(CHANGES)).last_sequence - events),
            "rest_revisions": float((await store.list(facts)).revision - revision),
            "rest_cpu_percent": busy / SECONDS * 100,
        }
