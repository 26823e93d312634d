"""An edit while its owner dies: the only reconciler is killed and started again, or another one has to take over."""

from __future__ import annotations

import asyncio
import time

from cli.lab import request_counts
from lab.launcher.stacks import Stack
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import keys, partition_of
from shared.core.resources import GRAPHS
from tests.bench.graphs import graph
from tests.bench.rollouts import calls_of_ours
from tests.bench.stages import Stage

LIMIT = 90.0
QUIET = 3.0  # seconds without a request: everything that follows from the start was asked
TAKE_OVERS = 2  # of three reconcilers one is left
UNTOUCHED = 1000  # replicas that no other edit asks for
SETTLED_AFTER = 8.0  # seconds until the replicas have shared the partitions: members unchanged for 5 s, then claims


async def restart(stage: Stage) -> dict[str, float]:
    """Kill the reconciler, start it at once, and edit: time from the kill, and requests until it is quiet again."""
    before = _requests(stage.stack)
    began = time.time()
    await asyncio.to_thread(stage.bringup.crash, "reconciler")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(stage.bringup.restart, "reconciler"))
        edit = await stage.edit()
    visible = await edit.carried.wait(LIMIT) - began
    return {"restart_visible_s": visible, "restart_requests": float(await _until_quiet(stage) - before)}


async def take_over(stage: Stage) -> dict[str, float]:
    """Kill the owner of the graph that is edited, twice: the longer time from the kill to the Deployment."""
    await asyncio.sleep(SETTLED_AFTER)
    seconds = []
    for number in range(TAKE_OVERS):
        owner = await _owner(stage, number)
        began = time.time()
        await asyncio.to_thread(stage.bringup.crash, owner)
        edit = await stage.edit_graph(number, replicas=stage.edits + UNTOUCHED)
        seconds.append(await edit.carried.wait(LIMIT) - began)
        await asyncio.sleep(SETTLED_AFTER)
    return {"take_over_s": max(seconds)}


async def _owner(stage: Stage, number: int) -> str:
    """Return the replica that owns the partition of a graph."""
    partition = partition_of(keys(GRAPHS, graph(number)).own)
    async with stage.target.store() as store:
        pair = await store.get(EtcdKeys(stage.stack.name).claim("reconciler", str(partition)))
    assert pair is not None, f"nobody owns partition {partition}"
    return pair.value.decode()


async def _until_quiet(stage: Stage) -> int:
    """Return the reconciler's requests when there have been no more of them for a while."""
    count = _requests(stage.stack)
    async with asyncio.timeout(LIMIT):
        while True:
            await asyncio.sleep(QUIET)
            now = _requests(stage.stack)
            if now == count:
                return now
            count = now


def _requests(stack: Stack) -> int:
    calls = calls_of_ours(request_counts(stack))
    return sum(count for (client, verb, _), count in calls.items() if client == "dynamo-reconciler" and verb != "watch")
