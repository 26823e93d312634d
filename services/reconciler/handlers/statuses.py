"""Writing the status of a primary: only when it says something else than before, and only of the newest generation."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from services.reconciler.handlers.events import EventRecorder
from services.reconciler.status.notes import status_notes
from services.reconciler.status.stamping import stamped, status_digest
from shared.contracts.ownership import STATUS
from shared.core.errors import ConflictError
from shared.core.json import Manifest, items, mapping, text
from shared.ports.clock import Clock
from shared.ports.cluster import Cluster
from shared.ports.passes import Decision, Decisions, Entry, Work

log = structlog.get_logger()


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
class Statuses:
    """The one writer of the statuses of graphs and components."""

    cluster: Cluster
    clock: Clock
    decisions: Decisions
    recorder: EventRecorder

    async def report(self, work: Work, status: Manifest) -> Manifest | None:
        """Write a status if it differs from what the view holds; return the answer where one was written.

        Guarded by uid and resourceVersion: a conflict means that the object has changed, its event is on the way and
        queues the next pass, so what was computed is dropped.
        """
        entry = work.view.get(work.primary)
        if entry is None or entry.is_deleting or entry.generation != status["observedGeneration"]:
            return None
        previous = dict(mapping(entry.summary, "status"))
        if status_digest(previous) == status_digest(status):
            return None
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
            return None
        work.view.was_written(answer)
        self._tell(work, previous, status)
        for note in status_notes(entry.ref.resource.kind, entry.ref.name, previous, status):
            self.recorder.record(note, entry_manifest(entry))
        return answer

    def _tell(self, work: Work, before: Manifest, after: Manifest) -> None:
        known = {text(each, "type"): each for each in items(before, "conditions")}
        for condition in items(after, "conditions"):
            kind, state, reason = (text(condition, key) for key in ("type", "status", "reason"))
            old = known.get(kind)
            if old is None or text(old, "status") != state or text(old, "reason") != reason:
                message = f"{kind} is {state} ({reason}): {text(condition, 'message')}"
                self._record(work, "condition", message, {"type": kind, "status": state, "reason": reason})
        if text(after, "state") and text(after, "state") != text(before, "state"):
            self._record(work, "state", text(after, "state"), {"state": text(after, "state")})

    def _record(self, work: Work, decision: str, message: str, facts: dict[str, object]) -> None:
        self.decisions.record(
            Decision(work.primary, decision, message, correlation=work.correlation, causation=work.cause, facts=facts)
        )
