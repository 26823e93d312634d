"""Waiting for a ring or a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.runtime.partitions.bell import Alarm, Bell, finish_or_cancel
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell(FakeClock())
    bell.ring()

    await bell.wait()
    bell.ring()
    await bell.wait(5.0)


async def test_a_time_that_has_passed_is_no_wait() -> None:
    await Bell(FakeClock()).wait(-1.0)


async def test_waits_until_it_rings_or_its_time_comes() -> None:
    clock = FakeClock()
    bell = Bell(clock)
    woken: list[float] = []

    async def wait_twice() -> None:
        for _ in range(2):
            await bell.wait(10.0)
            woken.append(clock.elapsed())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait_twice())
        await clock.advance(timedelta(seconds=3))
        bell.ring()
        await clock.advance(timedelta(seconds=20))

    assert woken == [3.0, 13.0]


async def test_an_alarm_rings_at_the_soonest_time_and_again_at_the_next() -> None:
    clock = FakeClock()
    bell = Bell(clock)
    woken: list[float] = []

    async def wait_twice(alarm: Alarm) -> None:
        alarm.set(None)
        alarm.set(10.0)
        alarm.set(4.0)
        alarm.set(7.0)
        await bell.wait()
        woken.append(clock.elapsed())
        alarm.set(9.0)
        await bell.wait()
        woken.append(clock.elapsed())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait_twice(Alarm(bell, clock, tasks)))
        await clock.advance(timedelta(seconds=20))

    assert woken == [4.0, 9.0]


async def test_a_stopped_alarm_is_silent() -> None:
    clock = FakeClock()
    bell = Bell(clock)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(bell.wait())
        alarm = Alarm(bell, clock, tasks)
        alarm.set(4.0)
        alarm.stop()
        await clock.advance(timedelta(seconds=20))
        is_silent = not waiting.done()
        waiting.cancel()

    assert is_silent


async def test_tasks_that_take_too_long_are_cancelled() -> None:
    clock = FakeClock()
    async with asyncio.TaskGroup() as tasks:
        short = tasks.create_task(clock.sleep(timedelta(seconds=1)))
        long = tasks.create_task(clock.sleep(timedelta(seconds=60)))
        waiting = tasks.create_task(finish_or_cancel(clock, [short, long], timedelta(seconds=5)))
        await clock.advance(timedelta(seconds=6))

        assert waiting.done()

    assert not short.cancelled()
    assert long.cancelled()


async def test_no_tasks_are_finished_at_once() -> None:
    await finish_or_cancel(FakeClock(), [], timedelta(seconds=5))
