"""The failures that the store in memory has on demand; what it promises otherwise is in the contract suite."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.core.errors import ConflictError, LeaseLostError, UnknownResultError, UnreachableError
from shared.ports.store import CreatedAt, Everything, KeyDropped, Put, Store, StoreChange
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore

pytestmark = pytest.mark.asyncio

TTL = timedelta(seconds=10)


def a_store() -> tuple[FakeClock, FakeStore]:
    """Return an empty store and its clock."""
    clock = FakeClock()
    store = FakeStore(clock)
    as_port: Store = store
    assert as_port is store
    return clock, store


async def test_a_lease_ends_by_the_clock_unless_it_is_kept_alive() -> None:
    clock, store = a_store()
    lease = await store.grant(TTL)
    await store.commit([Put("/member", b"", lease.id)])

    await clock.advance(timedelta(seconds=9))
    lease = await store.keep_alive(lease)
    await clock.advance(timedelta(seconds=9))
    assert "/member" in store.pairs()
    await clock.advance(timedelta(seconds=2))

    assert "/member" not in store.pairs()
    with pytest.raises(LeaseLostError):
        await store.keep_alive(lease)


async def test_a_lease_ends_while_the_machine_sleeps() -> None:
    clock, store = a_store()
    lease = await store.grant(TTL)

    await clock.suspend(timedelta(minutes=5))

    with pytest.raises(LeaseLostError):
        await store.keep_alive(lease)


async def test_a_server_that_was_down_gives_leases_their_whole_time_again() -> None:
    clock, store = a_store()
    lease = await store.grant(TTL)
    store.stop()
    await clock.advance(timedelta(minutes=5))
    store.start()

    await clock.advance(timedelta(seconds=9))

    assert (await store.keep_alive(lease)).id == lease.id


async def test_a_lost_answer_happened_and_a_lost_request_did_not() -> None:
    _, store = a_store()
    store.lose_answers(1)
    with pytest.raises(UnknownResultError):
        await store.commit([Put("/done", b"")])
    store.lose_requests(1)
    with pytest.raises(UnknownResultError):
        await store.commit([Put("/not-done", b"")])

    assert list(store.pairs()) == ["/done"]


async def test_a_client_that_is_cut_off_leaves_the_others_alone() -> None:
    _, store = a_store()
    other = store.another()
    store.cut()

    with pytest.raises(UnreachableError):
        await store.get("/a")
    await other.commit([Put("/a", b"")])
    store.mend()

    assert await store.get("/a") is not None


async def test_a_follower_behind_a_compaction_gets_everything_again() -> None:
    clock, store = a_store()
    seen = await followed(clock, store, compacts=True)

    assert [type(change) for change in seen] == [Everything, Everything]


async def test_a_follower_that_was_cut_off_gets_what_it_missed() -> None:
    clock, store = a_store()
    seen = await followed(clock, store, compacts=False)

    assert [type(change).__name__ for change in seen] == ["Everything", "KeyPut", "KeyPut"]


async def test_followers_of_a_wiped_store_begin_anew() -> None:
    clock, store = a_store()
    await store.commit([Put("/a", b"")])
    seen: list[StoreChange] = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(collect(store, seen))
        await clock.settle()
        store.wipe()
        await clock.settle()
        task.cancel()

    assert [len(change.pairs) for change in seen if isinstance(change, Everything)] == [1, 0]


async def test_no_guard_of_a_wiped_store_is_accepted_at_any_revision() -> None:
    _, store = a_store()
    token = await store.commit([Put("/claim", b"me")], [CreatedAt("/claim", 0)])
    store.wipe(revision=token - 1)
    await store.another().commit([Put("/claim", b"other")])

    for _ in range(2):
        with pytest.raises(ConflictError):
            await store.commit([Put("/state", b"")], [CreatedAt("/claim", token)])


async def test_the_end_of_a_lease_reaches_followers_at_its_time() -> None:
    clock, store = a_store()
    lease = await store.grant(TTL)
    await store.commit([Put("/member", b"", lease.id)])
    seen: list[StoreChange] = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(collect(store, seen))
        await clock.run_until(lambda: any(isinstance(change, KeyDropped) for change in seen))
        task.cancel()

    assert clock.elapsed() == 10


async def collect(store: FakeStore, seen: list[StoreChange]) -> None:
    """Follow all keys."""
    async for change in store.follow("/"):
        seen.append(change)


async def followed(clock: FakeClock, store: FakeStore, *, compacts: bool) -> list[StoreChange]:
    """Return what a follower sees that is cut off while two keys are written."""
    other, seen = store.another(), list[StoreChange]()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(collect(store, seen))
        await clock.settle()
        store.cut()
        await other.commit([Put("/a", b"")])
        await other.commit([Put("/b", b"")])
        if compacts:
            other.compact()
        store.mend()
        await clock.settle()
        task.cancel()
    return seen
