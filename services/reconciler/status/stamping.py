"""When conditions changed: times are added last, by comparing a status with the one before.

Everything else about a status is a function of what was observed. Keeping time out of it lets two statuses be
compared by digest, so that a pass which would say the same again writes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from shared.core.json import Manifest, digest, items, mapping, text

_TIME = "lastTransitionTime"


def stamped(status: Manifest, previous: Manifest | None, at: datetime) -> Manifest:
    """Return a status whose conditions carry the time at which their status last changed."""
    before = {text(entry, "type"): mapping(entry) for entry in items(previous, "conditions")}
    now = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = []
    for condition in status["conditions"]:
        old = before.get(condition["type"], {})
        is_unchanged = old.get("status") == condition["status"]
        conditions.append({**condition, _TIME: (text(old, _TIME) if is_unchanged else "") or now})
    return {**status, "conditions": conditions}


def status_digest(status: Manifest | None) -> str:
    """Return what identifies a status apart from its times; the order of its conditions does not count."""
    conditions = [
        {key: value for key, value in mapping(entry).items() if key != _TIME} for entry in items(status, "conditions")
    ]
    ordered = sorted(conditions, key=lambda entry: text(entry, "type"))
    return digest({**(status or {}), "conditions": ordered})
