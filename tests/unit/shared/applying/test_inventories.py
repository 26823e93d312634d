"""Inventories: what is recorded is read, what is damaged is rebuilt, and only the owner of the claim records."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.applying.inventories import EMPTY, Applied, Inputs, Inventories, Inventory, decode, metadata_digest
from shared.core.errors import LeaseLostError, UnknownResultError
from shared.core.resources import KNOWN, SERVICES, Ref
from shared.ports.store import Put
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import KEYS, PRIMARY, Fence

WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
RECORDS = st.builds(
    Inventory,
    inputs=st.none() | st.builds(Inputs, WORDS, st.integers(0, 9), WORDS, WORDS),
    children=st.dictionaries(
        st.builds(Ref, st.sampled_from(KNOWN), WORDS, WORDS),
        st.builds(Applied, WORDS, st.integers(0, 1 << 53), st.integers(0, 9), WORDS, WORDS),
        max_size=3,
    ),
)
KNOWN_CHILD = Inventory(Inputs("u", 1, "m", "c"), {Ref(SERVICES, "t", "one"): Applied("u1", 5, 1, "d", "o")})
KEY = KEYS.inventory("test", PRIMARY)


@settings(max_examples=50, deadline=None)
@given(RECORDS)
def test_an_inventory_survives_its_record(inventory: Inventory) -> None:
    assert decode(inventory.encode()) == inventory


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"]",
        b"[]",
        b"3",
        b"{}",
        b'{"v": 99, "inputs": null, "children": []}',
        b'{"v": 1, "inputs": [1], "children": []}',
        b'{"v": 1, "inputs": null, "children": [["services", "t", "one", "u"]]}',
        b'{"v": 1, "inputs": null, "children": [3]}',
        b'{"v": 1, "children": []}',
    ],
)
def test_a_damaged_record_is_an_empty_one(value: bytes) -> None:
    assert decode(value) == EMPTY


def test_children_of_kinds_that_are_not_known_any_more_are_left_out() -> None:
    value = KNOWN_CHILD.encode().replace(b'"services"', b'"widgets"')

    assert decode(value) == Inventory(KNOWN_CHILD.inputs, {})


async def a_store() -> tuple[FakeStore, Inventories, Fence]:
    """Return inventories under a claim."""
    store = FakeStore(FakeClock())
    fence = Fence()
    fence.token = await store.commit([Put(fence.claim, b"")])
    return store, Inventories(store, KEYS, "test"), fence


@pytest.mark.asyncio
async def test_what_was_recorded_is_read_by_the_next_owner() -> None:
    store, inventories, fence = await a_store()

    await inventories.record(PRIMARY, KNOWN_CHILD, fence)

    assert await Inventories(store, KEYS, "test").read(PRIMARY, fence) == KNOWN_CHILD
    assert await Inventories(store, KEYS, "other").read(PRIMARY, fence) == EMPTY


@pytest.mark.asyncio
async def test_a_record_says_under_which_token_it_was_written() -> None:
    store, inventories, fence = await a_store()

    await inventories.record(PRIMARY, KNOWN_CHILD, fence)

    assert orjson.loads(store.pairs()[KEY])["token"] == fence.token


@pytest.mark.asyncio
async def test_nothing_is_asked_or_written_at_rest() -> None:
    store, inventories, fence = await a_store()
    await inventories.record(PRIMARY, KNOWN_CHILD, fence)
    calls = store.calls.copy()

    for _ in range(3):
        await inventories.read(PRIMARY, fence)
        await inventories.record(PRIMARY, KNOWN_CHILD, fence)

    assert store.calls == calls


@pytest.mark.asyncio
async def test_another_claim_reads_again() -> None:
    store, inventories, fence = await a_store()
    await inventories.record(PRIMARY, EMPTY, fence)
    await store.commit([Put(KEY, KNOWN_CHILD.encode())])

    assert await inventories.read(PRIMARY, Fence(fence.claim, fence.token + 1)) == KNOWN_CHILD


@pytest.mark.asyncio
async def test_a_lost_claim_writes_nothing() -> None:
    store, inventories, fence = await a_store()

    with pytest.raises(LeaseLostError, match="not held"):
        await inventories.record(PRIMARY, KNOWN_CHILD, Fence(fence.claim, fence.token + 1))
    with pytest.raises(LeaseLostError, match="has ended"):
        await inventories.record(PRIMARY, KNOWN_CHILD, Fence(fence.claim, fence.token, is_ended=True))

    assert KEY not in store.pairs()


@pytest.mark.asyncio
async def test_after_a_lost_answer_the_record_is_read_back() -> None:
    store, inventories, fence = await a_store()
    store.lose_answers(1)

    with pytest.raises(UnknownResultError):
        await inventories.record(PRIMARY, KNOWN_CHILD, fence)

    assert await inventories.read(PRIMARY, fence) == KNOWN_CHILD


@pytest.mark.asyncio
async def test_a_primary_that_is_gone_leaves_no_record() -> None:
    store, inventories, fence = await a_store()
    await inventories.record(PRIMARY, KNOWN_CHILD, fence)

    await inventories.forget(PRIMARY, fence)
    commits = store.calls["commit"]
    await inventories.forget(PRIMARY, fence)

    assert KEY not in store.pairs()
    assert store.calls["commit"] == commits
    assert await inventories.read(PRIMARY, fence) == EMPTY


def test_the_order_of_labels_does_not_count() -> None:
    assert metadata_digest({"a": "1", "b": "2"}, {}) == metadata_digest({"b": "2", "a": "1"}, {})
    assert metadata_digest({"a": "1"}, {}) != metadata_digest({}, {"a": "1"})
