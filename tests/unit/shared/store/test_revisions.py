"""Revisions of a store that was lost and of the one after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import ConflictError
from shared.ports.store import CreatedAt, KeyDropped, KeyPut, KeyValue, ModifiedAt
from shared.store.revisions import lowered, raised, raised_change

REVISIONS = st.integers(1, 2**40)
INCARNATIONS = st.integers(1, 50)


@given(REVISIONS, INCARNATIONS)
def test_a_guard_reads_back_the_revision_it_was_given(revision: int, incarnation: int) -> None:
    guard = CreatedAt("claim", raised(revision, incarnation))

    assert lowered(guard, incarnation) == CreatedAt("claim", revision)


@given(REVISIONS, INCARNATIONS, INCARNATIONS)
def test_a_later_store_has_higher_revisions(revision: int, earlier: int, later: int) -> None:
    assert (raised(revision, earlier) < raised(1, later)) == (earlier < later)


@given(REVISIONS, INCARNATIONS, INCARNATIONS.filter(lambda number: number > 1))
def test_a_guard_of_another_store_is_refused(revision: int, incarnation: int, distance: int) -> None:
    guard = ModifiedAt("state", raised(revision, incarnation))

    with pytest.raises(ConflictError, match="state"):
        lowered(guard, incarnation + distance)


def test_that_a_key_does_not_exist_means_the_same_in_every_store() -> None:
    assert lowered(CreatedAt("claim", 0), 7) == CreatedAt("claim", 0)


def test_changes_of_the_first_store_are_left_as_they_are() -> None:
    put = KeyPut(KeyValue("a", b"1", 2, 3))

    assert raised_change(put, 1) == put
    assert raised_change(KeyDropped("a", 4), 2) == KeyDropped("a", raised(4, 2))
