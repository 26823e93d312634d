"""Running one scenario under many seeds: a fixed set in every test run, a thousand or more in a drill.

`DYNAMO_TEST_SEEDS` sets how many and `DYNAMO_TEST_FIRST_SEED` where to begin, so that a failure is repeated alone, in
this process and with its logs. Many seeds are shared out over the machine's cores. A drill records each row with the
number of its seeds.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import traceback
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import structlog

from tests.chaos.records import Drill, record

Scenario = Callable[[Sequence[int]], Awaitable[None]]

IS_LONG = os.environ.get("DYNAMO_CHAOS") == "long"
FIRST = int(os.environ.get("DYNAMO_TEST_FIRST_SEED", "0"))
SHORT, LONG = 100, 1000  # of a scenario that takes some milliseconds
FEW = 10
CHUNK = 20


def count_of(short: int = SHORT, long: int = LONG) -> int:
    """Return how many seeds a run has time for."""
    asked = os.environ.get("DYNAMO_TEST_SEEDS")
    return int(asked) if asked else long if IS_LONG else short


def run_seeds(
    scenario: Scenario, *, row: str = "", at_once: int = 1, short: int = SHORT, long: int = LONG, held: str = ""
) -> int:
    """Run a scenario (a function of a module) under every seed, some of them in one simulation; return how many.

    `short` is how many an ordinary run has time for, `long` how many a drill has. With a `row`, a drill records it.
    """
    seeds = range(FIRST, FIRST + count_of(short, long))
    if len(seeds) <= FEW:
        asyncio.run(_run(scenario, seeds, at_once))
    else:
        chunks = _parts(seeds, CHUNK)
        results = _pool().map(_run_quietly, [scenario] * len(chunks), chunks, [at_once] * len(chunks))
        failures = [failure for failure in results if failure]
        assert not failures, failures[0]
    if row and IS_LONG:
        record_seeds(row, len(seeds), held)
    return len(seeds)


def record_seeds(row: str, count: int, held: str = "") -> None:
    """Record under how many seeds a test passed on fakes.

    It says what the test's name says: what the row asks for may be more, such as more graphs or a real time.
    """
    sentence = os.environ["PYTEST_CURRENT_TEST"].rpartition("::test_")[2].partition(" ")[0].replace("_", " ")
    record(Drill(row, sentence, held=held, runs=count, on="fakes"))


@cache
def _pool() -> ProcessPoolExecutor:
    # Started once for all tests: a fresh process imports for a second. It ends with its parent.
    return ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn"), initializer=_prepare)


def _prepare() -> None:
    gc.set_threshold(50_000, 20, 50)  # a run is over before its garbage matters
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _run_quietly(scenario: Scenario, seeds: Sequence[int], at_once: int) -> str:
    """Return the traceback of the first failure, or an empty text."""
    gc.collect()
    gc.freeze()  # what is imported is no garbage, and looking through it again is a third of the time
    try:
        asyncio.run(_run(scenario, seeds, at_once))
    except BaseException:  # a value for the other process; what it is matters to nobody but the reader
        return traceback.format_exc()
    return ""


async def _run(scenario: Scenario, seeds: Sequence[int], at_once: int) -> None:
    for some in _parts(seeds, at_once):
        try:
            await scenario(some)
        except BaseException as error:
            error.add_note(f"repeat it with DYNAMO_TEST_FIRST_SEED={some[0]} DYNAMO_TEST_SEEDS={len(some)}")
            raise


def _parts(seeds: Sequence[int], size: int) -> list[Sequence[int]]:
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]
