"""One drill: a part is stopped, a user edits a graph and applies another, the part returns, everything is compared.

The same story without an outage gives the objects that every drill has to end with. Invariants: the serving graphs are
watched from before the outage until all is quiet again; times of what waits for a part count from the moment at which
its return was asked for, start of the process included, and times of what goes on without it from the edit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.streams import DEAD_LETTERS
from shared.core.json import Manifest
from shared.testing.eventually import eventually
from tests.chaos.failures.grounds import NOW_AND_THEN, PATIENCE, SERVING, TTL, Ground, until_quiet
from tests.chaos.failures.observers import Felt, Observer, observing
from tests.chaos.failures.users import User, Wishes
from tests.chaos.records import FAILURE_MODEL, Drill, Measure, record
from tests.chaos.stack.differences import differences
from tests.chaos.stack.outcomes import outcome
from tests.e2e.stacks import LiveStack, stored_messages

TAKEN_OVER = TTL + timedelta(seconds=2)
VIEW_LIVE = timedelta(seconds=1)  # after a reconnect, P-27
STARTED = timedelta(seconds=2)  # from the start of a service to ready, design.md section 13
OFTEN = timedelta(milliseconds=20)

Act = Callable[[LiveStack], object]


@dataclass(frozen=True, slots=True)
class Outage:
    """What is stopped and brought back, and what that is held to."""

    row: str
    stopped: str
    begin: Act
    end: Act
    bar: timedelta | None  # of the edit and of the children of the new graph
    whole: timedelta | None = None  # until everything is ready again
    goes_on: bool = False  # edits are done while the part is away
    shows: str = ""  # what the new graph's conditions name while it lasts
    source: str = FAILURE_MODEL
    held: Callable[[], str] = str  # what else it counted, told when it is over
    problems: Callable[[], list[str]] = list  # what else must not be
    reconnected: Callable[[LiveStack], bool] | None = None  # whether clients are connected again, where that counts


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one drill; for assertions, which show what is not as it should be."""

    drill: Drill
    felt: Felt
    differences: list[str]
    dead_letters: int
    others: list[str]  # that this outage alone can have

    @property
    def problems(self) -> list[str]:
        """Return everything that is not as it should be."""
        felt = [*self.felt.writes, *self.felt.deletions, *self.felt.flips]
        letters = [f"{self.dead_letters} dead letters"] if self.dead_letters else []
        return [
            *(f"serving graphs felt {each}" for each in felt),
            *self.differences,
            *letters,
            *self.others,
            *self.drill.missed,
        ]


@dataclass(frozen=True, slots=True)
class Times:
    """When things happened in one drill, by the observer's clock."""

    returned: float
    edited: float
    added: float
    carried: float
    children: float
    fulfilled: float
    ready: float
    reconnected: float | None = None

    def measures(self, outage: Outage) -> tuple[tuple[Measure, ...], tuple[Measure, ...]]:
        """Return what edits felt, and when everything was whole again."""
        edits: tuple[Measure, ...] = (
            self._measure("edit carried", self.edited, self.carried, outage.bar, outage.source),
            self._measure("children of a new graph", self.added, self.children, outage.bar, outage.source),
        )
        whole = (
            Measure("both graphs successful", timedelta(seconds=max(0.0, self.fulfilled - self.returned))),
            Measure("every service ready", timedelta(seconds=self.ready - self.returned), outage.whole, outage.source),
        )
        if self.reconnected is not None:
            took = timedelta(seconds=max(0.0, self.carried - self.reconnected))
            edits += (Measure("edit carried after clients reconnected", took, VIEW_LIVE, "P-27"),)
        return edits, whole

    def _measure(self, what: str, asked: float, done: float, bar: timedelta | None, source: str) -> Measure:
        began = asked if done < self.returned else self.returned
        since = "after the edit" if done < self.returned else "after the return"
        return Measure(f"{what} {since}", timedelta(seconds=done - began), bar, source)


async def drill(ground: Ground, outage: Outage, *, lasts: timedelta, namespace: str) -> Finding:
    """Stop a part, edit meanwhile, bring it back, compare; the drill is recorded."""
    stack = ground.stack
    async with observing(stack) as observer:
        felt = observer.leave_alone(SERVING)
        times = await _times(stack, outage, lasts, observer, namespace)
        await until_quiet(stack)
    found = await _settled(ground, namespace)
    edits, whole = times.measures(outage)
    drilled = Drill(
        row=outage.row,
        stopped=outage.stopped,
        serving=str(felt),
        outage=lasts,
        edits=edits,
        whole=whole,
        held=outage.held(),
    )
    letters = len(await stored_messages(stack.target, DEAD_LETTERS))
    return Finding(record(drilled), felt, differences(found, ground.expected), letters, outage.problems())


async def _times(stack: LiveStack, outage: Outage, lasts: timedelta, observer: Observer, namespace: str) -> Times:
    user, wishes = User(observer.cluster, namespace), Wishes(observer, namespace, PATIENCE + lasts)
    felt = observer.leave_alone(SERVING)
    await asyncio.to_thread(outage.begin, stack)
    async with asyncio.TaskGroup() as tasks:
        edited, added = tasks.create_task(user.edit()), tasks.create_task(user.add())
        carried = tasks.create_task(wishes.until(wishes.is_carried, "the edit carried"))
        children = tasks.create_task(wishes.until(wishes.has_children, "the children of the new graph"))
        fulfilled = tasks.create_task(wishes.until(wishes.are_fulfilled, "both graphs successful"))
        if outage.goes_on:
            await asyncio.wait([carried, children])
        if outage.shows:
            await wishes.until(lambda: wishes.name(outage.shows), f"a condition that names {outage.shows}")
        await observer.calm(lasts, felt)
        returned = time.monotonic()
        await asyncio.to_thread(outage.end, stack)
        reconnected = await _reconnected(stack, outage)
        await asyncio.to_thread(stack.wait_until_ready)
        ready = time.monotonic()
    return Times(
        returned=returned,
        edited=edited.result(),
        added=added.result(),
        carried=carried.result(),
        children=children.result(),
        fulfilled=fulfilled.result(),
        ready=ready,
        reconnected=reconnected,
    )


async def _reconnected(stack: LiveStack, outage: Outage) -> float | None:
    is_so = outage.reconnected
    if is_so is None:
        return None
    await eventually(lambda: asyncio.to_thread(is_so, stack), within=PATIENCE, every=OFTEN)
    return time.monotonic()


async def _settled(ground: Ground, namespace: str) -> dict[str, Manifest]:
    async def is_as_expected() -> bool:
        return await outcome(ground.stack, namespace) == ground.expected

    with suppress(TimeoutError):  # then the caller shows the difference
        await eventually(is_as_expected, within=timedelta(seconds=5), every=NOW_AND_THEN)
    return await outcome(ground.stack, namespace)
