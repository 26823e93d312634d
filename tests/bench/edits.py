"""One edit after the other, until its Deployment carries it: alone, and while other graphs change all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.contracts.streams import CHANGES
from tests.bench.breakdowns import Carried, breakdown
from tests.bench.events import change_timings
from tests.bench.percentiles import both
from tests.bench.stages import Stage

EDITS = 100
PAUSE = 0.05  # seconds between two edits
LIMIT = 30.0  # seconds that one edit may take


async def edits(stage: Stage) -> dict[str, float]:
    """Edit a quiet system; also say where the time went."""
    async with stage.target.bus() as bus:
        began = (await bus.state(CHANGES)).last_sequence
    carried = await edit_some(stage)
    found = both("edit", (each.seconds for each in carried))
    return found | await breakdown(stage, carried, after=began)


async def edits_at_10(stage: Stage) -> dict[str, float]:
    """Edit while 10 changes a second happen to other graphs."""
    return await _under_load(stage, 10)


async def edits_at_100(stage: Stage) -> dict[str, float]:
    """Edit while 100 changes a second happen to other graphs."""
    return await _under_load(stage, 100)


async def edit_some(stage: Stage) -> list[Carried]:
    """Make edits one by one and return when each was sent and carried out."""
    found: list[Carried] = []
    for _ in range(EDITS):
        sent = time.time()
        edit = await stage.edit()
        found.append(Carried(edit, sent, await edit.carried.wait(LIMIT)))
        await asyncio.sleep(PAUSE)
    return found


async def _under_load(stage: Stage, rate: int) -> dict[str, float]:
    async with stage.target.bus() as bus:
        began = (await bus.state(CHANGES)).last_sequence
    async with _load(stage, rate) as load:
        await asyncio.sleep(1)  # until the load is a steady one
        carried = await edit_some(stage)
        reached = load.rate
    stored = [each for each in await change_timings(stage.target, after=began) if each.plural == _LOADED]
    return {
        **both(f"edit_at_{rate}", (each.seconds for each in carried)),
        **both(f"stored_at_{rate}", (each.stored - each.observed for each in stored)),
        f"load_{rate}_per_s": reached,
    }


_LOADED = "dynamographdeployments"


@dataclass(slots=True)
class _Load:
    began: float
    done: int = 0

    @property
    def rate(self) -> float:
        return self.done / (time.monotonic() - self.began)


@asynccontextmanager
async def _load(stage: Stage, rate: int) -> AsyncIterator[_Load]:
    """Change other graphs so many times a second, whether or not earlier changes were answered."""
    load = _Load(time.monotonic())

    async def touch(number: int) -> None:
        await stage.touch(number, f"{rate}-{number}")
        load.done += 1

    async def drive() -> None:
        async with asyncio.TaskGroup() as tasks:
            number = 0
            while True:
                due = int((time.monotonic() - load.began) * rate)
                for each in range(number, due):
                    tasks.create_task(touch(each))
                number = max(number, due)
                await asyncio.sleep(1 / rate)

    async with asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(drive())
        yield load
        driving.cancel()
