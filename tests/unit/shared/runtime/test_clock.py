"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, timedelta

import pytest

from shared.ports.clock import Clock
from shared.runtime.clock import SystemClock


def test_the_time_of_day_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_elapsed_time_never_steps_back() -> None:
    clock: Clock = SystemClock()
    readings = [clock.elapsed() for _ in range(100)]

    assert readings == sorted(readings)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no CLOCK_BOOTTIME")
def test_elapsed_time_counts_a_suspended_machine() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= SystemClock().elapsed() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.asyncio
async def test_a_sleep_takes_its_time() -> None:
    clock = SystemClock()
    before = clock.elapsed()

    await clock.sleep(timedelta(milliseconds=5))

    assert clock.elapsed() - before >= 0.005
