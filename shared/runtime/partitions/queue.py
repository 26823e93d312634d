"""Which primary is next: one pass per primary at a time, edits before children before retries before sweeps.

Pure state over times that the caller gives. Events of one primary coalesce; what comes while its pass runs makes one
more pass. Failures in a row grow the delay and end, at the tenth, in a dead letter; then only an event or the sweep
makes a further pass. A retry that names its own delay is no failure: the pass asks for something and waits for it.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from shared.core.resources import Ref
from shared.ports.passes import Trigger

# What was begun is brought further before the next edit begins: one graph after the other is done, rather than all of
# them half, and what the steps before have read is still at hand.
PRIORITY: dict[Trigger, int] = {"step": 0, "edit": 1, "replay": 1, "child": 2, "fact": 3, "retry": 3, "sweep": 4}
BY_A_PERSON: frozenset[Trigger] = frozenset({"step", "edit", "replay"})
FIRST_RETRY = 1.0
LONGEST_RETRY = 300.0
FAILURES_TO_DEAD_LETTER = 10


def retry_delay(failures: int, jitter: float) -> float:
    """Return the seconds before the next try: 1 s doubling to 5 min, less up to a quarter by a jitter in [0, 1)."""
    longest = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 16))
    return longest * (1 - jitter / 4)


@dataclass(frozen=True, slots=True)
class Job:
    """One pass that should run now."""

    primary: Ref
    trigger: Trigger
    cause: str
    attempt: int


@dataclass(slots=True)
class _Item:
    """What is known of one primary that waits, runs or has failed."""

    waiting: Trigger | None = None
    cause: str = ""
    waiting_since: float = 0.0
    running_since: float = 0.0
    is_running: bool = False
    due: float | None = None  # of its timer
    due_trigger: Trigger = "retry"
    attempts: int = 0  # passes in a row that did not end in done
    failures: int = 0
    is_dead: bool = False
    reason: str = ""  # of its dead letter

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is left to remember."""
        return self.waiting is None and not self.is_running and self.due is None and not self.attempts


@dataclass(slots=True)
class PassQueue:
    """The primaries of one partition that wait for a pass."""

    _items: dict[Ref, _Item] = field(default_factory=dict)
    _ready: tuple[deque[Ref], ...] = field(default_factory=lambda: tuple(deque() for _ in {*PRIORITY.values()}))
    _timers: list[tuple[float, int, Ref]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _depth: int = 0

    @property
    def depth(self) -> int:
        """Return how many primaries wait for a pass."""
        return self._depth

    @property
    def is_idle(self) -> bool:
        """Return whether no pass waits or runs; timers may be set."""
        return all(item.waiting is None and not item.is_running for item in self._items.values())

    @property
    def dead(self) -> list[Ref]:
        """Return the primaries that were given up until something changes."""
        return [ref for ref, item in list(self._items.items()) if item.is_dead]

    @property
    def running(self) -> int:
        """Return how many passes run."""
        return sum(item.is_running for item in list(self._items.values()))

    def longest_wait(self, now: float) -> float:
        """Return for how many seconds the oldest primary has been waiting for a pass; 0 when none waits."""
        # Copied in one step: whoever reads metrics does so in another thread.
        since = (item.waiting_since for item in list(self._items.values()) if item.waiting is not None)
        return now - min(since, default=now)

    def longest_pass(self, now: float) -> float:
        """Return for how many seconds the oldest pass has been running; 0 when none runs."""
        since = (item.running_since for item in list(self._items.values()) if item.is_running)
        return now - min(since, default=now)

    def add(self, primary: Ref, trigger: Trigger, *, now: float, cause: str = "") -> None:
        """Queue a primary now; its timer, if one runs, is not needed any more."""
        item = self._items.setdefault(primary, _Item())
        item.due = None
        if trigger in BY_A_PERSON:
            # What a person changed or asked for deserves all tries again; what children do must not undo the back-off.
            item.attempts = item.failures = 0
            item.is_dead, item.reason = False, ""
        if item.waiting is None:
            self._depth += 1
            item.waiting_since = now
        is_more_urgent = item.waiting is None or PRIORITY[trigger] < PRIORITY[item.waiting]
        if is_more_urgent:
            item.waiting = trigger
            item.cause = cause or item.cause
            if not item.is_running:
                self._ready[PRIORITY[trigger]].append(primary)

    def add_later(self, primary: Ref, trigger: Trigger, due: float, *, cause: str = "") -> None:
        """Queue a primary at a time, unless it waits already or comes sooner."""
        item = self._items.setdefault(primary, _Item())
        if item.waiting is None and (item.due is None or due < item.due):
            item.cause = cause or item.cause
            self._set_timer(primary, item, trigger, due)

    def add_all(self, primaries: Iterable[Ref], trigger: Trigger, *, now: float) -> None:
        """Queue many primaries now."""
        for primary in primaries:
            self.add(primary, trigger, now=now)

    def wake(self, now: float) -> None:
        """Queue the primaries whose timers have come."""
        while self._timers and self._timers[0][0] <= now:
            due, _, primary = heapq.heappop(self._timers)
            item = self._items.get(primary)
            if item is not None and item.due == due:
                self.add(primary, item.due_trigger, now=now)

    def next_due(self) -> float | None:
        """Return when the next timer comes."""
        while self._timers:
            due, _, primary = self._timers[0]
            item = self._items.get(primary)
            if item is not None and item.due == due:
                return due
            heapq.heappop(self._timers)  # cancelled
        return None

    @property
    def has_ready(self) -> bool:
        """Return whether a pass can run now."""
        return self._peek() is not None

    def next(self, now: float) -> Job | None:
        """Take the most urgent primary that no pass runs for."""
        primary = self._peek()
        if primary is None:
            return None
        item = self._items[primary]
        trigger = item.waiting
        assert trigger is not None
        self._ready[PRIORITY[trigger]].popleft()
        job = Job(primary, trigger, item.cause, item.attempts + 1)
        item.waiting, item.cause, item.is_running, item.running_since = None, "", True, now
        self._depth -= 1
        return job

    def is_last_chance(self, primary: Ref) -> bool:
        """Return whether one more failure of a running primary is a new dead letter."""
        item = self._items[primary]
        return not item.is_dead and item.failures + 1 >= FAILURES_TO_DEAD_LETTER

    def is_news(self, primary: Ref, reason: str) -> bool:
        """Return whether a dead letter with this reason says what the last one did not."""
        item = self._items[primary]
        return not item.is_dead or item.reason != reason

    def done(self, primary: Ref) -> None:
        """End a pass that left nothing to do."""
        item = self._items[primary]
        item.attempts = item.failures = 0
        item.is_dead, item.reason = False, ""
        self._end(primary, item)

    def asked(self, primary: Ref, after: timedelta, *, now: float) -> None:
        """End a pass that waits for something; the next one comes after the delay it named, or with an event."""
        item = self._items[primary]
        item.attempts += 1
        item.failures = 0
        item.is_dead, item.reason = False, ""
        self._end(primary, item, due=now + after.total_seconds())

    def failed(self, primary: Ref, *, now: float, jitter: float, counts: bool = True) -> None:
        """End a pass that failed; a dead primary gets no timer."""
        item = self._items[primary]
        item.attempts += 1
        item.failures += counts
        due = None if item.is_dead else now + retry_delay(max(1, item.failures), jitter)
        self._end(primary, item, due=due)

    def bury(self, primary: Ref, reason: str) -> None:
        """End a pass whose primary is given up until an event or the sweep, or not, if an edit came meanwhile."""
        item = self._items[primary]
        if item.waiting not in BY_A_PERSON:  # which has its tries still before it
            item.attempts += 1
            item.failures += 1
            item.is_dead, item.reason = True, reason
        self._end(primary, item)

    def _end(self, primary: Ref, item: _Item, *, due: float | None = None) -> None:
        item.is_running = False
        if item.waiting is not None:
            self._ready[PRIORITY[item.waiting]].append(primary)
        elif due is not None and (item.due is None or due < item.due):  # what was queued meanwhile may come sooner
            self._set_timer(primary, item, "retry", due)
        elif item.is_idle:
            del self._items[primary]

    def _set_timer(self, primary: Ref, item: _Item, trigger: Trigger, due: float) -> None:
        item.due, item.due_trigger = due, trigger
        heapq.heappush(self._timers, (due, next(self._numbers), primary))

    def _peek(self) -> Ref | None:
        for priority, ready in enumerate(self._ready):
            while ready:
                item = self._items.get(ready[0])
                is_valid = item is not None and item.waiting is not None and not item.is_running
                if is_valid and item is not None and item.waiting and PRIORITY[item.waiting] == priority:
                    return ready[0]
                ready.popleft()  # taken already, or queued again with more urgency
        return None
