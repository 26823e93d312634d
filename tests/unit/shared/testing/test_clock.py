"""The driven clock."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


def seconds(number: float) -> timedelta:
    """Return a time span."""
    return timedelta(seconds=number)


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, woken = FakeClock(), list[tuple[str, float]]()

    async def sleeper(name: str, delay: float) -> None:
        await clock.sleep(seconds(delay))
        woken.append((name, clock.elapsed()))

    async with asyncio.TaskGroup() as tasks:
        for name, delay in (("late", 3), ("early", 1), ("same", 3)):
            tasks.create_task(sleeper(name, delay))
        await clock.advance(seconds(10))

    assert woken == [("early", 1), ("late", 3), ("same", 3)]
    assert clock.elapsed() == 10


async def test_a_sleep_that_follows_a_sleep_is_woken_on_the_way() -> None:
    clock, woken = FakeClock(), list[float]()

    async def ticker() -> None:
        for _ in range(3):
            await clock.sleep(seconds(1))
            woken.append(clock.elapsed())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ticker())
        await clock.advance(seconds(2.5))
        assert woken == [1, 2]
        await clock.advance(seconds(1))

    assert woken == [1, 2, 3]


async def test_the_time_of_day_moves_with_the_clock() -> None:
    clock = FakeClock()
    before = clock.now()

    await clock.advance(seconds(90))

    assert clock.now() - before == seconds(90)


async def test_a_suspended_machine_ages_but_its_sleeps_do_not() -> None:
    clock, happened = FakeClock(), list[str]()
    clock.call_at(20, lambda: happened.append("server"))

    async def sleeper() -> None:
        await clock.sleep(seconds(10))
        happened.append("client")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper())
        await clock.settle()
        await clock.suspend(seconds(300))
        assert (clock.elapsed(), happened) == (300, ["server"])
        await clock.advance(seconds(10))

    assert happened == ["server", "client"]


async def test_runs_until_a_condition_holds_and_no_further() -> None:
    clock, woken = FakeClock(), list[int]()

    async def ticker() -> None:
        while True:
            await clock.sleep(seconds(7))
            woken.append(1)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ticker())
        await clock.run_until(lambda: len(woken) == 3)
        task.cancel()

    assert clock.elapsed() == 21


async def test_waiting_for_what_never_comes_ends_at_once() -> None:
    with pytest.raises(TimeoutError):
        await FakeClock().run_until(lambda: False)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(clock.sleep(seconds(5)))
        await clock.settle()
        task.cancel()

    with pytest.raises(TimeoutError):
        await clock.run_until(lambda: False)
