"""Where drills take place: a stack with graphs that serve, one graph to edit for each drill, and the end of the story.

Separate from what is stopped. Invariant: everything is quiet when a drill begins, so that whatever graphs feel later,
they feel because of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from lab.launcher.bringup import SERVICES
from lab.launcher.stacks import stack_folder
from shared.core.json import Manifest
from shared.core.resources import GRAPHS, Ref
from shared.runtime.settings import ServiceSettings
from shared.testing.eventually import eventually
from tests.chaos.failures.observers import observing
from tests.chaos.failures.users import STANDING, User, Wishes
from tests.chaos.stack.outcomes import outcome
from tests.e2e.graphs import MANAGER, graph, names
from tests.e2e.stacks import CLAIM_TTL, MANY_GPUS, OURS, LiveStack, running_stack

SERVING, CALM = "serving", "calm"  # namespaces: of graphs left alone, and of the story without an outage
PATIENCE = timedelta(seconds=60)
TTL = timedelta(seconds=float(CLAIM_TTL.removesuffix("s")))
DEFAULT_TTL: timedelta = ServiceSettings.model_fields["claim_ttl"].default
SET_UP = timedelta(minutes=3)  # for what is no measure
QUIET, NOW_AND_THEN = timedelta(seconds=1), timedelta(milliseconds=100)
APPLIED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Ground:
    """Where drills take place, and the objects that each has to end with."""

    stack: LiveStack
    expected: dict[str, Manifest]


@contextmanager
def kept_stack(
    name: str, *, replicas: tuple[str, ...] = (), nodes: str = MANY_GPUS, claim_ttl: timedelta = TTL
) -> Iterator[LiveStack]:
    """Run a stack whose API server keeps its cluster when it is stopped."""
    kept = f"--data={stack_folder(name) / 'apiserver' / 'data'}"
    claims = tuple(f"{service}.claim_ttl={claim_ttl.total_seconds():g}s" for service in SERVICES)
    with running_stack(name, nodes=nodes, replicas=replicas, settings=claims, api_arguments=(kept,)) as live:
        yield live


async def prepare(stack: LiveStack, namespaces: Sequence[str], serving: int) -> None:
    """Roll out graphs that serve, and in each namespace the graph that will be edited."""
    async with observing(stack) as observer:
        await User(observer.cluster, SERVING).make_namespace()
        limit = asyncio.Semaphore(APPLIED_AT_ONCE)

        async def apply(name: str) -> None:
            async with limit:
                await observer.cluster.apply(graph(name, SERVING), manager=MANAGER)

        async with asyncio.TaskGroup() as tasks:
            for name in names(serving):
                tasks.create_task(apply(name))
            for namespace in namespaces:
                tasks.create_task(User(observer.cluster, namespace).prepare())
        graphs = [Ref(GRAPHS, SERVING, name) for name in names(serving)]
        graphs += [Ref(GRAPHS, namespace, STANDING) for namespace in namespaces]
        await observer.until(lambda: all(map(observer.is_successful, graphs)), within=SET_UP, goal="all serve")
    await until_quiet(stack)


def make_ground(stack: LiveStack, namespaces: Sequence[str], *, serving: int) -> Ground:
    """Prepare a stack for the drills of some namespaces."""
    asyncio.run(prepare(stack, [CALM, *namespaces], serving))
    return Ground(stack, asyncio.run(undisturbed(stack, CALM)))


async def undisturbed(stack: LiveStack, namespace: str) -> dict[str, Manifest]:
    """Return the objects at the end of the story when nothing is stopped."""
    async with observing(stack) as observer:
        user, wishes = User(observer.cluster, namespace), Wishes(observer, namespace)
        await user.edit()
        await user.add()
        await wishes.until(wishes.are_fulfilled, "both graphs successful")
    await until_quiet(stack)
    return await outcome(stack, namespace)


async def until_quiet(stack: LiveStack) -> None:
    """Wait until our services have asked the API server nothing for a second."""
    loop = asyncio.get_running_loop()
    last, since = -1, loop.time()

    async def is_quiet() -> bool:
        nonlocal last, since
        count = await asyncio.to_thread(asked, stack)
        if count != last:
            last, since = count, loop.time()
        return loop.time() - since >= QUIET.total_seconds()

    await eventually(is_quiet, within=SET_UP, every=NOW_AND_THEN)


def asked(stack: LiveStack) -> int:
    """Return how many requests of our services the API server has counted."""
    return sum(count for name, count in stack.requests().by_client.items() if name in OURS)
