"""What becomes of a key when its reconcile function returns, fails, or meets nonsense."""

import asyncio
from collections.abc import Callable

import pytest

from lab.simulator.client.caches import Key
from lab.simulator.client.errors import ApiError, UnreachableError
from lab.simulator.work.workers import Controller
from shared.testing.eventually import eventually

A, B = ("team", "a"), ("team", "b")

pytestmark = pytest.mark.asyncio


async def run_until(controller: Controller, is_so: Callable[[], bool]) -> None:
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(controller.run())
        await eventually(is_so)
        worker.cancel()


@pytest.mark.parametrize("error", [ApiError(409, "Conflict", "changed"), UnreachableError("refused")])
async def test_a_request_that_failed_is_tried_again(error: Exception) -> None:
    tried: list[Key] = []

    async def reconcile(key: Key) -> None:
        tried.append(key)
        if len(tried) == 1:
            raise error

    controller = Controller("test", reconcile)
    controller.queue.add(A)

    await run_until(controller, lambda: len(tried) == 2)

    assert tried == [A, A]


async def test_a_key_is_looked_at_again_when_its_function_asks_for_it() -> None:
    tried: list[Key] = []

    async def reconcile(key: Key) -> float | None:
        tried.append(key)
        return 0.001 if len(tried) == 1 else None

    controller = Controller("test", reconcile)
    controller.queue.add(A)

    await run_until(controller, lambda: len(tried) == 2)

    assert tried == [A, A]


async def test_an_object_that_makes_no_sense_stops_no_other() -> None:
    tried: list[Key] = []

    async def reconcile(key: Key) -> None:
        tried.append(key)
        if key == A:
            raise KeyError("spec")

    controller = Controller("test", reconcile, workers=1)
    controller.queue.add(A)
    controller.queue.add(B)

    await run_until(controller, lambda: len(tried) == 2)

    assert tried == [A, B]
