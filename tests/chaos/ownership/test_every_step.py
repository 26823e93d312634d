"""An owner that is killed at every step of an edit, one after the other: no orphan, no double (P-12).

Nothing is sampled. A step is a moment at which a process can be between two things: before and after each request, each
call to etcd, each event that it reads and each pause. And each request of the edit is once the one that was under way
when its sender died: it arrives when an heir has long finished, and a newer edit with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from shared.core.json import Manifest
from tests.chaos.ownership.checker import violations
from tests.chaos.ownership.replicas import Replica, Scene, observed
from tests.chaos.ownership.upheavals import GRAPH
from tests.chaos.records import Drill, record
from tests.chaos.seeds import IS_LONG
from tests.chaos.stack.differences import differences
from tests.chaos.stories import ONE, TWO, undisturbed

AN_EDIT = 1.5  # seconds, in which an edit is carried out and reported
LATE = 16.0  # seconds: more than an heir needs to take over and to finish
ALL_EDITS = "the others are like it: the drill has them all"


@dataclass(frozen=True, slots=True)
class State:
    """What a user asks of the graph; without services it is deleted."""

    services: tuple[str, ...] = ()
    replicas: int = 1

    async def essence(self) -> dict[str, Manifest]:
        """Return the objects of an undisturbed run."""
        return await undisturbed(1, self.services, replicas=self.replicas) if self.services else {}


@dataclass(slots=True)
class Bench:
    """One owner after the other, each of which dies in the middle of the same edit."""

    scene: Scene
    owner: Replica
    killed: int = 0
    _requests: int = 0
    _last: int = -1  # request before whose arrival the owner dies
    _steps: list[int] = field(default_factory=list)

    def ask(self, state: State) -> None:
        """Edit the graph as a user does."""
        if state.services:
            self.scene.run.graph(GRAPH.name, services=state.services, replicas=state.replicas)
        else:
            self.scene.run.remove(GRAPH)

    async def rest_at(self, state: State) -> None:
        """Bring the graph to a state and let it come to rest."""
        self.ask(state)
        await self.scene.run.converge()
        await self.check(state)

    async def check(self, state: State) -> None:
        """Check that there is what an undisturbed run leaves, and nothing else."""
        self.scene.run.cluster.objects.collect_garbage()
        assert differences(self.scene.run.essence(), await state.essence()) == []

    async def count(self, before: State, after: State) -> tuple[int, int]:
        """Return how many steps and how many requests the owner needs for an edit."""
        await self.rest_at(before)
        steps, self._requests = self.owner.pulse.steps, 0
        self.ask(after)
        await self.scene.run.advance(AN_EDIT)
        return self.owner.pulse.steps - steps, self._requests

    async def die_at_step(self, number: int, before: State, after: State) -> None:
        """Kill the owner at a step of an edit; an heir finishes it."""
        await self.rest_at(before)
        moment = self.owner.pulse.steps + number
        self.owner.pulse.on_step = self._killer(moment)
        self.ask(after)
        await self.scene.run.advance(AN_EDIT)
        await self._succeed(after)

    async def die_at_request(self, number: int, before: State, after: State) -> None:
        """Kill the owner while a request is under way that arrives after the next edit, which goes back if it can."""
        await self.rest_at(before)
        self._requests, self._last = 0, number
        self.ask(after)
        await self.scene.run.advance(AN_EDIT)
        self._last = -1
        if after.services:
            self.ask(before)
        await self._succeed(before if after.services else after)

    async def _succeed(self, state: State) -> None:
        self.killed += not self.owner.process.is_running
        self.owner.kill()
        self.owner = self.scene.start()
        await self.scene.run.converge(at_least=LATE + 10.0)
        await self.check(state)

    def _killer(self, moment: int) -> Callable[[int], None]:
        owner = self.owner

        def on_step(step: int) -> None:
            if step == moment:
                owner.kill()

        return on_step

    def delay(self) -> float:
        """Return how long the next request takes: the chosen one arrives after its sender's death."""
        self._requests += 1
        if self._requests != self._last:
            return 0.0
        asyncio.get_running_loop().call_soon(self.owner.kill)
        return LATE


EDITS = [
    pytest.param(State(TWO), State(ONE), id="a service is removed"),
    pytest.param(
        State(ONE), State(TWO), id="a service is added", marks=pytest.mark.skipif(not IS_LONG, reason=ALL_EDITS)
    ),
    pytest.param(
        State(TWO), State(TWO, 3), id="replicas change", marks=pytest.mark.skipif(not IS_LONG, reason=ALL_EDITS)
    ),
    pytest.param(
        State(TWO), State(), id="the graph is deleted", marks=pytest.mark.skipif(not IS_LONG, reason=ALL_EDITS)
    ),
]


async def die_everywhere(before: State, after: State) -> tuple[int, int]:
    """Return how many owners were killed at a step, and how many with a request under way."""
    benches: list[Bench] = []
    async with observed(0, lambda: benches[0].delay()) as scene:
        bench = Bench(scene, scene.start())
        benches.append(bench)
        steps, requests = await bench.count(before, after)
        for number in range(1, steps + 1):
            await bench.die_at_step(number, before, after)
        at_steps = bench.killed
        for number in range(1, requests + 1):
            await bench.die_at_request(number, before, after)

        assert violations(scene.diary.records) == []
    return at_steps, bench.killed - at_steps


@pytest.mark.rule("P-12", "P-22")
@pytest.mark.parametrize(("before", "after"), EDITS)
def test_an_owner_killed_at_any_step_of_an_edit_leaves_no_orphan_and_no_double(before: State, after: State) -> None:
    at_steps, at_requests = asyncio.run(die_everywhere(before, after))

    record(
        Drill(
            row="P-12",
            stopped="the owner, kill -9, at every step and with every request of an edit under way",
            held=f"{at_steps} steps and {at_requests} requests, none left out; 0 orphans, 0 doubles",
            runs=at_steps + at_requests,
            on="fakes",
        )
    )
    assert at_steps > at_requests > 0
