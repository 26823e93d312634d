"""The epoch: one life of one cluster's history, and one answer for all who ask."""

from __future__ import annotations

import asyncio

import pytest

from services.watcher.epochs import Epoch, Epochs, newest, next_epoch
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import UnreachableError
from shared.core.resources import NAMESPACES, Ref
from shared.ports.store import Put
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore

KEYS = EtcdKeys("test")
UID = "00000002-0000-0000-0000-000000000000"


def an_installation() -> tuple[FakeClock, FakeStore, Epochs]:
    """Return epochs on fakes."""
    clock = FakeClock()
    store = FakeStore(clock)
    return clock, store, Epochs(FakeCluster(clock), store, KEYS)


@pytest.mark.parametrize(
    ("recorded", "went_back", "expected"),
    [
        pytest.param(None, False, Epoch("b", 0), id="the first"),
        pytest.param(Epoch("a", 3), False, Epoch("b", 4), id="another cluster"),
        pytest.param(Epoch("b", 3), False, Epoch("b", 3), id="the same"),
        pytest.param(Epoch("b", 3), True, Epoch("b", 4), id="the same, restored"),
    ],
)
def test_an_epoch_ends_with_the_cluster_or_its_history(
    recorded: Epoch | None, went_back: bool, expected: Epoch
) -> None:
    assert next_epoch(recorded, "b", went_back=went_back) == expected


@pytest.mark.parametrize(
    ("recorded", "logged", "expected"),
    [
        pytest.param(None, "", None, id="nothing"),
        pytest.param(None, "b-c.2", Epoch("b-c", 2), id="a wiped etcd"),
        pytest.param(Epoch("a", 1), "a.2", Epoch("a", 2), id="an etcd restored from a backup"),
        pytest.param(Epoch("a", 3), "a.2", Epoch("a", 3), id="a log that is behind"),
        pytest.param(Epoch("a", 3), "a", Epoch("a", 3), id="a marker of another form"),
    ],
)
def test_the_log_knows_what_etcd_has_lost(recorded: Epoch | None, logged: str, expected: Epoch | None) -> None:
    assert newest(recorded, logged) == expected


@pytest.mark.asyncio
async def test_a_wiped_etcd_goes_on_in_the_epoch_of_the_log() -> None:
    _, store, epochs = an_installation()
    store.wipe()

    assert await epochs.observe(logged=f"{UID}.2") == f"{UID}.2"
    assert await epochs.recorded() == f"{UID}.2"


@pytest.mark.asyncio
async def test_is_recorded_once_and_stays() -> None:
    _, _, epochs = an_installation()

    assert await epochs.recorded() == ""
    assert await epochs.observe() == f"{UID}.0"
    assert await epochs.observe() == f"{UID}.0"
    assert await epochs.recorded() == f"{UID}.0"


@pytest.mark.asyncio
async def test_many_who_saw_one_history_end_begin_one_epoch() -> None:
    _, _, epochs = an_installation()
    first = await epochs.observe()

    found = await asyncio.gather(*(epochs.observe(went_back_from=first) for _ in range(8)))

    assert set(found) == {f"{UID}.1"}


@pytest.mark.asyncio
async def test_a_replica_that_was_quicker_is_believed() -> None:
    _, store, epochs = an_installation()
    first = await epochs.observe()
    other = Epochs(epochs.cluster, store.another(), KEYS)
    raced = [True]

    async def race(call: str, _: str) -> None:
        if call == "commit" and raced:
            raced.pop()
            await other.observe(went_back_from=first)

    store.before = race

    assert await epochs.observe(went_back_from=first) == f"{UID}.1"


@pytest.mark.asyncio
async def test_a_damaged_record_is_replaced() -> None:
    _, store, epochs = an_installation()
    await store.commit([Put(KEYS.epoch, b"]")])

    assert await epochs.recorded() == ""
    assert await epochs.observe() == f"{UID}.0"


@pytest.mark.asyncio
async def test_an_api_server_without_its_namespace_is_not_ready() -> None:
    _, _, epochs = an_installation()
    assert isinstance(epochs.cluster, FakeCluster)
    del epochs.cluster.objects.stored[Ref(NAMESPACES, "", "kube-system")]

    with pytest.raises(UnreachableError, match="kube-system"):
        await epochs.observe()


@pytest.mark.asyncio
async def test_whoever_waits_hears_of_another_epoch_and_of_nothing_else() -> None:
    clock, store, epochs = an_installation()
    known = await epochs.observe()
    waiting = asyncio.ensure_future(epochs.until_replaced(known))
    await clock.settle()
    await store.commit([Put(KEYS.epoch, b"]")])
    await store.commit([Put(KEYS.fact("gpu"), b"{}")])
    store.wipe()
    await clock.settle()
    await epochs.observe()
    await clock.settle()
    is_waiting = not waiting.done()
    await epochs.observe(went_back_from=known)
    await clock.settle()

    assert is_waiting
    assert waiting.done()


@pytest.mark.asyncio
async def test_an_epoch_that_was_replaced_before_is_told_at_once() -> None:
    clock, _, epochs = an_installation()
    known = await epochs.observe()
    await epochs.observe(went_back_from=known)

    waiting = asyncio.ensure_future(epochs.until_replaced(known))
    await clock.settle()

    assert waiting.done()
