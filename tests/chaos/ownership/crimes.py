"""Changes to a lawful history, each of which breaks exactly one rule at a random place."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from tests.chaos.ownership.records import (
    Claimed,
    ClusterWrite,
    Freed,
    ObjectSeen,
    PassBegan,
    Record,
    StateWritten,
)

Kind = TypeVar("Kind")
Crime = Callable[[list[Record], random.Random], list[Record]]


def keep_the_claim(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a holder keep its claim while the next one takes it."""
    freed = dice.choice(_all(records, Freed)[:-1])
    return [each for each in records if each is not freed]


def claim_with_an_old_token(records: list[Record], dice: random.Random) -> list[Record]:
    """Let the claim of another holder be overwritten: it keeps its create revision."""
    first, second = dice.choice(list(pairwise(_all(records, Claimed))))
    return _swapped(records, second, replace(second, token=first.token))


def write_state_after_the_end(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a holder write state in etcd when its claim has gone."""
    written = dice.choice(_all(records, StateWritten))
    freed = next(each for each in _all(records, Freed) if each.revision > written.revision)
    return _swapped(records, written, replace(written, revision=freed.revision + 1))


def write_state_of_another_service(records: list[Record], dice: random.Random) -> list[Record]:
    """Let state be written under the claim of another service."""
    written = dice.choice(_all(records, StateWritten))
    return _swapped(records, written, replace(written, service="rbac"))


def send_after_the_end(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a holder send a write to Kubernetes when its claim has gone."""
    write = dice.choice(_all(records, ClusterWrite))
    freed = next(each for each in _all(records, Freed) if each.at > write.at)
    return _swapped(records, write, replace(write, sent=freed.at + 0.001))


def send_for_somebody_else(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a write be sent by a replica that does not hold the claim."""
    write = dice.choice(_all(records, ClusterWrite))
    return _swapped(records, write, replace(write, member="nobody"))


def send_without_a_claim(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a write be sent under no claim at all."""
    write = dice.choice(_all(records, ClusterWrite))
    return _swapped(records, write, replace(write, token=0, unit=""))


def forget_a_status(records: list[Record], dice: random.Random) -> list[Record]:
    """Let the status of an edit come late."""
    answers = [each for each in _all(records, ObjectSeen) if each.observed == each.generation]
    moment = records.index(dice.choice(answers))
    return records[:moment] + [_later(each) for each in records[moment:]]


def report_an_old_generation(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a status speak of an older generation than the one before."""
    answer = dice.choice([each for each in _all(records, ObjectSeen) if each.observed == each.generation])
    return _inserted(records, answer, replace(answer, observed=0))


def write_twice(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a child be sent the same twice."""
    write = dice.choice(_all(records, ClusterWrite))
    return _inserted(records, write, write)


def begin_a_second_pass(records: list[Record], dice: random.Random) -> list[Record]:
    """Let a second pass over a primary begin while the first one runs."""
    began = dice.choice(_all(records, PassBegan))
    return _inserted(records, began, began)


CRIMES: dict[Crime, str] = {
    keep_the_claim: "overlap",
    claim_with_an_old_token: "overlap",
    write_state_after_the_end: "stale fence",
    write_state_of_another_service: "stale fence",
    send_after_the_end: "unclaimed write",
    send_for_somebody_else: "unclaimed write",
    send_without_a_claim: "unclaimed write",
    forget_a_status: "stale status",
    report_an_old_generation: "falling status",
    write_twice: "doubled write",
    begin_a_second_pass: "overlapping passes",
}


def _all(records: Sequence[Record], kind: type[Kind]) -> list[Kind]:
    return [each for each in records if isinstance(each, kind)]


def _swapped(records: list[Record], old: Record, new: Record) -> list[Record]:
    return [new if each is old else each for each in records]


def _inserted(records: list[Record], after: Record, new: Record) -> list[Record]:
    place = records.index(after) + 1
    return [*records[:place], new, *records[place:]]


def _later(record: Record) -> Record:
    if isinstance(record, ClusterWrite):
        return replace(record, at=record.at + 2.0, sent=record.sent + 2.0)
    return replace(record, at=record.at + 2.0)
