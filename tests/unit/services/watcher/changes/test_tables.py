"""What must be published on top of what the log holds."""

from datetime import timedelta

import pytest

from services.watcher.changes.tables import Table
from services.watcher.tables_from_log import is_behind
from shared.contracts.envelope import ChangeHeaders
from shared.core.resources import PODS
from tests.unit.services.watcher.changes.builders import NOW, SUBJECT, a_table, headers

OTHER = "dynamo.changes.4.services.team.one"


@pytest.mark.parametrize(
    ("held", "change", "is_needed"),
    [
        pytest.param([], headers("added"), True, id="what the log does not hold"),
        pytest.param([], headers("deleted"), False, id="no tombstone of what the log does not hold"),
        pytest.param([headers(version=9)], headers(version=10), True, id="what is newer"),
        pytest.param([headers(version=10)], headers(version=10), False, id="not the same again"),
        pytest.param([headers(version=11)], headers(version=10), False, id="not what is older"),
        pytest.param([headers(version=9)], headers("deleted", version=10), True, id="a tombstone"),
        pytest.param([headers("deleted", version=9)], headers("deleted", version=10), False, id="one tombstone only"),
        pytest.param([headers("deleted", version=9)], headers("added", version=10), True, id="what came again"),
        pytest.param([headers("deleted", version=11)], headers(version=10), False, id="not what had gone"),
        pytest.param([headers(version=99, epoch="old.0")], headers(version=1), True, id="anything of another epoch"),
    ],
)
def test_publishes_only_what_says_something_new(
    held: list[ChangeHeaders], change: ChangeHeaders, is_needed: bool
) -> None:
    assert a_table(*held).needs(SUBJECT, change, b"{}") is is_needed


def test_a_quiet_kind_is_published_when_its_summary_changes() -> None:
    table = a_table(headers(version=9), resource=PODS, body=b'{"metadata":{"resourceVersion":"9"},"status":1}')

    assert not table.needs(SUBJECT, headers(version=10), b'{"metadata":{"resourceVersion":"10"},"status":1}')
    assert table.needs(SUBJECT, headers(version=10), b'{"metadata":{"resourceVersion":"10"},"status":2}')


def test_a_quiet_kind_is_published_when_only_its_owners_change() -> None:
    table = a_table(headers(version=9, ownership_digest="a"), resource=PODS)

    assert table.needs(SUBJECT, headers(version=10, ownership_digest="b"), b"{}")


def test_a_copy_is_published_when_what_it_says_changes() -> None:
    table = a_table(headers(version=9, is_copy=True))

    assert not table.needs(SUBJECT, headers(version=10, is_copy=True), b"{}")
    assert table.needs(SUBJECT, headers(version=10, generation=2, is_copy=True), b"{}")
    assert table.needs(SUBJECT, headers(version=10, is_copy=True), b'{"metadata":{"labels":{}}}')


def test_a_pointer_is_published_at_every_version() -> None:
    table = a_table(headers(version=9, dataref="/x"), resource=PODS)

    assert table.needs(SUBJECT, headers(version=10, dataref="/x"), b"{}")


@pytest.mark.parametrize(
    ("held", "listed", "is_contradiction"),
    [
        pytest.param(headers("deleted", version=11), headers(version=10), True, id="gone after the state that exists"),
        pytest.param(headers("deleted", version=9), headers(version=10), False, id="gone, and there again"),
        pytest.param(headers("deleted", version=11, uid="other"), headers(version=10), False, id="another object"),
        pytest.param(headers("deleted", version=11, epoch="old.0"), headers(version=10), False, id="another epoch"),
        pytest.param(headers(version=11), headers(version=10), False, id="an older list"),
        pytest.param(headers("deleted", version=11), headers("moved", version=10), False, id="moved away"),
    ],
)
def test_one_history_does_not_hold_a_life_after_death(
    held: ChangeHeaders, listed: ChangeHeaders, is_contradiction: bool
) -> None:
    assert a_table(held).contradicts(SUBJECT, listed) is is_contradiction


def test_what_a_list_lacks_is_gone_unless_it_is_newer_than_the_list() -> None:
    table = a_table(headers(version=10))

    assert table.gone([], version=10, epoch="cluster.0") == [SUBJECT]
    assert table.gone([], version=9, epoch="cluster.0") == []
    assert table.gone([], version=9, epoch="cluster.1") == [SUBJECT]
    assert table.gone([SUBJECT], version=10, epoch="cluster.0") == []


def test_knows_the_subjects_of_a_living_object() -> None:
    table = a_table(headers())
    table.plan(OTHER, headers("moved"), b"{}")

    assert table.living("team", "one") == {SUBJECT}
    assert table.all_living() == [SUBJECT]
    assert table.living("team", "two") == frozenset()


def test_a_message_that_nobody_can_read_is_published_over() -> None:
    table = Table(PODS)
    table.put_unreadable(SUBJECT, 7, NOW)

    assert table.needs(SUBJECT, headers(), b"{}")
    assert table.sequence(SUBJECT) == 7
    assert table.gone([], version=1, epoch="cluster.0") == [SUBJECT]


def test_the_newest_version_is_asked_for_by_epoch() -> None:
    table = a_table(headers(version=9, epoch="old.0"))
    table.plan(OTHER, headers(version=5), b"{}")

    assert table.newest_version("cluster.0") == 5
    assert table.newest_version("none.0") == 0


def test_a_purged_tombstone_is_forgotten() -> None:
    table = a_table(headers(), headers("deleted", version=11))

    table.drop(SUBJECT, up_to=2)
    table.drop(SUBJECT, up_to=2)

    assert table.sequence(SUBJECT) == 0
    assert table.living("team", "one") == frozenset()


def test_what_came_while_a_tombstone_was_purged_stays() -> None:
    table = a_table(headers("deleted", version=11), headers("added", version=12))

    table.drop(SUBJECT, up_to=1)

    assert table.living("team", "one") == {SUBJECT}


def test_only_tombstones_grow_old() -> None:
    table = a_table(headers(time=NOW - timedelta(days=9)))
    table.plan(OTHER, headers("deleted", time=NOW - timedelta(hours=25)), b"{}")
    table.stored(OTHER, 4)

    assert table.old_tombstones(NOW - timedelta(hours=24)) == [(OTHER, 4)]
    assert table.old_tombstones(NOW - timedelta(hours=26)) == []


def test_an_answer_about_a_forgotten_subject_changes_nothing() -> None:
    table = a_table()

    table.stored(SUBJECT, 3)

    assert table.sequence(SUBJECT) == 0


@pytest.mark.parametrize(
    ("stored", "is_lost"),
    [
        pytest.param({SUBJECT: 2}, True, id="less than was stored"),
        pytest.param({SUBJECT: 1}, False, id="what was stored"),
        pytest.param({"dynamo.changes.3.services.team.two": 9}, False, id="what was purged on purpose"),
        pytest.param({}, False, id="nothing was stored yet"),
    ],
)
def test_a_log_is_behind_when_it_holds_less_than_was_stored(stored: dict[str, int], is_lost: bool) -> None:
    assert is_behind(a_table(headers()), stored, known={SUBJECT}) is is_lost


def test_sequences_are_those_that_are_known_to_be_stored() -> None:
    table = a_table(headers())
    table.plan(OTHER, headers(), b"{}")

    assert table.sequences() == {SUBJECT: 1}
