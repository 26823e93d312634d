"""Each part of a stack is killed with -9 while graphs roll out: the end is that of a run in which nothing happened.

The short form rolls out 8 graphs, `make drill` 30 (DYNAMO_CHAOS=long). The webhook is registered with the failure
policy Fail: while it is away graphs are refused, and whoever applies tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from shared.contracts.streams import DEAD_LETTERS
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS
from shared.ports.cluster import Selection
from shared.testing.eventually import eventually
from tests.chaos.records import Drill, Measure, record
from tests.chaos.seeds import IS_LONG
from tests.chaos.stack.differences import differences
from tests.chaos.stack.outcomes import outcome
from tests.e2e.graphs import apply_graphs, wait_until_successful
from tests.e2e.stacks import LiveStack, stored_messages

GRAPHS = 30 if IS_LONG else 8
VICTIMS = {  # each with its row
    "watcher": "watcher",
    "reconciler": "all reconcilers",
    "rbac": "rbac",
    "discovery": "discovery",
    "webhook": "all webhooks",
    "nats": "P-27",
    "etcd": "etcd killed",
}
SAME = "same final objects as undisturbed"
PATIENCE = timedelta(seconds=60)


@asynccontextmanager
async def rolling_out(stack: LiveStack, namespace: str) -> AsyncIterator[None]:
    """Roll graphs out; the block runs when the first component is there, and the context ends with the last graph."""
    async with asyncio.TaskGroup() as tasks, stack.target.cluster() as cluster:
        tasks.create_task(apply_graphs(stack, namespace, GRAPHS))

        async def has_begun() -> bool:
            return bool((await cluster.list(COMPONENTS, Selection(namespace=namespace))).items)

        await eventually(has_begun, within=PATIENCE)
        yield
    await wait_until_successful(stack, namespace, GRAPHS, within=PATIENCE)


async def undisturbed(stack: LiveStack) -> dict[str, Manifest]:
    async with rolling_out(stack, "calm"):
        pass
    return await outcome(stack, "calm")


async def disturbed(
    stack: LiveStack, victim: str, expected: dict[str, Manifest]
) -> tuple[dict[str, Manifest], timedelta]:
    """Return the objects at the end, and the time from the kill until all graphs were successful."""
    namespace = f"without-{victim}"
    async with rolling_out(stack, namespace):
        killed = time.monotonic()
        stack.crash(victim)
        stack.restart(victim)
    took = timedelta(seconds=time.monotonic() - killed)

    async def is_as_expected() -> bool:
        return await outcome(stack, namespace) == expected

    with suppress(TimeoutError):  # then the caller shows the difference
        await eventually(is_as_expected, within=timedelta(seconds=10))
    return await outcome(stack, namespace), took


@pytest.fixture(scope="module")
def calm(stack: LiveStack) -> dict[str, Manifest]:
    """The objects at the end of a run in which nothing happened."""
    return asyncio.run(undisturbed(stack))


@pytest.mark.rule("P-12", "P-27")
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_part_leaves_no_trace_in_the_end_state(
    stack: LiveStack, calm: dict[str, Manifest], victim: str
) -> None:
    found, took = asyncio.run(disturbed(stack, victim, calm))

    assert differences(found, calm) == []
    whole = Measure(f"all {GRAPHS} graphs successful after the kill", took)
    record(Drill(VICTIMS[victim], f"{victim}: kill -9 while {GRAPHS} graphs roll out", whole=(whole,), held=SAME))
    stack.wait_until_ready()


def test_nothing_was_given_up_on(stack: LiveStack) -> None:
    assert asyncio.run(stored_messages(stack.target, DEAD_LETTERS)) == []
