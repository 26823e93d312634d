"""Several stories in one simulation: each has a graph, dice and disturbances of its own.

What a simulation costs by itself (watches, claims, views) is shared, and the stories of other graphs are one more
disturbance for each. A story waits with `sleep`; one driver moves the clock for all.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of, owners_of, uid_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, Ref
from shared.testing.cluster_faults import Request
from shared.testing.cluster_objects import Change
from tests.chaos.simulation import NAMESPACE, Simulation, a_graph, simulated

ONE = ("Frontend",)
TWO = ("Frontend", "Worker")

_calm: dict[tuple[int, tuple[str, ...], int], dict[str, Manifest]] = {}


@dataclass(slots=True)
class Story:
    """What happens to one graph."""

    run: Simulation
    name: str
    dice: random.Random
    requests: int = 0  # for the test to count

    @property
    def ref(self) -> Ref:
        """Return the address of the graph."""
        return Ref(GRAPHS, NAMESPACE, self.name)

    @property
    def graph(self) -> Manifest | None:
        """Return the graph as it is stored."""
        return self.run.cluster.peek(self.ref)

    def create(self, *, services: Sequence[str] = ONE, replicas: int = 1) -> None:
        """Apply the graph."""
        self.run.graph(self.name, services=services, replicas=replicas)

    def scale(self, replicas: int) -> None:
        """Edit the graph, if it is there."""
        spec = a_graph(self.name, services=ONE, replicas=replicas)["spec"]
        self.run.edit(self.ref, lambda graph: graph.update(spec=spec))

    def remove(self) -> None:
        """Delete the graph, if it is there."""
        self.run.remove(self.ref)

    async def sleep(self, least: float, most: float | None = None) -> None:
        """Let some time pass."""
        seconds = least if most is None else self.dice.uniform(least, most)
        await self.run.clock.sleep(timedelta(seconds=seconds))


async def tell(run: Simulation, stories: Sequence[Story], course: Callable[[Story], Awaitable[None]]) -> None:
    """Run the course of every story, all at the same time."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(_tell(course, story)) for story in stories]
        await run.clock.run_until(lambda: all(task.done() for task in running), limit=timedelta(hours=2))


async def _tell(course: Callable[[Story], Awaitable[None]], story: Story) -> None:
    await course(story)


def stories_of(run: Simulation, seeds: Sequence[int]) -> list[Story]:
    """Return a story for each seed."""
    return [Story(run, f"chat-{number}", random.Random(seed)) for number, seed in enumerate(seeds)]


def story_of(stories: Sequence[Story], request: Request) -> Story | None:
    """Return the story whose graph, component or workload a request is about."""
    parts = request.name.split("-")
    is_ours = request.resource in (GRAPHS, COMPONENTS, DEPLOYMENTS) and parts[0] == "chat"
    return stories[int(parts[1])] if is_ours else None


async def undisturbed(count: int, services: tuple[str, ...] = ONE, *, replicas: int = 1) -> dict[str, Manifest]:
    """Return the objects that so many undisturbed stories leave."""
    key = (count, services, replicas)
    if key not in _calm:
        async with simulated(0) as run:
            run.watcher()
            run.reconciler()
            stories = stories_of(run, range(count))
            for story in stories:
                story.create(services=services, replicas=replicas)
            await run.converge()
            assert [text(story.graph, "status", "state") for story in stories] == ["successful"] * count
            _calm[key] = run.essence()
    return _calm[key]


def check_success(run: Simulation, change: Change) -> None:
    """Check that a graph which says that it runs as asked does so, with children of its own."""
    graph = change.after
    if change.ref.resource is not GRAPHS or graph is None or text(graph, "status", "state") != "successful":
        return
    if integer(graph, "status", "observedGeneration") != generation_of(graph):
        return
    wanted = integer(graph, "spec", "services", "Frontend", "replicas")
    [component] = [each for each in run.cluster.objects.of(COMPONENTS) if _owner(each) == uid_of(graph)]
    [deployment] = [each for each in run.cluster.objects.of(DEPLOYMENTS) if _owner(each) == uid_of(component)]
    assert integer(deployment, "spec", "replicas") == wanted
    assert integer(deployment, "status", "observedGeneration") == generation_of(deployment)
    assert integer(deployment, "status", "readyReplicas") == wanted


def _owner(manifest: Manifest) -> str:
    return next((owner.uid for owner in owners_of(manifest)), "")
