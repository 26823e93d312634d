"""Facts that concern all keys."""

from __future__ import annotations

import asyncio

import pytest

from shared.core.resources import GRAPHS, Ref
from shared.ports.store import Drop, Put
from shared.runtime.partitions.facts import Facts, every_primary
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore

pytestmark = pytest.mark.asyncio


async def test_facts_are_known_after_the_first_read_and_followed() -> None:
    clock = FakeClock()
    store = FakeStore(clock)
    await store.commit([Put("facts/gpu", b"8")])
    facts, heard = Facts(store, "facts/"), list[frozenset[str]]()
    facts.listeners.append(heard.append)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(facts.run())
        await clock.settle()
        first = dict(facts.values)
        await store.commit([Put("facts/gpu", b"8")])
        await store.commit([Put("facts/orchestrators", b"none")])
        await clock.settle()
        second = dict(facts.values)
        await store.commit([Drop("facts/gpu")])
        await clock.settle()
        following.cancel()

    assert facts.is_known
    assert (first, second) == ({"gpu": b"8"}, {"gpu": b"8", "orchestrators": b"none"})
    assert dict(facts.values) == {"orchestrators": b"none"}
    assert heard == [{"gpu"}, {"orchestrators"}, {"gpu"}]


async def test_no_facts_at_all_are_knowledge_too() -> None:
    clock = FakeClock()
    facts, heard = Facts(FakeStore(clock), "facts/"), list[frozenset[str]]()
    facts.listeners.append(heard.append)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(facts.run())
        await clock.settle()
        following.cancel()

    assert facts.is_known
    assert heard == [frozenset()]


async def test_by_default_a_fact_concerns_every_primary() -> None:
    primaries = [Ref(GRAPHS, "team", "chat")]
    view = PassView(PartitionView(0), lambda effect: None)

    assert list(every_primary("gpu", primaries, view)) == primaries
