"""Runs one case in a process of its own, and writes the figures after each measure.

`python -m tests.bench.worker CASE FILE`. Separate from the run, so that a case that fails or hangs costs its own
figures only, and no case measures in a process that an earlier one has filled.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from lab.launcher.bringup import Bringup
from shared.runtime.logs import configure
from tests.bench.admissions import admission
from tests.bench.deaths import restart, take_over
from tests.bench.edits import edits, edits_at_10, edits_at_100
from tests.bench.figures import Figures, Record, write_record
from tests.bench.lab_server import lab_server
from tests.bench.machine import description
from tests.bench.plans import ALONE, Case, case
from tests.bench.renderings import render
from tests.bench.rests import rest
from tests.bench.rollouts import roll_out
from tests.bench.stages import Stage, running, stage
from tests.bench.starts import start

MEASURES: Mapping[str, Callable[[Stage], Awaitable[dict[str, float]]]] = {
    "edits": edits,
    "load-10": edits_at_10,
    "load-100": edits_at_100,
    "rest": rest,
    "restart": restart,
    "take-over": take_over,
    "start": start,
    "admission": admission,
}
STACKLESS: Mapping[str, Callable[[], Figures]] = {"lab-server": lab_server, "rendering": render}


def main(arguments: list[str]) -> None:
    """Measure one case."""
    name, file = arguments
    configure(service="bench", level="warning")
    if name in ALONE:
        _write(Path(file), STACKLESS[name]())
        return
    chosen = case(name)
    with running(chosen) as bringup:
        asyncio.run(_measure(chosen, bringup, Path(file)))


async def _measure(chosen: Case, bringup: Bringup, file: Path) -> None:
    async with stage(chosen, bringup) as opened:
        figures = await roll_out(opened)
        _write(file, figures)
        for name in chosen.measures:
            print(f"  {name} ...", file=sys.stderr, flush=True)
            figures = replace(figures, values={**figures.values, **await MEASURES[name](opened)})
            _write(file, figures)


def _write(file: Path, figures: Figures) -> None:
    write_record(file, Record(description(), (figures,)))


if __name__ == "__main__":
    main(sys.argv[1:])
