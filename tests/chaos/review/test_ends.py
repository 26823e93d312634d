"""Processes that are told to end at the worst moment."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.simulation import simulated

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("turns", range(6))
async def test_a_replica_that_is_cancelled_as_its_store_is_wiped_ends(turns: int) -> None:
    async with simulated(1) as run:
        replica = run.reconciler()
        await run.advance(15.0)
        run.store.wipe()
        for _ in range(turns):
            await asyncio.sleep(0)
        replica.kill()
        await run.advance(15.0)
        has_ended = not replica.is_running
        replica.kill()  # for a replica that missed the first one

        assert has_ended
