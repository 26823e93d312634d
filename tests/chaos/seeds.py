"""Running one scenario under many seeds: a fixed set in every test run, thousands in a drill.

`DYNAMO_TEST_SEEDS` sets how many and `DYNAMO_TEST_FIRST_SEED` where to begin, so that a failure is repeated alone, in
this process and with its logs. Many seeds are shared out over the machine's cores.
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

Scenario = Callable[[Sequence[int]], Awaitable[None]]

COUNT = int(os.environ.get("DYNAMO_TEST_SEEDS", "500"))
IS_LONG = "DYNAMO_TEST_SEEDS" in os.environ or os.environ.get("DYNAMO_CHAOS") == "long"
FIRST = int(os.environ.get("DYNAMO_TEST_FIRST_SEED", "0"))
FEW = 10
CHUNK = 25


def run_seeds(scenario: Scenario, *, at_once: int = 1, short: int = COUNT) -> int:
    """Run a scenario (a function of a module) under every seed, some of them in one simulation; return how many.

    `short` is how many an ordinary run has time for; `DYNAMO_CHAOS=long`, or a number of seeds, asks for all.
    """
    seeds = range(FIRST, FIRST + (COUNT if IS_LONG else min(COUNT, short)))
    if len(seeds) <= FEW:
        asyncio.run(_run(scenario, seeds, at_once))
        return len(seeds)
    chunks = _parts(seeds, CHUNK)
    results = _pool().map(_run_quietly, [scenario] * len(chunks), chunks, [at_once] * len(chunks))
    failures = [failure for failure in results if failure]
    assert not failures, failures[0]
    return len(seeds)


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
