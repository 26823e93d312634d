"""etcd is wiped and filled by others, to a revision below and above the one it had: nothing of the old store holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from etcd3 import etcdrpc

from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.processes import free_port
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import ConflictError, TemporaryError
from shared.ports.store import CreatedAt, KeyPut, Put, Store, StoreChange
from shared.testing.eventually import eventually
from tests.chaos.clusters.claimants import SERVICE, UNITS, claimants
from tests.chaos.clusters.forms import long_form
from tests.chaos.records import Drill, Measure, record

pytestmark = [pytest.mark.asyncio, pytest.mark.rule("P-21")]

PATIENCE = timedelta(seconds=30)
ALIVE = timedelta(seconds=5)
OLD_STORE = 1000  # revisions that the first store has at least, so that there is room below
TIMEOUT = 10


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[EtcdServer]:
    """An etcd of the test's own, which it may start on another port meanwhile."""
    server = EtcdServer(tmp_path / "etcd", EtcdOptions(syncs_to_disk=False))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("more", [pytest.param(-500, id="below"), pytest.param(500, id="above", marks=long_form)])
async def test_a_store_that_was_wiped_and_refilled_is_taken_for_a_new_one(alone: EtcdServer, more: int) -> None:
    keys = EtcdKeys("refilled")
    await asyncio.to_thread(fill, alone, OLD_STORE)
    async with claimants(keys.install, (alone.endpoint,), (alone.endpoint,)) as watch, asyncio.TaskGroup() as tasks:
        await eventually(lambda: watch.is_complete, within=PATIENCE)
        store, seen = watch.claimants[0].store, list[StoreChange]()
        following = tasks.create_task(follow(store, f"{keys.root}probe/", seen))
        await eventually(lambda: bool(seen), within=PATIENCE)
        stale = [CreatedAt(fence.claim, fence.token) for each in watch.claimants for fence in each.fences.values()]
        revision = (await store.list(keys.claims(SERVICE))).revision

        await asyncio.to_thread(replace, alone, revision + more)
        alive = await eventually(lambda: is_heard(store, f"{keys.root}probe/it", seen), within=PATIENCE)
        former = {guard.revision for guard in stale}
        whole = await eventually(lambda: watch.is_complete and not watch.tokens & former, within=PATIENCE)
        accepted = [guard.key for guard in stale if await is_accepted(store, keys, guard)]
        following.cancel()

    drill = Drill(
        "P-21",
        f"etcd, wiped and refilled {abs(more)} revisions {'above' if more > 0 else 'below'} where it was",
        whole=(
            Measure("from its return until a watch is alive", timedelta(seconds=alive), ALIVE, "P-21"),
            Measure("from then until all units are claimed anew", timedelta(seconds=whole)),
        ),
        held=f"0 of {len(stale)} old fences accepted, 0 overlaps of holders",
    )
    assert record(drill).missed == ()
    assert len(stale) == len(UNITS)
    assert accepted == []
    assert watch.overlaps == []


def fill(server: EtcdServer, revision: int) -> None:
    """Write until the store has a revision."""
    with grpc.insecure_channel(server.endpoint) as channel:
        put, reached = etcdrpc.KVStub(channel).Put, 0
        while reached < revision:
            reached = put(etcdrpc.PutRequest(key=b"somebody/else", value=b"x"), timeout=TIMEOUT).header.revision


def replace(server: EtcdServer, revision: int) -> None:
    """Lose the data, and let others fill the store to a revision before anybody else reaches it."""
    port = server.port
    server.kill()
    server.wipe()
    server.port = free_port()
    server.start()
    fill(server, revision)
    server.stop()
    server.port = port
    server.start()


async def follow(store: Store, prefix: str, seen: list[StoreChange]) -> None:
    async for change in store.follow(prefix):
        seen.append(change)


async def is_heard(store: Store, key: str, seen: list[StoreChange]) -> bool:
    """Write, and say whether any such write has come back through the watch."""
    try:
        await store.commit([Put(key, b"1")])
    except TemporaryError:
        return False
    return any(isinstance(change, KeyPut) for change in seen)


async def is_accepted(store: Store, keys: EtcdKeys, guard: CreatedAt) -> bool:
    """Say whether the store takes a write under a fence of its predecessor."""
    try:
        await store.commit([Put(f"{keys.root}state/stale", b"stale")], [guard])
    except ConflictError:
        return False
    return True
