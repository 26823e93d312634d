"""From the first apply to the last `successful`, and what it cost each process.

Costs are differences between before the first apply and after the last `successful`, so that starting up counts for
nothing and a graph costs what it adds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter

from cli.lab import RequestCounts, request_counts
from tests.bench.figures import Figures
from tests.bench.graphs import graph
from tests.bench.machine import Cost, busy_share, costs, spent_on_machine
from tests.bench.observers import Observer
from tests.bench.passes import pass_times, passes_by_replica
from tests.bench.stages import MANAGER, OURS, Stage

APPLY_AT_ONCE = 16
TIME_LIMIT = 600.0
TELL_EVERY = 10.0
SETTLED_AFTER = 2.0  # seconds: the last writes that follow the last `successful`


async def roll_out(stage: Stage) -> Figures:
    """Apply the graphs of a case, wait until they are `successful`, and return times and costs; no graphs, no costs."""
    case = stage.case
    if not case.graphs:
        return Figures(case.name, values={"graphs": 0.0})
    await asyncio.sleep(SETTLED_AFTER)
    counted, spent = request_counts(stage.stack), costs(stage.stack)
    began, own, whole = time.time(), time.process_time(), spent_on_machine()
    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell(stage.observer))
        await _apply_all(stage)
        children = await stage.observer.all_children.wait(TIME_LIMIT) - began
        successful = await stage.observer.all_successful.wait(TIME_LIMIT) - began
        telling.cancel()
    busy = sum(_since(spent, costs(stage.stack)).values())
    others = spent_on_machine() - whole - busy - (time.process_time() - own)
    await asyncio.sleep(SETTLED_AFTER)
    cpu = _since(spent, costs(stage.stack))
    calls = calls_of_ours(request_counts(stage.stack) - counted)
    return Figures(
        case.name,
        values={
            "graphs": float(case.graphs),
            "children_s": children,
            "successful_s": successful,
            "requests_per_graph": calls.total() / case.graphs,
            "cpu_ms_per_graph": sum(cpu.values()) / case.graphs * 1000,
            "busy_share": busy_share(successful, busy),
            "others_share": max(0.0, busy_share(successful, others)),
            **pass_times(stage.stack),
            **passes_by_replica(stage.stack),
        },
        cpu_seconds={name: seconds / case.graphs for name, seconds in cpu.items()},
        requests={client: count / case.graphs for client, count in _by_client(calls).items()},
        calls={" ".join(call): count / case.graphs for call, count in sorted(calls.items())},
        memory_mib={name: cost.memory_mib for name, cost in costs(stage.stack).items()},
    )


def calls_of_ours(counts: RequestCounts) -> Counter[tuple[str, str, str]]:
    """Return the requests of our services, the simulator's and our own apart."""
    return Counter({call: count for call, count in counts.by_call.items() if call[0] in OURS})


async def _apply_all(stage: Stage) -> None:
    limit = asyncio.Semaphore(APPLY_AT_ONCE)

    async def apply(number: int) -> None:
        async with limit:
            await stage.cluster.apply(graph(number, stage.case.components), manager=MANAGER)

    async with asyncio.TaskGroup() as tasks:
        for number in range(stage.case.graphs):
            tasks.create_task(apply(number))


async def _tell(observer: Observer) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY)
        print(f"  {observer.progress}", file=sys.stderr, flush=True)


def _since(before: dict[str, Cost], after: dict[str, Cost]) -> dict[str, float]:
    return {name: cost.cpu_seconds - before[name].cpu_seconds for name, cost in after.items() if name in before}


def _by_client(calls: Counter[tuple[str, str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (client, _, _), count in calls.items():
        found[client] += count
    return found
