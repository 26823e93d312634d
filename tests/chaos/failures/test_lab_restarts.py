"""The lab is started empty, with other keys, beside the log and the store of the cluster that was there before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cli.commands.provision import provision_cluster
from shared.contracts.streams import DEAD_LETTERS
from tests.chaos.failures.grounds import Ground, kept_stack, make_ground, until_quiet
from tests.chaos.failures.observers import observing
from tests.chaos.failures.users import User, Wishes
from tests.chaos.records import Drill, Measure, record
from tests.chaos.seeds import IS_LONG
from tests.chaos.stack.differences import differences
from tests.chaos.stack.outcomes import outcome
from tests.e2e.stacks import OURS, LiveStack, stored_messages

NAMESPACE = "calm"  # as before: the same names, with other uids

pytestmark = pytest.mark.skipif(not IS_LONG, reason="a form for make drill")


@pytest.fixture
def former(home: Path) -> Iterator[Ground]:
    """A stack with graphs, of which soon only log and store are left."""
    with kept_stack("anew") as live:
        yield make_ground(live, [], serving=10)


def start_anew(stack: LiveStack) -> None:
    """Put an empty cluster in the place of the one that was there."""
    stack.bringup.crash("simulator", "apiserver")
    stack.bringup.wipe("apiserver")
    stack.bringup.restart("apiserver")
    asyncio.run(provision_cluster(stack.target))
    stack.bringup.restart("simulator")


async def use(stack: LiveStack) -> tuple[timedelta, timedelta]:
    """Do what a user does; return the times until the edit was carried and until both graphs were successful."""
    began = time.monotonic()
    async with observing(stack) as observer:
        user, wishes = User(observer.cluster, NAMESPACE), Wishes(observer, NAMESPACE)
        await user.prepare()
        await wishes.until(wishes.stands, "the first graph successful")
        await user.edit()
        await user.add()
        carried = await wishes.until(wishes.is_carried, "the edit carried")
        fulfilled = await wishes.until(wishes.are_fulfilled, "both graphs successful")
    await until_quiet(stack)
    return timedelta(seconds=carried - began), timedelta(seconds=fulfilled - began)


@pytest.mark.rule("P-20")
def test_a_cluster_that_begins_anew_is_served_like_the_first(former: Ground) -> None:
    stack = former.stack
    start_anew(stack)

    carried, fulfilled = asyncio.run(use(stack))

    deletions = {call: count for call, count in stack.requests().by_call.items() if _is_deletion(call)}
    drill = Drill(
        row="lab restarted",
        stopped="API server and simulator: kill -9, started empty with other keys",
        edits=(Measure("edit carried after the API answers", carried),),
        whole=(Measure("both graphs successful after the API answers", fulfilled),),
        held=f"{sum(deletions.values())} deletions by our services",
    )
    record(drill)
    assert differences(asyncio.run(outcome(stack, NAMESPACE)), former.expected) == []
    assert asyncio.run(stored_messages(stack.target, DEAD_LETTERS)) == []
    assert deletions == {}


def _is_deletion(call: tuple[str, str, str]) -> bool:
    return call[0] in OURS and call[1].startswith("delete")
