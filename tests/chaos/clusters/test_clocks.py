"""The time of day jumps by hours, forward and back, while graphs roll out: the end is that of a run without.

On fakes, where the time of day can be set apart from the time that passes; a machine's own clock needs its
administrator. What the services measure (claims, back-off, sweeps) is the time that passes; the time of day is only
told, in events and conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import simulated
from tests.chaos.stories import Story, stories_of, tell, undisturbed

SHORT, LONG = 10, 40
TOGETHER = 5
HOURS = 30.0  # more than the day after which a tombstone may go


async def jumping_clock(seeds: Sequence[int]) -> None:
    calm = await undisturbed(len(seeds), replicas=2)
    async with simulated(seeds[0]) as run:
        run.watcher()
        run.reconciler("one")
        run.reconciler("two")
        await run.advance(20.0)
        settled = claims_in(run.store.pairs())

        async def course(story: Story) -> None:
            story.create()
            for replicas in (3, 1, 2):
                await story.sleep(0.0, 5.0)
                run.clock.jump(timedelta(hours=story.dice.uniform(-HOURS, HOURS)))
                await story.sleep(0.0, 5.0)
                story.scale(replicas)

        await tell(run, stories_of(run, seeds), course)
        await run.converge()

        assert run.essence() == calm
        assert claims_in(run.store.pairs()) == settled


def claims_in(pairs: dict[str, bytes]) -> dict[str, bytes]:
    """Return who holds what."""
    return {key: value for key, value in pairs.items() if "/claims/" in key}


def test_a_clock_that_jumps_changes_no_object_and_no_owner() -> None:
    held = f"set by up to {HOURS:g} h, three times for each graph: same objects, same owners"
    run_seeds(jumping_clock, row="clock", at_once=TOGETHER, short=SHORT, long=LONG, held=held)
