"""Which Kubernetes Events a pass gives: what a person would act on or wants to know, and nothing else (OB-03).

Changes of one pass are told together, with the reason that the reference has for the first of them. What a status
says twice is told once: only a change of a condition is an Event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal

from services.reconciler.desired.cautions import Caution
from services.reconciler.status.conditions import READY, STALLED
from shared.core.json import Manifest, digest, items, text
from shared.core.objects import name_of, namespace_of
from shared.core.resources import COMPONENTS, EVENTS, GRAPHS

Verb = Literal["created", "updated", "deleted"]
MAX_MESSAGE = 1024
COMPONENT_NAME = "dynamo-reconciler"

_REASONS = {"created": "Create", "updated": "Update", "deleted": "Delete"}
_INFINITIVES = {"created": "create", "updated": "update", "deleted": "delete"}
_ORDER = ("created", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Change:
    """One child that a pass wrote; with an error it tried to."""

    verb: Verb
    kind: str
    name: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One Event to be."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def change_notes(changes: Sequence[Change]) -> list[Note]:
    """Return one Event for each verb that succeeded, and one for each failure."""
    done = sorted((change for change in changes if not change.error), key=lambda each: _ORDER.index(each.verb))
    notes = [_told_together(verb, list(group)) for verb, group in groupby(done, key=lambda each: each.verb)]
    return notes + [_failure(change) for change in changes if change.error]


def caution_notes(cautions: Sequence[Caution]) -> list[Note]:
    """Return one Event for each thing that a person should know of what was made."""
    return [Note("Warning", caution.code, caution.text) for caution in cautions]


def adapter_notes(orphans: Mapping[str, str]) -> list[Note]:
    """Return an Event for each scaling adapter that went because its service did; by name, with that service."""
    return [
        Note("Normal", "AdapterDeleted", f"Deleted orphaned scaling adapter {name} for removed service {service}")
        for name, service in sorted(orphans.items())
    ]


def status_notes(kind: str, name: str, previous: Manifest | None, current: Manifest) -> list[Note]:
    """Return the Events of what changed between two statuses of one graph or component."""
    before, after = _by_type(previous), _by_type(current)
    notes = []
    if _is_true(READY, after) and not _is_true(READY, before):
        notes.append(Note("Normal", "Ready", f"{_subject(kind)} {name} is ready"))
    invalid = text(after.get(READY), "reason") == "ValidationFailed"
    if invalid and text(before.get(READY), "message") != text(after[READY], "message"):
        bare = text(after[READY], "message").removeprefix("Validation failed: ")
        return [Note("Warning", "ValidationFailed", bare)]
    if _is_true(STALLED, after) and _message(before, STALLED) != _message(after, STALLED):
        reason = "ReconcileError" if kind == COMPONENTS.kind else text(after[STALLED], "reason")
        notes.append(Note("Warning", reason, _failure_text(kind, after)))
    return notes


def event(note: Note, regarding: Manifest, at: datetime, *, count: int = 1, first: datetime | None = None) -> Manifest:
    """Return the Event object of a note.

    The name is a function of what is said, so saying it again finds the same object, whose count then grows.
    """
    seen = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    started = (first or at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace, name = namespace_of(regarding), name_of(regarding)
    uid = text(regarding, "metadata", "uid")
    said = digest([uid or name, note.type, note.reason, note.message])
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{name[:200]}.{said}", "namespace": namespace},
        "involvedObject": {
            "apiVersion": text(regarding, "apiVersion"),
            "kind": text(regarding, "kind"),
            "namespace": namespace,
            "name": name,
            **({"uid": uid} if uid else {}),
        },
        "type": note.type,
        "reason": note.reason,
        "message": note.message[:MAX_MESSAGE],
        "count": count,
        "firstTimestamp": started,
        "lastTimestamp": seen,
        "source": {"component": COMPONENT_NAME},
    }


def _told_together(verb: str, changes: list[Change]) -> Note:
    by_kind: dict[str, list[str]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change.name)
    named = "; ".join(f"{kind} {', '.join(sorted(names))}" for kind, names in by_kind.items())
    return Note("Normal", f"{_REASONS[verb]}{changes[0].kind}", f"{verb.capitalize()} {named}")


def _failure(change: Change) -> Note:
    action = _INFINITIVES[change.verb]
    message = f"Failed to {action} {change.kind} {change.name}: {change.error}"
    return Note("Warning", f"{_REASONS[change.verb]}{change.kind}", message)


def _subject(kind: str) -> str:
    return "Graph" if kind == GRAPHS.kind else "Component"


def _failure_text(kind: str, conditions: dict[str, object]) -> str:
    """Return the reference's own words where the object has them, else ours."""
    own = text(conditions.get(READY), "message")
    is_exact = kind == COMPONENTS.kind and own.startswith("Failed to reconcile")
    return own if is_exact else _message(conditions, STALLED)


def _by_type(status: Manifest | None) -> dict[str, object]:
    return {text(entry, "type"): entry for entry in items(status, "conditions")}


def _message(conditions: dict[str, object], kind: str) -> str:
    return text(conditions.get(kind), "message")


def _is_true(kind: str, conditions: dict[str, object]) -> bool:
    return text(conditions.get(kind), "status") == "True"
