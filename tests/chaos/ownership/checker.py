"""Which rules of ownership a history breaks: pure, from records to violations.

Separate from every way of recording, so that the same rules judge fakes and real servers, and so that seeded violations
can show that no rule is blind. The rules, and what each of them leaves open:

- `overlap`: a claim is taken only when nobody holds the unit; tokens grow. (In etcd's order, so exact.)
- `stale fence`: state is written to etcd only under a token whose claim stands at that revision, by the service that
  holds it. (In etcd's order, so exact.)
- `unclaimed write`: a write to Kubernetes is sent only while its claim stands, by the member that holds it. When it was
  sent is when the claim was looked at; it may arrive later, by no more than the deadline of a write.
- `stale status`: while a unit's holder is awake and no server is disturbed, no primary shows a status of an older
  generation for longer than a second. Every take-over, awakening and end of a disturbance begins the second anew.
- `falling status`: the generation that a status speaks of never falls.
- `doubled write`: under one token, no child is sent the same content twice in a row, unless some call of the member
  failed in between, after which it cannot know, or it has just woken: until its claim is answered for, its own fence
  may keep it from recording what it wrote.
- `overlapping passes`: under one token, passes over one primary follow each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.core.resources import Ref
from tests.chaos.ownership.records import (
    Claimed,
    ClusterWrite,
    Disturbed,
    Excused,
    Freed,
    PassBegan,
    PassEnded,
    Record,
    Slept,
    StateWritten,
    Violation,
)
from tests.chaos.ownership.stale_statuses import Patience, falling_statuses, stale_statuses
from tests.chaos.ownership.tenures import Tenures

CHILDREN = "dynamo-reconciler-children"
IN_DOUBT = 1.0  # seconds after an awakening in which a claim may be refused by the fence and then hold after all


@dataclass(frozen=True, slots=True)
class Rules:
    """How exactly times can be compared, and how long things may take."""

    slack: timedelta = timedelta()  # between the clocks of the store, the API server and the observer
    write_deadline: timedelta = timedelta(seconds=5)
    patience: Patience = Patience()  # noqa: RUF009  # frozen


def violations(records: Sequence[Record], rules: Rules = Rules()) -> list[Violation]:  # frozen
    """Return every place where a history breaks a rule, in the order of time."""
    tenures = Tenures.of(records)
    found = [
        *overlaps(records),
        *stale_fences(records, tenures),
        *unclaimed_writes(records, tenures, rules),
        *stale_statuses(records, tenures, rules.patience),
        *falling_statuses(records),
        *doubled_writes(records),
        *overlapping_passes(records),
    ]
    return sorted(found, key=lambda each: each.at)


def overlaps(records: Iterable[Record]) -> Iterator[Violation]:
    """Find claims that were taken while somebody held the unit, or with a token that is not the newest."""
    holders: dict[tuple[str, str], Claimed] = {}
    newest: dict[tuple[str, str], int] = {}
    changes = [each for each in records if isinstance(each, Claimed | Freed)]
    for change in sorted(changes, key=lambda each: each.revision):
        unit = (change.service, change.unit)
        if isinstance(change, Freed):
            holders.pop(unit, None)
            continue
        holder = holders.get(unit)
        if holder is not None:
            what = f"{change.member} took {'/'.join(unit)} from {holder.member}, which held it"
            yield Violation("overlap", change.at, what)
        if change.token <= newest.get(unit, 0) or change.token != change.revision:
            yield Violation("overlap", change.at, f"{'/'.join(unit)} was claimed with the old token {change.token}")
        holders[unit], newest[unit] = change, max(change.token, newest.get(unit, 0))


def stale_fences(records: Iterable[Record], tenures: Tenures) -> Iterator[Violation]:
    """Find state that was written to the store under a claim that did not stand then."""
    for write in records:
        if not isinstance(write, StateWritten):
            continue
        tenure = tenures.by_token.get(write.token)
        if tenure is None or tenure.service != write.service or not tenure.holds_when(write.revision):
            what = f"{write.key} was written at revision {write.revision} under token {write.token}"
            yield Violation("stale fence", write.at, what)


def unclaimed_writes(records: Iterable[Record], tenures: Tenures, rules: Rules) -> Iterator[Violation]:
    """Find writes to Kubernetes that were sent without the claim, or that arrived later than they may."""
    slack = rules.slack.total_seconds()
    for write in records:
        if not isinstance(write, ClusterWrite):
            continue
        tenure = tenures.by_token.get(write.token)
        what = f"{write.member} sent {write.verb} {write.ref} under token {write.token}"
        if tenure is None or (tenure.member, tenure.unit, tenure.service) != (write.member, write.unit, write.service):
            yield Violation("unclaimed write", write.at, f"{what}, which it never held")
        elif not tenure.holds_at(write.sent, slack):
            yield Violation("unclaimed write", write.at, f"{what}, held until {tenure.freed_at:.3f} s")


def late_writes(records: Iterable[Record], rules: Rules = Rules()) -> list[ClusterWrite]:  # frozen
    """Return the writes that were sent under a claim and carried out after its end: allowed, but worth counting."""
    tenures = Tenures.of(records)
    slack = rules.slack.total_seconds()
    writes = [each for each in records if isinstance(each, ClusterWrite) and each.token in tenures.by_token]
    return [write for write in writes if not tenures.by_token[write.token].holds_at(write.at, slack)]


def doubled_writes(records: Iterable[Record]) -> Iterator[Violation]:
    """Find children that were sent the same twice under one token, without a failure that explains it."""
    last: dict[Ref, ClusterWrite] = {}  # the newest write of each child, whoever made it
    excused: dict[str, float] = {}  # when a member's call failed last
    disturbed = -math.inf
    for record in records:
        match record:
            case Excused(at=at, member=member):
                excused[member] = at
            case Slept(at=at, member=member):
                excused[member] = at + IN_DOUBT
            case Disturbed():
                disturbed = record.at
            case ClusterWrite(manager=manager, ref=ref, verb="apply") if manager == CHILDREN:
                known = last.get(ref)
                # A write that was given up arrives behind the one that was sent in its place.
                excuse = max(disturbed, excused.get(record.member, -math.inf))
                if known is not None and _sent(known) == _sent(record) and excuse < min(known.sent, record.sent):
                    yield Violation("doubled write", record.at, f"{record.member} applied {ref} twice")
                last[ref] = record
            case ClusterWrite(verb="delete", ref=ref):
                last.pop(ref, None)
            case _:
                pass


def _sent(write: ClusterWrite) -> tuple[int, str, str]:
    return write.token, write.uid, write.content


def overlapping_passes(records: Iterable[Record]) -> Iterator[Violation]:
    """Find passes that began under a token while another one over the same primary was under way."""
    running: set[tuple[int, Ref]] = set()
    for record in records:
        if isinstance(record, PassBegan):
            if (record.token, record.primary) in running:
                what = f"{record.member} runs two passes over {record.primary}"
                yield Violation("overlapping passes", record.at, what)
            running.add((record.token, record.primary))
        elif isinstance(record, PassEnded):
            running.discard((record.token, record.primary))
