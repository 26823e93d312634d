"""At rest nobody asks: with 30 graphs that are done, our services send no request, and no event is published."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from shared.contracts.streams import CHANGES, DECISIONS
from shared.ports.bus import EventLog, LiveOnly
from tests.e2e.graphs import apply_graphs, wait_until_successful
from tests.e2e.stacks import OURS, LiveStack

NAMESPACE, GRAPHS = "rest", 30
STREAMS = (CHANGES, DECISIONS)
QUIET = timedelta(seconds=2)  # without an event, then all work is done
PATIENCE = timedelta(seconds=30)
# The long form outlasts what a client may take for too long a silence of its watches.
WINDOW = timedelta(seconds=120 if os.environ.get("DYNAMO_CHAOS") == "long" else 15)
LOOK_AT_GROUPS = ("dynamo-discovery", "discovery", "")  # every five minutes, whatever happens (D-06)


@dataclass(frozen=True, slots=True)
class Silence:
    """What broke the silence of one window."""

    requests: Counter[tuple[str, str, str]]  # of our services: who, verb, resource
    subjects: list[str]  # of what was published meanwhile


async def heard(stack: LiveStack, window: timedelta) -> list[str]:
    """Return the subjects of all that is published within a window."""
    async with stack.target.bus() as bus, asyncio.TaskGroup() as tasks:
        found = [tasks.create_task(_heard(bus, stream, window)) for stream in STREAMS]
    return [subject for task in found for subject in task.result()]


async def _heard(bus: EventLog, stream: str, window: timedelta) -> list[str]:
    subjects: list[str] = []
    with suppress(TimeoutError):
        async with bus.follow(stream, ["dynamo.>"], LiveOnly()) as deliveries, asyncio.timeout(window.total_seconds()):
            async for delivery in deliveries:
                subjects.append(delivery.message.subject)
    return subjects


async def silence_of(stack: LiveStack) -> Silence:
    """Return what breaks the silence of a window that begins when all graphs are done and all is quiet."""
    await apply_graphs(stack, NAMESPACE, GRAPHS)
    await wait_until_successful(stack, NAMESPACE, GRAPHS)
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while await heard(stack, QUIET):
            pass
    before = stack.requests()
    subjects = await heard(stack, WINDOW)
    asked = (stack.requests() - before).by_call
    requests = {call: count for call, count in asked.items() if call[0] in OURS and call != LOOK_AT_GROUPS}
    return Silence(Counter(requests), subjects)


@pytest.fixture(scope="module")
def silence(stack: LiveStack) -> Iterator[Silence]:
    yield asyncio.run(silence_of(stack))
    stack.kubectl("delete", "namespace", NAMESPACE)


def test_nobody_asks_the_api_server(silence: Silence) -> None:
    assert silence.requests == Counter()


def test_nothing_is_published(silence: Silence) -> None:
    assert silence.subjects == []
