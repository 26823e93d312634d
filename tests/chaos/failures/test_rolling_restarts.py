"""Three reconcilers are restarted one after the other while somebody edits: no edit waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import cycle

import pytest

from shared.assembly.connections import CLOCK
from shared.testing.eventually import eventually
from tests.chaos.failures.edits import Editor
from tests.chaos.failures.grounds import SERVING, Ground, prepare
from tests.chaos.failures.observers import observing
from tests.chaos.failures.outages import RECONCILERS
from tests.chaos.records import Drill, Measure, record
from tests.chaos.seeds import IS_LONG
from tests.chaos.stack.owners import PARTITIONS, claims
from tests.e2e.graphs import names
from tests.e2e.stacks import LiveStack

NAMESPACE = SERVING
PACE = timedelta(milliseconds=100)  # 10 edits/s
WORST = timedelta(seconds=1)
PATIENCE = timedelta(seconds=30)
EDITED = 30  # graphs, each edited every three seconds

pytestmark = pytest.mark.skipif(not IS_LONG, reason="a form for make drill")


async def is_shared(stack: LiveStack) -> bool:
    """Say whether all three reconcilers have partitions, and together all of them."""
    shares = Counter((await claims(stack, "reconciler")).values())
    return len(shares) == len(RECONCILERS) and sum(shares.values()) == PARTITIONS


async def restart_in_turn(stack: LiveStack) -> None:
    """Restart each reconciler in order, the next one when the partitions are shared again."""
    for name in RECONCILERS:
        await asyncio.to_thread(stack.bringup.stop, name)
        await asyncio.to_thread(stack.bringup.restart, name)
        await eventually(partial(is_shared, stack), within=PATIENCE, every=timedelta(milliseconds=200))


async def edit_meanwhile(stack: LiveStack, count: int) -> Editor:
    """Edit graphs in turn, ten times a second, while the reconcilers are restarted."""
    async with observing(stack) as observer, asyncio.TaskGroup() as tasks:
        editor = Editor(observer, NAMESPACE)
        restarting = tasks.create_task(restart_in_turn(stack))
        for name in cycle(names(count)):
            if restarting.done():
                break
            tasks.create_task(editor.edit(name))
            await CLOCK.sleep(PACE)
    return editor


@pytest.mark.rule("P-15")
def test_no_edit_waits_for_a_restart(ground: Ground) -> None:
    asyncio.run(prepare(ground.stack, [], EDITED))

    editor = asyncio.run(edit_meanwhile(ground.stack, EDITED))

    drill = Drill(
        row="P-15",
        stopped="three reconcilers in turn: SIGTERM and started again, 10 edits/s",
        edits=(Measure("worst edit", editor.worst, WORST, "P-15"),),
        held=f"{len(editor.took)} edits, median {sorted(editor.took)[len(editor.took) // 2] * 1000:.0f} ms",
    )
    assert record(drill).missed == ()
