"""How long statuses of older generations stood while somebody was there to renew them (P-22): pure.

The definition. A status is stale while its object's generation is newer than the one it speaks of, in the states that
the API server's watch showed, one after the other. Somebody is there while the object's unit has a holder that is
awake. Only time in which both hold is counted, and it must not reach more than a second in one piece. A piece begins
anew with each claim and each awakening; a failed call of the holder interrupts it until the first retry, which comes
after a second. Once a server is disturbed, the span is judged no more: its retries back off.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.core.resources import Ref
from tests.chaos.ownership.records import (
    Disturbed,
    Ended,
    Excused,
    ObjectSeen,
    Record,
    Slept,
    Violation,
)
from tests.chaos.ownership.tenures import Tenure, Tenures

STALE = "stale status"  # the name of the rule
Span = tuple[float, float]
REPORTER = "reconciler"  # the one service that writes the statuses of graphs and components


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a status may be stale, and what is not held against its owner."""

    longest: timedelta = timedelta(seconds=1)
    retry: timedelta = timedelta(seconds=1)  # until the first one after a failure
    settling: timedelta = timedelta()  # until a new holder has its view
    recovery: timedelta = timedelta(seconds=1)  # until retries have seen that a server is back


def stale_statuses(records: Sequence[Record], tenures: Tenures, patience: Patience) -> Iterator[Violation]:
    """Find statuses that spoke of an older generation for longer than they may."""
    watched = longest_stale(records, tenures, patience)
    for ref, (seconds, at) in watched.items():
        if seconds > patience.longest.total_seconds():
            yield Violation(STALE, at, f"{ref} spoke of an older generation for {seconds:.2f} s")


def longest_stale(records: Sequence[Record], tenures: Tenures, patience: Patience) -> dict[Ref, tuple[float, float]]:
    """Return for each primary the longest time for which its status was stale, and when that ended."""
    end = max((each.at for each in records), default=0.0)
    attended = _attended_spans(records, tenures, patience, end)
    disturbances = _disturbances(records, patience)
    found: dict[Ref, tuple[float, float]] = {}
    for ref, unit, (began, ended) in _stale_spans(records, end):
        judged = (began, min([ended, *(start for start, over in disturbances if over > began)]))
        pieces = _common([judged], attended.get(unit, []))
        longest = max(((to - since, to) for since, to in pieces), default=(0.0, ended))
        found[ref] = max(found.get(ref, (0.0, 0.0)), longest)
    return found


def falling_statuses(records: Iterable[Record]) -> Iterator[Violation]:
    """Find statuses that spoke of an older generation than before."""
    newest: dict[str, int] = {}
    for state in records:
        if isinstance(state, ObjectSeen) and not state.is_gone:
            if state.observed < newest.get(state.uid, 0):
                what = f"{state.ref} speaks of generation {state.observed} after {newest[state.uid]}"
                yield Violation("falling status", state.at, what)
            newest[state.uid] = max(state.observed, newest.get(state.uid, 0))


def _stale_spans(records: Iterable[Record], end: float) -> Iterator[tuple[Ref, str, Span]]:
    since: dict[Ref, tuple[str, float]] = {}
    for state in records:
        if not isinstance(state, ObjectSeen):
            continue
        if state.observed < state.generation and not state.is_gone:
            since.setdefault(state.ref, (state.unit, state.at))
        elif (known := since.pop(state.ref, None)) is not None:
            yield state.ref, known[0], (known[1], state.at)
    for ref, (unit, began) in since.items():
        yield ref, unit, (began, end)


def _attended_spans(
    records: Sequence[Record], tenures: Tenures, patience: Patience, end: float
) -> dict[str, list[Span]]:
    """Return by unit when somebody was there to renew its statuses."""
    absences = _absences(records, patience)
    spans: dict[str, list[Span]] = defaultdict(list)
    for tenure in sorted(tenures.by_token.values(), key=lambda each: each.taken_at):
        if tenure.service != REPORTER:
            continue
        present = _outside(sorted(absences[tenure.member]))
        spans[tenure.unit] += _common([_held(tenure, patience, end)], present)
    return spans


def _held(tenure: Tenure, patience: Patience, end: float) -> Span:
    return tenure.taken_at + patience.settling.total_seconds(), min(tenure.freed_at, end)


def _disturbances(records: Iterable[Record], patience: Patience) -> list[Span]:
    spans: list[Span] = []
    since: float | None = None
    for record in records:
        if isinstance(record, Disturbed):
            if record.is_disturbed:
                since = record.at if since is None else since
            elif since is not None:
                spans.append((since, record.at + patience.recovery.total_seconds()))
                since = None
    return [*spans, (since, math.inf)] if since is not None else spans


def _absences(records: Iterable[Record], patience: Patience) -> dict[str, list[Span]]:
    """Return by member when it slept, was no more, or waited for a retry."""
    spans: dict[str, list[Span]] = defaultdict(list)
    since: dict[str, float] = {}
    for record in records:
        match record:
            case Slept(is_asleep=True):
                since.setdefault(record.member, record.at)
            case Slept() if record.member in since:
                spans[record.member].append((since.pop(record.member), record.at))
            case Ended():
                spans[record.member].append((since.pop(record.member, record.at), math.inf))
            case Excused():
                spans[record.member].append((record.at, record.at + patience.retry.total_seconds()))
            case _:
                pass
    for member, began in since.items():
        spans[member].append((began, math.inf))
    return spans


def _outside(spans: Sequence[Span]) -> list[Span]:
    """Return what lies between and around spans that are sorted by their beginnings."""
    free: list[Span] = []
    end = -math.inf
    for began, ended in spans:
        if began > end:
            free.append((end, began))
        end = max(end, ended)
    return [*free, (end, math.inf)] if end < math.inf else free


def _common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return what two lists of spans share."""
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [(began, ended) for began, ended in pairs if began < ended]
