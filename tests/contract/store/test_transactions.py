"""What reads, transactions and leases promise, on the fake and on a real server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.core.errors import ConflictError, LeaseLostError
from shared.ports.store import CreatedAt, Drop, ModifiedAt, Put
from shared.testing.eventually import eventually
from tests.contract.store.bench import Bench

pytestmark = pytest.mark.asyncio


async def test_a_key_is_read_as_it_was_written(bench: Bench) -> None:
    revision = await bench.store.commit([Put(bench.key("a"), b"\x00\xff")])

    pair = await bench.must_get("a")

    assert (pair.value, pair.create_revision, pair.mod_revision, pair.lease) == (b"\x00\xff", revision, revision, 0)


async def test_a_key_that_is_not_there_is_none(bench: Bench) -> None:
    assert await bench.store.get(bench.key("never")) is None


async def test_a_second_write_keeps_the_create_revision(bench: Bench) -> None:
    created = await bench.store.commit([Put(bench.key("a"), b"1")])
    modified = await bench.store.commit([Put(bench.key("a"), b"2")])

    pair = await bench.must_get("a")

    assert modified > created
    assert (pair.create_revision, pair.mod_revision) == (created, modified)


async def test_all_writes_of_a_transaction_have_one_revision(bench: Bench) -> None:
    await bench.store.commit([Put(bench.key("gone"), b"x")])

    revision = await bench.store.commit([Put(bench.key("a"), b"1"), Put(bench.key("b"), b"2"), Drop(bench.key("gone"))])

    everything = await bench.store.list(bench.prefix)
    assert [(pair.key, pair.mod_revision) for pair in everything.pairs] == [
        (bench.key("a"), revision),
        (bench.key("b"), revision),
    ]
    assert everything.revision >= revision


async def test_a_list_holds_the_prefix_and_nothing_else(bench: Bench) -> None:
    await bench.store.commit(
        [Put(bench.key("list/b"), b""), Put(bench.key("list/a"), b""), Put(bench.key("lists"), b"")]
    )

    everything = await bench.store.list(bench.key("list/"))

    assert [pair.key for pair in everything.pairs] == [bench.key("list/a"), bench.key("list/b")]


async def test_only_one_creator_wins(bench: Bench) -> None:
    key = bench.key("claim")

    results = await asyncio.gather(
        bench.store.commit([Put(key, b"mine")], [CreatedAt(key, 0)]),
        bench.other.commit([Put(key, b"theirs")], [CreatedAt(key, 0)]),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "int"]


async def test_a_failed_guard_writes_nothing(bench: Bench) -> None:
    read = await bench.store.commit([Put(bench.key("a"), b"1")])
    await bench.other.commit([Put(bench.key("a"), b"2")])

    with pytest.raises(ConflictError, match="a"):
        await bench.store.commit(
            [Put(bench.key("a"), b"3"), Put(bench.key("b"), b"3")], [ModifiedAt(bench.key("a"), read)]
        )

    assert (await bench.must_get("a")).value == b"2"
    assert await bench.store.get(bench.key("b")) is None


async def test_a_fence_holds_as_long_as_its_claim_was_not_made_anew(bench: Bench) -> None:
    claim, state = bench.key("claim"), bench.key("state")
    token = await bench.store.commit([Put(claim, b"me")], [CreatedAt(claim, 0)])
    await bench.store.commit([Put(claim, b"me again")])
    await bench.store.commit([Put(state, b"1")], [CreatedAt(claim, token)])

    await bench.other.commit([Drop(claim)])
    await bench.other.commit([Put(claim, b"other")], [CreatedAt(claim, 0)])

    with pytest.raises(ConflictError):
        await bench.store.commit([Put(state, b"stale")], [CreatedAt(claim, token)])
    assert (await bench.must_get("state")).value == b"1"


async def test_a_guard_alone_writes_nothing_and_still_decides(bench: Bench) -> None:
    revision = await bench.store.commit([Put(bench.key("a"), b"1")])

    await bench.store.commit([], [ModifiedAt(bench.key("a"), revision)])
    with pytest.raises(ConflictError):
        await bench.store.commit([], [ModifiedAt(bench.key("a"), revision + 1)])


async def test_a_revoked_lease_takes_its_keys_with_it(bench: Bench) -> None:
    lease = await bench.store.grant(timedelta(seconds=60))
    await bench.store.commit([Put(bench.key("member"), b"", lease.id), Put(bench.key("free"), b"")])

    await bench.store.revoke(lease)
    await bench.store.revoke(lease)

    assert [pair.key for pair in (await bench.other.list(bench.prefix)).pairs] == [bench.key("free")]


async def test_a_lease_that_is_not_kept_alive_ends(bench: Bench) -> None:
    lease = await bench.store.grant(timedelta(seconds=1))
    await bench.store.commit([Put(bench.key("member"), b"", lease.id)])

    await bench.server.pass_time(lease.ttl)
    await eventually(lambda: _is_gone(bench, "member"))

    with pytest.raises(LeaseLostError):
        await bench.store.keep_alive(lease)
    with pytest.raises(LeaseLostError):
        await bench.store.commit([Put(bench.key("late"), b"", lease.id)])


async def test_a_renewed_lease_counts_from_its_renewal(bench: Bench) -> None:
    lease = await bench.store.grant(timedelta(seconds=60))

    renewed = await bench.store.keep_alive(lease)

    assert (renewed.id, renewed.ttl) == (lease.id, lease.ttl)
    assert renewed.sent_at >= lease.sent_at


async def _is_gone(bench: Bench, name: str) -> bool:
    return await bench.other.get(bench.key(name)) is None
