"""The checker: lawful histories pass, and every rule sees a violation wherever it is seeded."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.ownership.checker import Rules, late_writes, violations
from tests.chaos.ownership.crimes import CRIMES, Crime
from tests.chaos.ownership.histories import GRAPH, SERVICE, UNIT, Author, lawful_histories
from tests.chaos.ownership.records import Claimed, ClusterWrite, Disturbed, Excused, Freed, ObjectSeen, Record, Slept
from tests.chaos.ownership.stale_statuses import Patience
from tests.chaos.ownership.tenures import Tenures

EXAMPLES = settings(max_examples=40, deadline=None)
HELD = Claimed(0.0, 5, SERVICE, UNIT, "replica", 5)
EDITED = ObjectSeen(1.0, 9, GRAPH, "uid", UNIT, generation=2, observed=1)
REPORTED = replace(EDITED, at=4.0, observed=2)


@EXAMPLES
@given(lawful_histories())
def test_a_lawful_history_passes(history: list[Record]) -> None:
    assert violations(history) == []


@pytest.mark.parametrize(("crime", "rule"), [pytest.param(*each, id=each[0].__name__) for each in CRIMES.items()])
@EXAMPLES
@given(history=lawful_histories(), dice=st.randoms(use_true_random=False))
def test_a_seeded_violation_is_found(crime: Crime, rule: str, history: list[Record], dice: random.Random) -> None:
    found = violations(crime(history, dice))

    assert rule in {each.rule for each in found}


@EXAMPLES
@given(lawful_histories())
def test_a_write_that_arrives_after_the_end_is_late_but_was_allowed(history: list[Record]) -> None:
    write = next(each for each in history if isinstance(each, ClusterWrite))
    freed = next(each for each in history if isinstance(each, Freed) and each.at > write.at)
    late = replace(write, at=freed.at + 1.0)

    told = [late if each is write else each for each in history]

    assert violations(told) == []
    assert late_writes(told) == [late]


def test_a_stale_status_is_held_against_a_holder_that_is_awake() -> None:
    [found] = violations([HELD, EDITED, REPORTED])

    assert (found.rule, found.at) == ("stale status", 4.0)
    assert "3.00 s" in str(found)


@pytest.mark.parametrize(
    "between",
    [
        pytest.param([Slept(1.5, "replica", is_asleep=True), Slept(3.5, "replica", is_asleep=False)], id="asleep"),
        pytest.param([Disturbed(1.2, is_disturbed=True), Disturbed(2.0, is_disturbed=False)], id="server away"),
        pytest.param(
            [Freed(1.5, 8, SERVICE, UNIT), Claimed(1.6, 9, "rbac", UNIT, "other", 9)], id="only held by another service"
        ),
        pytest.param([Excused(1.9, "replica", "get"), Excused(2.9, "replica", "get")], id="calls failed"),
        pytest.param([Freed(1.5, 8, SERVICE, UNIT), Claimed(3.5, 9, SERVICE, UNIT, "heir", 9)], id="handed over"),
    ],
)
def test_a_stale_status_is_not_held_against_who_could_not_renew_it(between: list[Record]) -> None:
    assert violations([HELD, EDITED, *between, REPORTED]) == []


def test_an_object_in_deletion_is_owed_no_status() -> None:
    assert violations([HELD, EDITED, replace(EDITED, at=1.5, is_gone=True), replace(REPORTED, is_gone=True)]) == []


def test_a_repeated_write_is_explained_by_a_failed_call() -> None:
    author = Author(random.Random(0))
    first, second = author.write("replica", 5, content="a"), author.write("replica", 5, content="a")

    assert violations([HELD, first, Excused(first.at, "replica", "commit"), second]) == []
    assert [each.rule for each in violations([HELD, first, second])] == ["doubled write"]


@pytest.mark.parametrize(
    ("since", "rules"),
    [
        pytest.param(0.1, [], id="the fence may have kept it from recording the first"),
        pytest.param(1.5, ["doubled write"], id="its claim was answered for long ago"),
    ],
)
def test_a_repeated_write_is_explained_by_an_awakening_just_before(since: float, rules: list[str]) -> None:
    author = Author(random.Random(0))
    first, second = author.write("replica", 5, content="a"), author.write("replica", 5, content="a")
    woken = Slept(first.sent - since, "replica", is_asleep=False)

    assert [each.rule for each in violations([HELD, woken, first, second])] == rules


def test_clocks_are_compared_as_exactly_as_they_agree() -> None:
    author = Author(random.Random(0))
    write = replace(author.write("replica", 5, content="a"), sent=2.01)
    history: list[Record] = [HELD, write, Freed(2.0, 8, SERVICE, UNIT)]

    assert [each.rule for each in violations(history)] == ["unclaimed write"]
    assert violations(history, Rules(slack=timedelta(milliseconds=20))) == []


def test_a_new_holder_has_time_to_build_its_view() -> None:
    patience = Patience(settling=timedelta(seconds=2.5))

    assert violations([HELD, replace(EDITED, at=0.0), replace(REPORTED, at=3.0)], Rules(patience=patience)) == []


def test_take_overs_are_measured_from_the_death_of_the_holder() -> None:
    history: list[Record] = [
        HELD,
        Slept(2.0, "replica", is_asleep=True),
        Freed(11.0, 8, SERVICE, UNIT),
        Claimed(12.5, 9, SERVICE, UNIT, "heir", 9),
    ]

    tenures = Tenures.of(history)

    assert (tenures.handovers, tenures.takeovers(history, timedelta(seconds=10))) == (1, [10.5])
    assert tenures.takeovers([*history, Disturbed(5.0, is_disturbed=True)], timedelta(seconds=10)) == []
