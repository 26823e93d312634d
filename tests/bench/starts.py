"""From starting a service's process until it says that it is ready, one service after the other on a running stack."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from lab.launcher.bringup import SERVICES, is_ready
from lab.launcher.stacks import stop_process
from tests.bench.machine import cost
from tests.bench.stages import Stage

STOP_DEADLINE = timedelta(seconds=12)
LIMIT, LOOK_EVERY = 60.0, 0.01


async def start(stage: Stage) -> dict[str, float]:
    """Stop and start each service; its seconds to ready, and how much CPU of them."""
    found: dict[str, float] = {}
    for service in SERVICES:
        seconds, cpu = await asyncio.to_thread(_start, stage, service)
        found |= {f"start_{service}_s": seconds, f"start_{service}_cpu_s": cpu}
    found["start_slowest_s"] = max(found[f"start_{service}_s"] for service in SERVICES)
    return found


def _start(stage: Stage, service: str) -> tuple[float, float]:
    former = stage.stack.process(service)
    assert former is not None
    stop_process(former, STOP_DEADLINE)
    began = time.monotonic()
    stack = stage.bringup.restart(service)
    process = stack.process(service)
    assert process is not None
    while not is_ready(process.health_url)[0]:
        if time.monotonic() - began > LIMIT:
            raise TimeoutError(f"{service} is not ready {LIMIT:g} s after its start: {is_ready(process.health_url)[1]}")
        time.sleep(LOOK_EVERY)
    return time.monotonic() - began, cost(process.pid).cpu_seconds
