"""Owners that are killed, stopped, told to end and cut off during edits: one writer at a time, and the newest edit.

The short form runs seeds in which some two hundred hand-overs happen; `make drill` runs thousands and records them.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context

import pytest
import structlog

from tests.chaos.ownership.figures import Figures, figures_of, total
from tests.chaos.ownership.replicas import observed
from tests.chaos.ownership.upheavals import Course, Weather
from tests.chaos.records import Drill, record
from tests.chaos.seeds import IS_LONG, run_seeds
from tests.chaos.stack.differences import differences
from tests.chaos.stories import undisturbed

ROUNDS = 5  # of upheavals in one run
SHORT = 80
LONG = range(10_000, 10_500)
CHUNK = 50
TTL = timedelta(seconds=10)


async def course(seed: int) -> tuple[Figures, list[str]]:
    """Play one seed, and return what was found and what happened."""
    dice = random.Random(seed)
    weather = Weather(dice)
    async with observed(seed, weather.cluster_delay) as scene:
        played = Course(scene, weather, dice)
        await played.play(ROUNDS)
        found = scene.run.essence()
        calm = await undisturbed(1, played.services, replicas=played.replicas)
        figures = figures_of(scene.diary.records, TTL)
    return replace(figures, differences=tuple(differences(found, calm)[:3])), played.told


async def handovers(seeds: Sequence[int]) -> None:
    for seed in seeds:
        figures, told = await course(seed)

        assert not figures.violations, "\n".join([*told, *map(str, figures.violations)])
        assert not figures.differences, "\n".join([*told, *figures.differences])


@pytest.mark.rule("P-22")
def test_whatever_happens_to_owners_one_writes_at_a_time_and_the_newest_edit_is_carried_out() -> None:
    run_seeds(handovers, short=SHORT)


def play_quietly(seeds: Sequence[int]) -> Figures:
    """Return the figures of some seeds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return total(asyncio.run(course(seed))[0] for seed in seeds)


@pytest.mark.rule("P-22")
@pytest.mark.skipif(not IS_LONG, reason="the short form is above")
def test_thousands_of_handovers_are_recorded() -> None:
    chunks = [LONG[start : start + CHUNK] for start in range(0, len(LONG), CHUNK)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        figures = total(pool.map(play_quietly, chunks))

    for row in ("hand-overs", "P-22"):
        record(
            Drill(
                row=row,
                stopped="owners: killed, stopped for 1 to 30 s, told to end, cut off; leases ended; etcd away, slow",
                held=figures.held(),
                whole=figures.measures(TTL),
                runs=figures.runs,
                on="fakes",
            )
        )
    assert (figures.violations, figures.differences) == ((), ())
