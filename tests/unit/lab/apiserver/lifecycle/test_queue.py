"""An entry stands in a queue once."""

import asyncio

import pytest

from lab.apiserver.lifecycle.queue import WorkQueue


@pytest.mark.asyncio
async def test_entries_come_once_and_in_order() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("b")
    queue.add("a")

    assert [await queue.next(), await queue.next()] == ["a", "b"]
    assert queue.drain() == []


@pytest.mark.asyncio
async def test_who_waits_gets_what_is_added_later() -> None:
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.ensure_future(queue.next())
    await asyncio.sleep(0)

    queue.add("a")

    assert await asyncio.wait_for(waiting, timeout=1) == "a"
