"""What the store's watch says of members and claims."""

from __future__ import annotations

from shared.ports.store import Everything, KeyDropped, KeyPut, KeyValue
from shared.runtime.partitions.claims.roster import ClaimTable, Holder, Members


def a_pair(key: str, value: str = "", *, created: int = 1, lease: int = 0) -> KeyValue:
    return KeyValue(key, value.encode(), created, created, lease)


def test_members_follow_the_watch() -> None:
    members = Members("m/")

    members.take(Everything((a_pair("m/a"), a_pair("m/b")), 5), 0.0)
    members.take(KeyPut(a_pair("m/c")), 1.0)
    members.take(KeyDropped("m/a", 6), 2.0)

    assert members.is_known
    assert members.names == {"b", "c"}


def test_only_a_change_of_the_set_unsettles_the_members() -> None:
    members = Members("m/")
    members.take(Everything((a_pair("m/a"),), 5), 0.0)

    members.take(KeyPut(a_pair("m/a")), 4.0)

    assert members.settles_in(4.0, 5.0) == 1.0
    assert members.settles_in(9.0, 5.0) == 0.0


def test_the_first_list_unsettles_even_if_it_is_empty() -> None:
    members = Members("m/")

    members.take(Everything((), 5), 3.0)

    assert members.settles_in(3.0, 5.0) == 5.0


def test_claims_follow_the_watch() -> None:
    claims = ClaimTable("c/")

    claims.take(Everything((a_pair("c/0", "a", created=4, lease=9),), 5))
    claims.take(KeyPut(a_pair("c/1", "b", created=6)))
    claims.take(KeyDropped("c/0", 7))
    claims.take(KeyDropped("c/2", 8))

    assert claims.is_known
    assert claims.holders == {"1": Holder("b", 6)}


def test_a_new_list_replaces_what_was_known() -> None:
    claims = ClaimTable("c/")
    claims.take(Everything((a_pair("c/0", "a"),), 5))

    claims.take(Everything((), 1))

    assert claims.holders == {}
