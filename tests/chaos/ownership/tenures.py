"""Who held which unit from when to when, read off the claims of a history: pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

from tests.chaos.ownership.records import Claimed, Disturbed, Ended, Freed, Record, Slept


@dataclass(frozen=True, slots=True)
class Tenure:
    """One holder of one unit, from its claim to the claim's end."""

    service: str
    unit: str
    member: str
    token: int
    taken_at: float
    freed_at: float = math.inf
    freed_revision: float = math.inf

    def holds_at(self, at: float, slack: float) -> bool:
        """Return whether the claim was there at a moment, as far as two clocks can be compared."""
        return self.taken_at - slack <= at <= self.freed_at + slack

    def holds_when(self, revision: int) -> bool:
        """Return whether the claim was there at a revision of the store."""
        return self.token < revision < self.freed_revision


@dataclass(slots=True)
class Tenures:
    """All tenures of a history by token, which names one holder of one unit for ever."""

    by_token: dict[int, Tenure] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Tenures:
        """Read the tenures off the claims, in etcd's order."""
        found = cls()
        holders: dict[tuple[str, str], int] = {}
        changes = [each for each in records if isinstance(each, Claimed | Freed)]
        for change in sorted(changes, key=lambda each: each.revision):
            unit = (change.service, change.unit)
            if isinstance(change, Claimed):
                if change.token not in found.by_token:
                    holders[unit] = change.token
                    found.by_token[change.token] = Tenure(*unit, change.member, change.token, change.at)
            elif (token := holders.pop(unit, None)) is not None:
                ended = replace(found.by_token[token], freed_at=change.at, freed_revision=change.revision)
                found.by_token[token] = ended
        return found

    def holder_at(self, unit: str, at: float) -> Tenure | None:
        """Return who held a unit at a moment."""
        return next((each for each in self.by_token.values() if each.unit == unit and each.holds_at(at, 0.0)), None)

    @property
    def handovers(self) -> int:
        """Return how often a unit that somebody had held before was taken."""
        return len(self.by_token) - len({(each.service, each.unit) for each in self.by_token.values()})

    def takeovers(self, records: Sequence[Record], ttl: timedelta) -> list[float]:
        """Return the seconds from each death or falling asleep of a holder to the next claim on what it held.

        Only where nothing else happened meanwhile, or shortly before: no server away, no other replica dead or asleep.
        """
        lines: dict[tuple[str, str], list[Tenure]] = {}
        for tenure in sorted(self.by_token.values(), key=lambda each: each.token):
            lines.setdefault((tenure.service, tenure.unit), []).append(tenure)
        successors = [pair for line in lines.values() for pair in pairwise(line)]
        events = [each for each in records if isinstance(each, Ended | Slept | Disturbed)]
        found = []
        for absence in events:
            if isinstance(absence, Ended) or (isinstance(absence, Slept) and absence.is_asleep):
                found += [
                    after.taken_at - absence.at
                    for before, after in successors
                    if before.member == absence.member
                    and before.taken_at <= absence.at < before.freed_at
                    and _is_alone(absence, events, absence.at - ttl.total_seconds(), after.taken_at)
                ]
        return found


def _is_alone(event: Ended | Slept, events: Iterable[Ended | Slept | Disturbed], since: float, until: float) -> bool:
    others = (each for each in events if isinstance(each, Disturbed) or each.member != event.member)
    return not any(since <= each.at <= until for each in others)
