"""Which replica should own which unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.runtime.partitions.claims.targets import Moves, Situation, awaited, moves, target_of

UNITS = [str(number) for number in range(32)]
MEMBERS = st.frozensets(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=6)
NOBODY = Situation("a", frozenset({"a"}), {}, frozenset(), frozenset(), is_settled=True)


@given(MEMBERS, st.sampled_from(UNITS))
@settings(max_examples=30)
def test_every_replica_computes_the_same_target(members: frozenset[str], unit: str) -> None:
    assert target_of(unit, sorted(members)) == target_of(unit, sorted(members, reverse=True))


@given(MEMBERS, st.sampled_from(UNITS))
@settings(max_examples=30)
def test_a_leaving_member_moves_only_its_own_units(members: frozenset[str], unit: str) -> None:
    leaving = min(members)
    before = target_of(unit, members)

    after = target_of(unit, members - {leaving})

    assert before == leaving or after == before


def test_no_member_is_no_target() -> None:
    assert target_of("0", []) is None


def test_units_are_shared_out() -> None:
    shares = Counter(target_of(unit, ["one", "two", "three"]) for unit in UNITS)

    assert len(shares) == 3
    assert min(shares.values()) >= 4


def test_a_single_member_takes_everything_that_is_free() -> None:
    assert moves(NOBODY, UNITS).take == tuple(sorted(UNITS))


def test_what_another_holds_is_left_to_it() -> None:
    situation = replace(NOBODY, owners={"0": "b"})

    assert "0" not in moves(situation, UNITS).take


def test_running_units_move_only_between_settled_members() -> None:
    held = frozenset(UNITS)
    joined = replace(NOBODY, members=frozenset({"a", "b"}), held=held, owners=dict.fromkeys(UNITS, "a"))

    settled = moves(joined, UNITS)
    unsettled = moves(replace(joined, is_settled=False), UNITS)

    assert unsettled == Moves()
    assert set(settled.give_back) == {unit for unit in UNITS if target_of(unit, ["a", "b"]) == "b"}


def test_a_free_unit_is_taken_before_members_settle() -> None:
    assert moves(replace(NOBODY, is_settled=False), ["0"]).take == ("0",)


def test_whoever_is_no_member_does_nothing() -> None:
    assert moves(replace(NOBODY, members=frozenset({"b"}), held=frozenset({"0"})), UNITS) == Moves()


def test_a_claim_on_our_lease_that_nothing_runs_for_is_taken_whoever_should_own_it() -> None:
    members = frozenset({"a", "b"})
    strange = next(unit for unit in UNITS if target_of(unit, members) == "b")
    situation = replace(NOBODY, members=members, owners=dict.fromkeys(UNITS, "b"), strays=frozenset({strange}))

    assert moves(situation, UNITS).take == (strange,)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_following_the_moves_gives_every_unit_exactly_one_owner(count: int) -> None:
    members = frozenset(f"replica-{number}" for number in range(count))

    taken = [unit for member in members for unit in moves(replace(NOBODY, member=member, members=members), UNITS).take]

    assert sorted(taken) == sorted(UNITS)


def test_units_that_others_hold_are_awaited_by_their_target_only() -> None:
    joined = replace(NOBODY, members=frozenset({"a", "b"}), owners=dict.fromkeys(UNITS, "b"))
    ours = sum(target_of(unit, joined.members) == "a" for unit in UNITS)

    assert awaited(joined, UNITS) == {"b": ours}
    assert awaited(replace(joined, member="b"), UNITS) == {}
