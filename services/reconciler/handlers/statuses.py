"""Writing the status of a primary: only when it says something else than before, and only of the newest generation.

What a person waits for (state, readiness, a failure, a new generation) is written at once. The finer steps of a rollout
follow each other within tens of milliseconds: they are written when they have stood for a moment, so that a healthy
rollout costs two writes and a stuck one still says what it is stuck at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from services.reconciler.handlers.events import EventRecorder
from services.reconciler.status.components import AVAILABLE
from services.reconciler.status.conditions import STALLED
from services.reconciler.status.graphs import FAILED
from services.reconciler.status.notes import status_notes
from services.reconciler.status.stamping import stamped, status_digest
from shared.contracts.ownership import STATUS
from shared.contracts.subjects import dead_letter_subject
from shared.core.errors import ConflictError
from shared.core.json import Manifest, integer, items, mapping, text
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.resources import Ref
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Entry, Work

log = structlog.get_logger()

DONE = Done()


def entry_manifest(entry: Entry) -> Manifest:
    """Return what the view knows of an object in the shape of a manifest."""
    return {
        "apiVersion": entry.ref.resource.api_version,
        "kind": entry.ref.resource.kind,
        "metadata": {
            "name": entry.ref.name,
            "namespace": entry.ref.namespace,
            "uid": entry.uid,
            "generation": entry.generation,
        },
        **entry.summary,
    }


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a status: the answer where one was written, the outcome of the pass in any case."""

    outcome: Outcome = DONE
    answer: Manifest | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """A finer step that waits to be written, and since when there has been such a one."""

    digest: str
    since: float
    first: float


@dataclass(slots=True)
class Statuses:
    """The one writer of the statuses of graphs and components."""

    cluster: Cluster
    clock: Clock
    decisions: Decisions
    recorder: EventRecorder
    patience: timedelta = timedelta(seconds=1)  # for which a finer step has to stand
    longest: timedelta = timedelta(seconds=5)  # for which steps that follow each other may go unsaid
    _put_off: dict[Ref, _Step] = field(default_factory=dict)

    async def report(self, work: Work, status: Manifest) -> Reported:
        """Write a status if it differs from what the view holds.

        Guarded by uid and resourceVersion: a conflict means that the object has changed, its event is on the way and
        queues the next pass, so what was computed is dropped.
        """
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or entry.generation != status["observedGeneration"]:
            self._put_off.pop(work.primary, None)
            return Reported()
        previous = dict(mapping(entry.summary, "status"))
        said = status_digest(status)
        if status_digest(previous) == said:
            self._put_off.pop(work.primary, None)
            return Reported()
        left = timedelta(0) if is_urgent(previous, status) else self._time_left(work.primary, said)
        if left > timedelta(0):
            return Reported(Retry("a step of the rollout is reported if it lasts", left))
        return await self._write(work, entry, previous, status)

    def forget(self, primary: Ref) -> None:
        """Forget the step that waits to be told of an object that is gone."""
        self._put_off.pop(primary, None)

    def _time_left(self, primary: Ref, said: str) -> timedelta:
        """Return how long a finer step still has to stand before it is written."""
        now = self.clock.elapsed()
        step = self._put_off.get(primary)
        if step is None or step.digest != said:
            step = self._put_off[primary] = _Step(said, now, step.first if step is not None else now)
        due = min(step.since + self.patience.total_seconds(), step.first + self.longest.total_seconds())
        return timedelta(seconds=due - now)

    async def _write(self, work: Work, entry: Entry, previous: Manifest, status: Manifest) -> Reported:
        work.fence.check()
        now = self.clock.now()
        try:
            answer = await self.cluster.apply(
                {
                    "apiVersion": entry.ref.resource.api_version,
                    "kind": entry.ref.resource.kind,
                    "metadata": {
                        "name": entry.ref.name,
                        "namespace": entry.ref.namespace,
                        "uid": entry.uid,
                        "resourceVersion": str(entry.version),
                    },
                    "status": stamped(status, previous, now),
                },
                manager=STATUS,
                subresource="status",
            )
        except ConflictError as conflict:
            log.debug("status is dropped: the object has changed", object=str(entry.ref), reason=str(conflict))
            return Reported()
        self._put_off.pop(work.primary, None)
        work.view.was_written(answer)
        self._tell(work, previous, status)
        if is_top(entry):
            for note in status_notes(entry.ref.resource.kind, entry.ref.name, previous, status):
                self.recorder.record(note, entry_manifest(entry))
        return Reported(answer=answer)

    def _tell(self, work: Work, before: Manifest, after: Manifest) -> None:
        changed = changed_conditions(before, after)
        told = [f"{text(each, 'type')} {text(each, 'status')} ({text(each, 'reason')})" for each in changed]
        why = next((message for each in changed if (message := _explanation(each))), "")
        state = text(after, "state")
        if state and state != text(before, "state"):
            told.insert(0, state)
        message = ", ".join(told) + (f": {why}" if why else "")
        facts = {"state": state, "conditions": [dict(mapping(each)) for each in changed]}
        self.decisions.record(
            Decision(work.primary, "reported", message, correlation=work.correlation, causation=work.cause, facts=facts)
        )


def changed_conditions(before: Manifest, after: Manifest) -> list[object]:
    """Return the conditions whose status or reason differs from before."""
    known = {text(each, "type"): (text(each, "status"), text(each, "reason")) for each in items(before, "conditions")}
    return [
        each
        for each in items(after, "conditions")
        if known.get(text(each, "type")) != (text(each, "status"), text(each, "reason"))
    ]


def is_urgent(before: Manifest, after: Manifest) -> bool:
    """Return whether a status tells something that a person waits for, and not just the next step of a rollout."""
    if text(before, "state") != text(after, "state"):
        return True
    if before.get("observedGeneration") != after.get("observedGeneration"):
        return True
    known = {text(each, "type"): text(each, "status") for each in items(before, "conditions")}
    return any(known.get(text(each, "type")) != text(each, "status") for each in items(after, "conditions"))


def is_top(entry: Entry) -> bool:
    """Return whether nothing above an object reports for it: the Events of a graph's component are the graph's."""
    return entry.owner is None


def has_told(entry: Entry) -> bool:
    """Return whether an object's status is of its newest generation; a write that is tried again is no news for it."""
    return integer(entry.summary, "status", "observedGeneration") == entry.generation


def tells_of_failure(entry: Entry) -> bool:
    """Return whether an object's status says of its newest generation that a pass failed, whatever the cause."""
    if not has_told(entry):
        return False
    status = mapping(entry.summary, "status")
    told = {text(each, "type"): (text(each, "status"), text(each, "reason")) for each in items(status, "conditions")}
    is_stalled = told.get(STALLED, ("", ""))[0] == "True"
    return is_stalled or text(status, "state") == FAILED or told.get(AVAILABLE) == ("False", "Reconciling")


def letter_of(work: Work) -> str:
    """Return the subject of the dead letter of a primary."""
    return dead_letter_subject("reconciler", work.primary)


def _explanation(condition: object) -> str:
    is_bad_news = (text(condition, "type"), text(condition, "status")) in (("Reconciling", "True"), ("Stalled", "True"))
    return text(condition, "message") if is_bad_news else ""
