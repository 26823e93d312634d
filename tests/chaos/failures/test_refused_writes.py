"""The API server refuses all writes of many graphs: they back off, and an edit after its return does not wait for them.

The long form has 300 graphs and two minutes; each graph has been edited, so that each has writes that are refused.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest

from shared.core.resources import GRAPHS, Ref
from tests.chaos.failures.edits import Editor
from tests.chaos.failures.grounds import SERVING, Ground, asked
from tests.chaos.failures.observers import Observer, observing
from tests.chaos.failures.refusals import accept, refuse
from tests.chaos.records import Drill, Measure, record
from tests.chaos.seeds import IS_LONG
from tests.e2e.graphs import edit_replicas, names
from tests.e2e.stacks import LiveStack

COUNT = 300
LASTS = timedelta(minutes=2)
AT_ONCE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)  # of a pass that is tried again

pytestmark = pytest.mark.skipif(not IS_LONG, reason="a form for make drill")


@dataclass(frozen=True, slots=True)
class Refused:
    """What came of it."""

    edit: timedelta  # of the graph that was edited after the return
    last: timedelta  # until the last of the others followed
    requests: int  # of ours while writes were refused


async def refused(stack: LiveStack) -> Refused:
    """Edit all graphs but one while writes are refused, and the one when they are accepted again."""
    spared, *others = names(COUNT)
    async with observing(stack) as observer:
        await refuse(observer.cluster)
        before = asked(stack)
        for name in others:
            await edit_replicas(observer.cluster, Ref(GRAPHS, SERVING, name), "Decode", 2)
        felt = observer.leave_alone("nobody")
        await observer.calm(LASTS, felt)
        requests = asked(stack) - before
        await accept(observer.cluster)
        returned = time.monotonic()
        edit = await Editor(observer, SERVING).edit(spared)
        last = await observer.until(lambda: _all_follow(observer, others), within=LONGEST_PAUSE, goal="all followed")
    return Refused(timedelta(seconds=edit), timedelta(seconds=last - returned), requests)


def _all_follow(observer: Observer, others: list[str]) -> bool:
    return all(
        observer.is_successful(Ref(GRAPHS, SERVING, name)) and observer.replicas(SERVING, name) == 2 for name in others
    )


@pytest.mark.rule("P-14")
def test_an_edit_does_not_wait_for_those_that_were_refused(crowd: Ground) -> None:
    found = asyncio.run(refused(crowd.stack))

    drill = Drill(
        row="P-14",
        stopped=f"every write for {COUNT - 1} edited graphs: refused",
        outage=LASTS,
        edits=(Measure("one edit after the return", found.edit, AT_ONCE, "P-14"),),
        whole=(Measure("all others successful", found.last, LONGEST_PAUSE, "longest pause of a pass"),),
        held=f"{found.requests / COUNT:.1f} requests for each graph meanwhile",
    )
    assert record(drill).missed == ()
