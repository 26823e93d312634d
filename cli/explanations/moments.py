"""Reading moments out of Kubernetes objects, and how long ago they are in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.core.json import Manifest, items, mapping, text


def moment(value: object, *path: str) -> datetime | None:
    """Return the time at a path; None where there is none or it cannot be read."""
    found = text(value, *path)
    try:
        return datetime.fromisoformat(found) if found else None
    except ValueError:
        return None


def created(manifest: Manifest) -> datetime | None:
    """Return when an object was created."""
    return moment(manifest, "metadata", "creationTimestamp")


def condition(manifest: object, kind: str) -> dict[str, object]:
    """Return a condition of an object, empty where it has none of that type."""
    found = (mapping(each) for each in items(manifest, "status", "conditions") if text(each, "type") == kind)
    return dict(next(found, {}))


def is_true(manifest: object, kind: str) -> bool:
    """Return whether a condition holds."""
    return text(condition(manifest, kind), "status") == "True"


def changed(condition_of: object) -> datetime | None:
    """Return since when a condition is what it is."""
    return moment(condition_of, "lastTransitionTime")


def last_seen(event: Manifest) -> datetime | None:
    """Return when an Event was last seen."""
    for field in ("lastTimestamp", "eventTime", "firstTimestamp"):
        found = moment(event, field)
        if found is not None:
            return found
    return created(event)


def first_seen(event: Manifest) -> datetime | None:
    """Return when an Event was first seen."""
    return moment(event, "firstTimestamp") or last_seen(event)


def newest_event(events: Iterable[Manifest], uid: str, reasons: Iterable[str]) -> Manifest | None:
    """Return the Event about an object that was seen last, among some reasons."""
    wanted = frozenset(reasons)
    found = [each for each in events if text(each, "involvedObject", "uid") == uid and text(each, "reason") in wanted]
    return max(found, key=lambda each: str(last_seen(each) or ""), default=None)


def ago(since: datetime, now: datetime) -> str:
    """Return how long ago something was, in the largest unit that says something."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
