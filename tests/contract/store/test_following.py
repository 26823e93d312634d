"""What a follower of a prefix is promised, on the fake and on a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.ports.store import Drop, Everything, KeyDropped, KeyPut, Put
from shared.testing.eventually import eventually
from tests.contract.store.bench import Bench, following

pytestmark = pytest.mark.asyncio


async def test_everything_comes_first_and_then_each_change_in_order(bench: Bench) -> None:
    await bench.store.commit([Put(bench.key("a"), b"1")])

    async with following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        written = await bench.other.commit([Put(bench.key("b"), b"2")])
        dropped = await bench.other.commit([Drop(bench.key("a"))])
        await eventually(lambda: len(seen) == 3)

    first, put, drop = seen
    assert isinstance(first, Everything)
    assert isinstance(put, KeyPut)
    assert [(pair.key, pair.value) for pair in first.pairs] == [(bench.key("a"), b"1")]
    assert (put.pair.key, put.pair.value, put.pair.mod_revision) == (bench.key("b"), b"2", written)
    assert drop == KeyDropped(bench.key("a"), dropped)


async def test_changes_of_other_prefixes_are_not_seen(bench: Bench) -> None:
    async with following(bench.store, bench.key("in/")) as seen:
        await eventually(lambda: len(seen) == 1)
        await bench.other.commit([Put(bench.key("out"), b"")])
        await bench.other.commit([Put(bench.key("in/a"), b"")])
        await eventually(lambda: len(seen) == 2)

    assert isinstance(seen[1], KeyPut)
    assert seen[1].pair.key == bench.key("in/a")


async def test_a_hundred_changes_arrive_once_and_in_order(bench: Bench) -> None:
    async with following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        for number in range(100):
            await bench.other.commit([Put(bench.key("counter"), str(number).encode())])
        await eventually(lambda: len(seen) == 101)

    values = [change.pair.value.decode() for change in seen if isinstance(change, KeyPut)]
    assert values == [str(number) for number in range(100)]


async def test_the_end_of_a_lease_is_a_change(bench: Bench) -> None:
    async with following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        lease = await bench.other.grant(timedelta(minutes=1))
        await bench.other.commit([Put(bench.key("member"), b"", lease.id)])
        await bench.other.revoke(lease)
        await eventually(lambda: len(seen) == 3)

    assert isinstance(seen[2], KeyDropped)
