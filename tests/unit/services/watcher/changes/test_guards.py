"""What a refused publish means, by what the subject holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.watcher.changes.guards import Verdict, verdict
from services.watcher.changes.publications import Publication
from shared.contracts.envelope import ChangeHeaders, ChangeType
from shared.ports.bus import StoredMessage
from tests.unit.services.watcher.changes.builders import NOW, SUBJECT, headers

NOW_EPOCH = "cluster.0"


def ours(change: ChangeHeaders) -> Publication:
    return Publication(SUBJECT, change, b"{}")


def theirs(change: ChangeHeaders) -> StoredMessage:
    return StoredMessage(SUBJECT, 5, NOW, change.encode(), b"{}")


@pytest.mark.parametrize(
    ("mine", "newest", "expected"),
    [
        pytest.param(headers(), None, Verdict.AGAIN, id="the subject was purged or the stream wiped"),
        pytest.param(headers(version=9), theirs(headers(version=10)), Verdict.STORED, id="something newer"),
        pytest.param(headers(version=10), theirs(headers(version=10)), Verdict.STORED, id="the same"),
        pytest.param(headers(version=11), theirs(headers(version=10)), Verdict.AGAIN, id="something older"),
        pytest.param(headers("deleted"), theirs(headers()), Verdict.AGAIN, id="its last state, now it is gone"),
        pytest.param(headers(), theirs(headers("deleted")), Verdict.STORED, id="that it is gone"),
        pytest.param(headers(epoch="old.0"), theirs(headers()), Verdict.OUTDATED, id="ours is of an ended epoch"),
        pytest.param(headers(), theirs(headers(epoch="old.0")), Verdict.AGAIN, id="theirs is of an ended epoch"),
        pytest.param(headers(), StoredMessage(SUBJECT, 5, NOW, {}, b""), Verdict.AGAIN, id="nobody can read it"),
    ],
)
def test_the_newest_of_the_current_epoch_wins(
    mine: ChangeHeaders, newest: StoredMessage | None, expected: Verdict
) -> None:
    assert verdict(ours(mine), newest, current_epoch=NOW_EPOCH) is expected


CHANGES = st.builds(
    headers,
    st.sampled_from(("added", "modified", "deleted", "moved")),
    version=st.integers(1, 4),
    epoch=st.sampled_from(("old.0", NOW_EPOCH)),
)


@settings(max_examples=60, deadline=None)
@given(CHANGES, CHANGES)
def test_of_two_publishers_at_most_one_goes_on_top(one: ChangeHeaders, other: ChangeHeaders) -> None:
    first = verdict(ours(one), theirs(other), current_epoch=NOW_EPOCH)
    second = verdict(ours(other), theirs(one), current_epoch=NOW_EPOCH)

    assert (first, second) != (Verdict.AGAIN, Verdict.AGAIN)


def test_change_types_are_those_of_the_envelope() -> None:
    known: list[ChangeType] = ["added", "modified", "deleted", "moved"]

    assert [headers(each).is_tombstone for each in known] == [False, False, True, True]
