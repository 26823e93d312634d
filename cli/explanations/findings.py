"""What an explanation is made of: findings in tiers, and the words in which they are printed.

Separate from the judges so that the record that programs read (`dynamoctl explain -o json`) stands in one place.
Invariant: a finding names one object, quotes one fact and says what would change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, StrEnum

SCHEMA_VERSION = 1  # of the record; members are only ever added to a version
QUOTE_LIMIT = 400


class Tier(IntEnum):
    """Where on the way from the API write to Ready something is in the way; the first tier is told first."""

    ADMISSION = 1
    IMPOSSIBLE = 2
    QUOTA = 3
    NOT_NOW = 4
    ORCHESTRATOR = 5
    STARTED = 6

    @property
    def title(self) -> str:
        """Return the tier as a person reads it."""
        return _TITLES[self]


_TITLES: Mapping[Tier, str] = {
    Tier.ADMISSION: "admission and ownership",
    Tier.IMPOSSIBLE: "impossible here",
    Tier.QUOTA: "quota",
    Tier.NOT_NOW: "fits, but not now",
    Tier.ORCHESTRATOR: "scheduler or orchestrator",
    Tier.STARTED: "started but not ready",
}


class Certainty(StrEnum):
    """How sure a finding is."""

    CERTAIN = "certain"  # follows from what was read
    LIKELY = "likely"  # what was read fits it, and does not prove it


class Verdict(Enum):
    """What is said of the graph as a whole."""

    READY = "ready"
    STARTING = "starting"  # nothing is wrong; it is on its way
    BLOCKED = "blocked"
    MISSING = "missing"
    UNKNOWN = "unknown"  # it could not be found out


@dataclass(frozen=True, slots=True)
class Thing:
    """The object that blocks: something in the cluster, or a part of the platform (then without a namespace)."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """Return it as a person names it, such as `Pod demo/chat-decode-x`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is in the way, or would be."""

    tier: Tier
    code: str
    thing: Thing
    evidence: str  # a sentence with the quoted fact
    remedy: str  # what would unblock it
    command: str = ""  # that does it, or shows more
    since: datetime | None = None
    certainty: Certainty = Certainty.CERTAIN
    is_blocking: bool = True
    is_passing: bool = False  # it goes by itself: part of every start
    further: int = 0  # more objects of which the same is true

    def record(self) -> dict[str, object]:
        """Return the finding as programs read it."""
        return {
            "tier": int(self.tier),
            "tierName": self.tier.title,
            "code": self.code,
            "object": {"kind": self.thing.kind, "namespace": self.thing.namespace, "name": self.thing.name},
            "since": self.since.isoformat() if self.since else None,
            "evidence": self.evidence,
            "remedy": self.remedy,
            "command": self.command,
            "certainty": self.certainty.value,
            "further": self.further,
        }


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """How many pods of one service of the graph are ready."""

    name: str
    ready: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Step:
    """One of the last decisions about the graph."""

    at: datetime
    service: str
    about: str
    decision: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer to `why is this graph not ready`."""

    namespace: str
    name: str
    verdict: Verdict
    state: str = ""
    since: datetime | None = None
    generation: int = 0
    observed_generation: int = 0
    cause: Finding | None = None
    also: Sequence[Finding] = ()  # what blocks as well, and would still when the cause is gone
    notes: Sequence[Finding] = ()  # what does not block this graph now
    services: Sequence[ServiceRow] = ()
    steps: Sequence[Step] = ()
    similar: Sequence[str] = ()  # graphs with a name like this one
    unread: Mapping[str, str] = field(default_factory=dict)  # what could not be read, and why

    def record(self) -> dict[str, object]:
        """Return the explanation as programs read it."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "namespace": self.namespace,
            "name": self.name,
            "verdict": self.verdict.value,
            "state": self.state,
            "since": self.since.isoformat() if self.since else None,
            "generation": self.generation,
            "observedGeneration": self.observed_generation,
            "cause": self.cause.record() if self.cause else None,
            "also": [each.record() for each in self.also],
            "notes": [each.record() for each in self.notes],
            "services": [{"name": each.name, "ready": each.ready, "wanted": each.wanted} for each in self.services],
            "decisions": [
                {
                    "time": each.at.isoformat(),
                    "service": each.service,
                    "object": each.about,
                    "decision": each.decision,
                    "message": each.message,
                }
                for each in self.steps
            ],
            "similar": list(self.similar),
            "unread": dict(self.unread),
        }


def quoted(fact: str) -> str:
    """Return a fact in quotation marks, on one line and not longer than anybody reads."""
    line = " ".join(fact.split())
    return f'"{line if len(line) <= QUOTE_LIMIT else line[:QUOTE_LIMIT] + "..."}"'
