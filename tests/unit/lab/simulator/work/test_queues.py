"""Which key is worked on next."""

import asyncio

import pytest

from lab.simulator.work.queues import WorkQueue

A, B = ("team", "a"), ("team", "b")


@pytest.mark.asyncio
async def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue = WorkQueue()
    queue.add(A)
    queue.add(A)
    queue.add(B)

    assert [await queue.take(), await queue.take()] == [A, B]


@pytest.mark.asyncio
async def test_a_key_that_is_added_while_it_is_worked_on_is_worked_on_again() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.take()

    queue.add(A)
    queue.done(A)

    assert await asyncio.wait_for(queue.take(), 1) == A


@pytest.mark.asyncio
async def test_a_key_is_never_given_to_two_workers() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.take()
    queue.add(A)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.take(), 0.01)


@pytest.mark.asyncio
async def test_the_earlier_of_two_moments_counts() -> None:
    queue = WorkQueue()
    queue.add_after(A, 0.005)
    queue.add_after(A, 60)
    queue.add_after(B, 60)
    queue.add_after(B, 0.005)

    assert {await asyncio.wait_for(queue.take(), 1), await asyncio.wait_for(queue.take(), 1)} == {A, B}


@pytest.mark.asyncio
async def test_a_failed_key_comes_back_after_a_pause() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.take()

    queue.retry(A)
    queue.done(A)

    assert await asyncio.wait_for(queue.take(), 1) == A
