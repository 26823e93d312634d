"""Which Events matter when two recordings are compared, and what each of them tells.

The reference tells of every step of every object ("Creating a new", "Skipping update"), of its own conflicts, and by
the namespace instead of the name (W-29, OB-03, OB-04). What a user reads the Events of a graph for stays: what was
made, what went wrong. A graph's accounts are made by another service, which tells of them in its decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.core.resources import GRAPHS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS

_EVENT = re.compile(r"(?P<kind>\w+)/(?P<name>\S+) (?P<type>\w+) (?P<reason>\w+): (?P<message>.*)", re.DOTALL)
_MADE = re.compile(r"(?:Created |; )(?P<kind>\w+)")
_CONFLICT = re.compile(r"object has been modified|already exists")
_OF_ANOTHER_ROOM = frozenset({SERVICE_ACCOUNTS.kind, ROLES.kind, ROLE_BINDINGS.kind})


def told_of(events: Iterable[str]) -> set[str]:
    """Return what matters in events, each as `Kind/name: reason`; one that tells of several kinds says each."""
    return {told for event in events for told in _told(event)}


def _told(event: str) -> list[str]:
    found = _EVENT.fullmatch(event)
    if found is None or found["kind"] != GRAPHS.kind:
        return []
    subject = f"{found['kind']}/{found['name']}"
    if found["type"] == "Warning":
        return [] if _CONFLICT.search(found["message"]) else [f"{subject}: {found['reason']}"]
    kinds = [each["kind"] for each in _MADE.finditer(found["message"])] if found["reason"].startswith("Create") else []
    return [f"{subject}: Create{kind}" for kind in kinds if kind not in _OF_ANOTHER_ROOM]
