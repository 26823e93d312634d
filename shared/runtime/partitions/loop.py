"""The partition loop: view, router, queue, handler, outcome.

One object lives as long as one claim. It may lose everything it remembers at any time: a new one reads the view
anew and queues every primary. Invariants: no pass before the view is complete and the facts are known, one pass per
primary at a time, and whatever a handler does ends in done, a timer or a dead letter, never in a stopped partition.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

import structlog

from shared.contracts.envelope import correlation_id
from shared.core.errors import PermanentError, TemporaryError
from shared.core.outcomes import Done, Reject, Retry
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import EventLog, StoredMessage
from shared.ports.clock import Clock
from shared.ports.mandates import MANDATE, Mandate
from shared.ports.passes import Fence, Work
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.partitions import metrics
from shared.runtime.partitions.bell import Bell, finish_or_cancel
from shared.runtime.partitions.facts import Facts
from shared.runtime.partitions.queue import Job, PassQueue
from shared.runtime.partitions.reports import report_pass
from shared.runtime.partitions.router import concerned, routes
from shared.runtime.partitions.rules import PassOptions, PassRules
from shared.runtime.partitions.unreadable import UnreadableEvents
from shared.runtime.partitions.verdicts import Verdict, verdict_of
from shared.runtime.partitions.views.feed import Feed, Fetch, Listener
from shared.runtime.partitions.views.view import Effect, PartitionView, PassView

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all partitions of a process share."""

    rules: PassRules
    options: PassOptions
    bus: EventLog
    clock: Clock
    facts: Facts
    letters: DeadLetters
    fetch: Fetch
    slots: asyncio.Semaphore  # passes at once, over all partitions
    on_progress: Callable[[], None]  # some view is complete, or waits for something else
    dice: random.Random = field(default_factory=random.Random)


class PartitionLoop:
    """Run the passes of one owned partition."""

    def __init__(self, partition: int, fence: Fence, around: Surroundings) -> None:
        """Begin with an empty view."""
        self._around, self._rules, self._clock = around, around.rules, around.clock
        self._fence = fence
        self.queue = PassQueue()
        self.view = PartitionView(partition, around.options.partitions)
        self._unreadable = UnreadableEvents(around.rules.service, around.letters, around.clock)
        listener = Listener(
            self._on_effect, self._on_arrival, self._on_complete, around.on_progress, self._unreadable.add
        )
        self.feed = Feed(around.bus, self.view, around.rules.reads, listener, around.fetch)
        self._bell = Bell(around.clock)
        self._was_complete = False
        labels = (around.rules.service, str(partition))
        self._depth, self._entries = metrics.QUEUE_DEPTH.labels(*labels), metrics.VIEW_ENTRIES.labels(*labels)
        self._lag = metrics.EVENT_LAG_SECONDS.labels(around.rules.service)

    @property
    def is_complete(self) -> bool:
        """Return whether the view is complete, so that passes run."""
        return self.feed.is_complete

    async def run(self, leaving: asyncio.Event) -> None:
        """Run passes until told to leave; then finish those in hand."""
        facts, passes = self._around.facts, set[asyncio.Task[None]]()
        facts.listeners.append(self._on_facts)
        try:
            async with asyncio.TaskGroup() as tasks:
                sources = [
                    tasks.create_task(self.feed.run()),
                    tasks.create_task(self._sweep()),
                    tasks.create_task(self._unreadable.run()),
                    tasks.create_task(self._dispatch(tasks, passes)),
                ]
                await leaving.wait()
                for source in sources:
                    source.cancel()
                await finish_or_cancel(self._clock, passes, self._around.options.drain)
        finally:
            facts.listeners.remove(self._on_facts)
            self._depth.set(0)
            self._entries.set(0)

    # What queues passes

    def _on_effect(self, effect: Effect) -> None:
        # Before it is complete, completeness itself queues every primary that is there; what is gone is only seen here.
        if self._was_complete or effect.after is None:
            self._queue(effect)
        self._entries.set(len(self.view))

    def _queue(self, effect: Effect, *, but: Ref | None = None) -> None:
        for queued in concerned(effect, self._rules.router):
            # The answer of an own write may show an edit that no event has told of: that one makes a further pass.
            if queued.primary != but or queued.trigger == "edit":
                self.queue.add(queued.primary, queued.trigger, cause=effect.cause)
        self._wake()

    def _on_complete(self, is_complete: bool) -> None:
        self._was_complete = self._was_complete or is_complete
        if is_complete:
            self.queue.add_all(self._primaries(), "sweep")
            log.info("view is complete", partition=self.view.partition, entries=len(self.view))
        self._around.on_progress()
        self._wake()

    def _on_facts(self, names: frozenset[str]) -> None:
        primaries, spread = self._primaries(), self._around.options.fact_spread.total_seconds()
        due = self._clock.elapsed() + spread * self._around.dice.random()
        for name in sorted(names):
            for primary in self._rules.concerned_by_fact(name, primaries, self._pass_view(None)):
                self.queue.add_later(primary, "fact", due)
        self._wake()

    async def _sweep(self) -> None:
        """Queue every primary now and then, the dead-lettered ones too; first make up for events that got lost."""
        options = self._around.options
        while True:
            await self._clock.sleep(options.sweep * self._around.dice.uniform(0.8, 1.2))
            if self.is_complete:
                await self._refresh(options.refresh_deadline)
            self.queue.add_all([*self._primaries(), *self.queue.dead], "sweep")
            self._wake()

    async def _refresh(self, deadline: timedelta) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                refresh = tasks.create_task(self.feed.refresh())
                await finish_or_cancel(self._clock, [refresh], deadline)
        except* TemporaryError:
            log.warning("view could not be compared with the log", partition=self.view.partition)

    def _primaries(self) -> list[Ref]:
        """Return every primary that some object of the view concerns, those that are gone themselves too."""
        found = (queued.primary for placed in self.view for queued in routes(placed, self._rules.router))
        return list(dict.fromkeys(found))

    def _wake(self) -> None:
        self._depth.set(self.queue.depth)
        self._bell.ring()

    # What runs them

    async def _dispatch(self, tasks: asyncio.TaskGroup, passes: set[asyncio.Task[None]]) -> None:
        slots = self._around.slots
        while True:
            self.queue.wake(self._clock.elapsed())
            if not self._may_run or not self.queue.has_ready:
                due = self.queue.next_due()
                await self._bell.wait(None if due is None else due - self._clock.elapsed())
                continue
            await slots.acquire()
            job = self.queue.next() if self._may_run else None
            if job is None:
                slots.release()
                continue
            task = tasks.create_task(self._run(job), name=f"pass {job.primary}")
            passes.add(task)
            # Not in the task: one that is cancelled before its first step would never give the slot back.
            task.add_done_callback(passes.discard)
            task.add_done_callback(lambda _: slots.release())

    @property
    def _may_run(self) -> bool:
        return self.is_complete and self._around.facts.is_known

    async def _run(self, job: Job) -> None:
        started = self._clock.elapsed()
        work = self._work(job)
        MANDATE.set(Mandate(str(self.view.partition), work.fence.token, work.correlation))
        verdict = await self._attempt(work)
        outcome = await self._conclude(job, work, verdict)
        seconds = self._clock.elapsed() - started
        self._wake()
        report_pass(self._rules.service, work, verdict, outcome=outcome, seconds=seconds)

    async def _attempt(self, work: Work) -> Verdict:
        try:
            self._fence.check()
            return Verdict(await self._rules.primaries[work.primary.resource](work))
        except Exception as error:
            # The one place where everything is caught: no bug of a handler may end a partition.
            return verdict_of(error)

    async def _conclude(self, job: Job, work: Work, verdict: Verdict) -> str:
        """Turn an outcome into done, a timer or a dead letter, and return its name."""
        primary, now = job.primary, self._clock.elapsed()
        match verdict.outcome:
            case Done():
                self.queue.done(primary)
                return "done"
            case Retry(after=after, reason=reason):
                if after is not None:
                    self.queue.asked(primary, after, now=now)
                    return "retry"
                if verdict.counts and self.queue.is_last_chance(primary):
                    return await self._bury(job, work, reason)
                self.queue.failed(primary, now=now, jitter=self._around.dice.random(), counts=verdict.counts)
                return "retry"
            case Reject(reason=reason):
                return await self._bury(job, work, reason)
            case _:
                assert_never(verdict.outcome)

    async def _bury(self, job: Job, work: Work, reason: str) -> str:
        primary = job.primary
        if self.queue.is_news(primary, reason):
            try:
                await self._rules.on_dead_letter(primary, reason)
                await self._around.letters.put(
                    primary, reason, attempts=job.attempt, correlation=work.correlation, causation=work.cause
                )
            except TemporaryError:
                # Nobody knows of it yet, so it is not given up.
                jitter = self._around.dice.random()
                self.queue.failed(primary, now=self._clock.elapsed(), jitter=jitter)
                return "retry"
            except PermanentError as error:
                log.error("dead letter was refused", primary=str(primary), reason=str(error))
        self.queue.bury(primary, reason)
        return "rejected"

    def _work(self, job: Job) -> Work:
        return Work(
            primary=job.primary,
            view=self._pass_view(job.primary),
            fence=self._fence,
            trigger=job.trigger,
            cause=job.cause,
            correlation=self._correlation(job.primary),
            facts=self._around.facts.values,
            attempt=job.attempt,
        )

    def _pass_view(self, primary: Ref | None) -> PassView:
        return PassView(self.view, lambda effect: self._queue(effect, but=primary))

    def _correlation(self, primary: Ref) -> str:
        """Return the id of the edit: that of the graph whose key the primary shares, else its own."""
        placed = self.view.placed(primary)
        if placed is None:
            return ""
        key = placed.place.own
        graph = self.view.get(Ref(GRAPHS, key.namespace, key.name)) if key and key.kind == GRAPHS.plural else None
        entry = graph or placed.entry
        return correlation_id(entry.uid, entry.generation)

    def _on_arrival(self, message: StoredMessage) -> None:
        if self.is_complete:
            self._lag.observe(max(0.0, (self._clock.now() - message.time).total_seconds()))
