"""The partition loop: view, router, queue, handler, outcome.

One object lives as long as one claim. It may lose everything it remembers at any time: a new one reads the view
anew and queues every primary. Invariants: no pass before the view is complete and the facts are known, one pass per
primary at a time, and whatever a handler does ends in done, a timer or a dead letter, never in a stopped partition.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

import structlog

from shared.contracts.envelope import correlation_id
from shared.core.errors import LeaseLostError, PermanentError, TemporaryError
from shared.core.outcomes import Done, Outcome, Reject, Retry
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import EventLog, StoredMessage
from shared.ports.clock import Clock
from shared.ports.mandates import MANDATE, Mandate
from shared.ports.passes import Fence, Trigger, Work
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.partitions import metrics
from shared.runtime.partitions.bell import Alarm, Bell, finish_or_cancel
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

CLAIM_LOOK = 0.5  # seconds, while passes wait for a claim that is in doubt


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
        self._lag = metrics.EVENT_LAG_SECONDS.labels(around.rules.service)

    @property
    def is_complete(self) -> bool:
        """Return whether the view is complete, so that passes run."""
        return self.feed.is_complete

    @property
    def waits_for(self) -> str:
        """Return what keeps passes from running, or an empty text."""
        if not self.is_complete:
            return self.feed.waits_for
        if not self._around.facts.is_known:
            return "facts that nobody has read yet"
        return "" if self._holds else "a claim that surely holds: the ownership store was not heard of for too long"

    def replay(self, primary: Ref) -> bool:
        """Queue a primary with all its tries, as an edit would; return whether it is one that is passed over here."""
        if primary.resource not in self._rules.primaries:
            return False
        self.queue.add(primary, "replay", now=self._clock.elapsed())
        self._bell.ring()
        return True

    async def run(self, leaving: asyncio.Event) -> None:
        """Run passes until told to leave; then finish those in hand."""
        facts = self._around.facts
        facts.listeners.append(self._on_facts)
        try:
            with metrics.partition_gauges(self._rules.service, self.view.partition, self._readings()):
                await self._run_until(leaving)
        finally:
            facts.listeners.remove(self._on_facts)

    async def _run_until(self, leaving: asyncio.Event) -> None:
        passes = set[asyncio.Task[None]]()
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

    def _readings(self) -> metrics.Readings:
        return {
            metrics.QUEUED: lambda: self.queue.depth,
            metrics.OLDEST_QUEUED_SECONDS: lambda: self.queue.longest_wait(self._clock.elapsed()),
            metrics.OLDEST_PASS_SECONDS: lambda: self.queue.longest_pass(self._clock.elapsed()),
            metrics.GIVEN_UP: lambda: len(self.queue.dead),
            metrics.VIEW_ENTRIES: lambda: len(self.view),
        }

    # What queues passes

    def _on_effect(self, effect: Effect) -> None:
        # Before it is complete, completeness itself queues every primary that is there; what is gone is only seen here.
        if self._was_complete or effect.after is None:
            self._queue(effect)

    def _queue(self, effect: Effect, *, but: Ref | None = None) -> None:
        now = self._clock.elapsed()
        rules = self._rules
        for queued in concerned(effect, rules.router, heeds_progress=rules.heeds_progress):
            # The answer of an own write may show an edit that no event has told of: that one makes a further pass.
            if queued.primary != but or queued.trigger == "edit":
                is_step = but is not None and queued.primary != but and queued.trigger == "edit"
                trigger: Trigger = "step" if is_step else queued.trigger
                if queued.gather:
                    due = now + queued.gather.total_seconds()
                    self.queue.add_later(queued.primary, trigger, due, cause=effect.cause)
                else:
                    self.queue.add(queued.primary, trigger, now=now, cause=effect.cause)
                self._bell.ring()

    def _on_complete(self, is_complete: bool) -> None:
        self._was_complete = self._was_complete or is_complete
        if is_complete:
            self.queue.add_all(self._primaries(), "sweep", now=self._clock.elapsed())
            log.info("view is complete", partition=self.view.partition, entries=len(self.view))
        self._around.on_progress()
        self._bell.ring()

    def _on_facts(self, names: frozenset[str]) -> None:
        primaries, spread = self._primaries(), self._around.options.fact_spread.total_seconds()
        due = self._clock.elapsed() + spread * self._around.dice.random()
        for name in sorted(names):
            for primary in self._rules.concerned_by_fact(name, primaries, self._pass_view(None)):
                self.queue.add_later(primary, "fact", due)
        self._bell.ring()

    async def _sweep(self) -> None:
        """Queue every primary now and then, the dead-lettered ones too; first make up for events that got lost."""
        options = self._around.options
        while True:
            await self._clock.sleep(options.sweep * self._around.dice.uniform(0.8, 1.2))
            if self.is_complete:
                await self._refresh(options.refresh_deadline)
            self.queue.add_all([*self._primaries(), *self.queue.dead], "sweep", now=self._clock.elapsed())
            self._bell.ring()

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

    # What runs them

    async def _dispatch(self, tasks: asyncio.TaskGroup, passes: set[asyncio.Task[None]]) -> None:
        slots, alarm = self._around.slots, Alarm(self._bell, self._clock, tasks)
        try:
            while True:
                self.queue.wake(self._clock.elapsed())
                if not self._may_run or not self.queue.has_ready:
                    alarm.set(self.queue.next_due())
                    if self.queue.has_ready and not self._holds:
                        alarm.set(self._clock.elapsed() + CLAIM_LOOK)
                    await self._bell.wait()
                    continue
                await slots.acquire()
                job = self.queue.next(self._clock.elapsed()) if self._may_run else None
                if job is None:
                    slots.release()
                    continue
                task = tasks.create_task(self._run(job), name=f"pass {job.primary}")
                passes.add(task)
                # Not in the task: one that is cancelled before its first step would never give the slot back.
                task.add_done_callback(passes.discard)
                task.add_done_callback(lambda _: slots.release())
        finally:
            alarm.stop()

    @property
    def _may_run(self) -> bool:
        return self.is_complete and self._around.facts.is_known and self._holds

    @property
    def _holds(self) -> bool:
        """Return whether a pass may write at all. One that may not would only be put off for longer and longer."""
        try:
            self._fence.check()
        except LeaseLostError:
            return False
        return True

    async def _run(self, job: Job) -> None:
        started = self._clock.elapsed()
        work = self._work(job)
        MANDATE.set(Mandate(str(self.view.partition), work.fence.token, work.correlation))
        verdict = await self._attempt(lambda: self._rules.primaries[work.primary.resource](work))
        outcome = await self._conclude(job, work, verdict)
        seconds = self._clock.elapsed() - started
        self._bell.ring()
        report_pass(self._rules.service, work, verdict, outcome=outcome, seconds=seconds)

    async def _attempt(self, act: Callable[[], Awaitable[Outcome]]) -> Verdict:
        try:
            self._fence.check()
            return Verdict(await act())
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
        told = await self._attempt(lambda: self._rules.on_dead_letter(work, reason))
        if isinstance(told.outcome, Reject) or told.error is not None:
            log.error("dead letter is not shown on its object", primary=str(primary), exc_info=told.error)
        is_put_off = isinstance(told.outcome, Retry) and told.error is None
        if is_put_off or not await self._is_stored(job, work, reason):
            # Not everybody who should knows of it yet, so it is not given up.
            self.queue.failed(primary, now=self._clock.elapsed(), jitter=self._around.dice.random())
            return "retry"
        self.queue.bury(primary, reason)
        return "rejected"

    async def _is_stored(self, job: Job, work: Work, reason: str) -> bool:
        """Store a dead letter that says something new; return whether nothing more can be done for it."""
        if not self.queue.is_news(job.primary, reason):
            return True
        try:
            await self._around.letters.put(
                job.primary, reason, attempts=job.attempt, correlation=work.correlation, causation=work.cause
            )
        except TemporaryError:
            return False
        except PermanentError as error:
            log.error("dead letter was refused", primary=str(job.primary), reason=str(error))
        return True

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
