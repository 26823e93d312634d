"""One finding: what was looked at, what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error stops something, a warning will or may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Topic(StrEnum):
    """What can be asked for alone, in the order in which it is shown: what is first may explain what follows."""

    STACK = "stack"
    CLUSTER = "cluster"
    NATS = "nats"
    ETCD = "etcd"
    MEMBERS = "members"
    CLAIMS = "claims"
    WATCHER = "watcher"
    LAG = "lag"
    WEBHOOK = "webhook"
    LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: Topic
    severity: Severity
    subject: str  # the object, such as `stream DYNAMO_CHANGES`
    seen: str
    todo: str = ""  # empty when nothing has to be done

    def record(self) -> dict[str, str]:
        """Return the finding for machines."""
        return asdict(self)


def ok(topic: Topic, subject: str, seen: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(topic, Severity.OK, subject, seen)


def warning(topic: Topic, subject: str, seen: str, todo: str) -> Finding:
    """Return that something will, or may, stop something."""
    return Finding(topic, Severity.WARNING, subject, seen, todo)


def error(topic: Topic, subject: str, seen: str, todo: str) -> Finding:
    """Return that something stops something."""
    return Finding(topic, Severity.ERROR, subject, seen, todo)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names in a row, the first of them where there are many."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
