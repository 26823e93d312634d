"""`python -m tests.chaos.scale`: run ten thousand graphs on fakes, and write the figures of docs/sizing.md."""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

import structlog

from shared.contracts.keys import PARTITIONS
from shared.contracts.streams import CHANGES
from tests.bench.machine import description
from tests.chaos.scale.course import Course
from tests.chaos.scale.log_server import weigh
from tests.chaos.scale.page import figures, with_figures
from tests.chaos.scale.populations import a_template
from tests.chaos.simulation import simulated

PAGE = Path("docs/sizing.md")


async def main(graphs: int) -> str:
    """Run the course and return its figures."""
    template = await a_template()
    async with simulated(0, partitions=PARTITIONS) as run:
        course = Course(run, template, graphs)
        await course.everything()
        messages = run.bus.messages(CHANGES)
    return figures(course, description(), await weigh(messages))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=10_000)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    text = asyncio.run(main(arguments.graphs))
    arguments.page.write_text(with_figures(arguments.page.read_text(encoding="utf-8"), text), encoding="utf-8")
