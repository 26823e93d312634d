"""What holds when the server dies, hangs, forgets, compacts, or an answer is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from etcd3 import etcdrpc

from shared.core.errors import ConflictError, LeaseLostError, UnknownResultError, UnreachableError
from shared.ports.store import CreatedAt, Everything, KeyPut, Put, StoreChange
from shared.runtime.clock import SystemClock
from shared.store.etcd_store import connect
from shared.store.options import EtcdOptions
from shared.testing.eventually import eventually
from tests.contract.relay import relay_to
from tests.contract.store.bench import QUICK, Bench, RealFate, following, real_bench, relayed_bench
from tests.servers.fixtures import StartEtcd
from tests.servers.interface import EtcdTestServer

pytestmark = pytest.mark.asyncio


async def test_a_watch_goes_on_behind_the_last_event_after_a_crash(crashable: Bench) -> None:
    async with following(crashable.store, crashable.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        await crashable.other.commit([Put(crashable.key("a"), b"1")])
        await eventually(lambda: len(seen) == 2)
        await crashable.server.kill()
        await crashable.server.start()
        await eventually(lambda: _committed(crashable, "a", b"2"))
        await eventually(lambda: _values(seen)[-1:] == [b"2"])

    assert _values(seen) == [b"1", b"2"]
    assert sum(isinstance(change, Everything) for change in seen) == 1


async def test_a_watch_behind_a_compaction_lists_again(etcd_server: EtcdTestServer) -> None:
    async with relayed_bench(etcd_server) as (bench, relay), following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        relay.refuse()
        await bench.other.commit([Put(bench.key("a"), b"1")])
        compacted = await bench.other.commit([Put(bench.key("a"), b"2")])
        await asyncio.to_thread(_compact, etcd_server.endpoint, compacted)
        relay.accept()
        await eventually(lambda: len(seen) == 2)
        await bench.other.commit([Put(bench.key("a"), b"3")])
        await eventually(lambda: len(seen) == 3)

    again = seen[1]
    assert isinstance(again, Everything)
    assert [pair.value for pair in again.pairs] == [b"2"]
    assert _values(seen) == [b"3"]


async def test_a_lost_answer_is_unknown_and_a_read_tells(etcd_server: EtcdTestServer) -> None:
    async with relayed_bench(etcd_server) as (bench, relay):
        relay.lose_answers()

        with pytest.raises(UnknownResultError):
            await bench.store.commit([Put(bench.key("a"), b"1")], [CreatedAt(bench.key("a"), 0)])
        relay.cut()
        await eventually(lambda: _can_read(bench))

        assert (await bench.must_get("a")).value == b"1"
        with pytest.raises(ConflictError):
            await bench.store.commit([Put(bench.key("a"), b"1")], [CreatedAt(bench.key("a"), 0)])


async def test_a_hung_server_ends_every_call_at_its_deadline(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    async with real_bench(server, QUICK) as bench:
        lease = await bench.store.grant(timedelta(seconds=60))
        server.pause()

        async with asyncio.timeout(5):
            with pytest.raises(UnreachableError):
                await bench.store.get(bench.key("a"))
            with pytest.raises(UnreachableError):
                await bench.store.keep_alive(lease)
            with pytest.raises(UnreachableError):
                await bench.store.commit([Put(bench.key("a"), b"1")])
        server.resume()
        await eventually(lambda: _committed(bench, "a", b"2"))


async def test_a_watch_leaves_a_hung_server_and_misses_nothing(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    async with real_bench(server, QUICK) as bench, following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        server.pause()
        with pytest.raises(UnreachableError):
            await bench.store.get(bench.key("a"))
        server.resume()
        await eventually(lambda: _committed(bench, "a", b"1"))
        await eventually(lambda: _values(seen)[-1:] == [b"1"])


async def test_a_watch_leaves_an_endpoint_that_failed_another_call_at_its_first_silence(
    etcd_server: EtcdTestServer,
) -> None:
    times = replace(QUICK, watch_ping=timedelta(seconds=1.5))
    key = "/contract/left/it"
    async with relay_to(etcd_server.endpoint) as relay:
        options = EtcdOptions(endpoints=(relay.address, etcd_server.endpoint), times=times)
        async with (
            connect(options, SystemClock(), incarnation_key="/contract/left") as store,
            following(store, key) as seen,
        ):
            await eventually(lambda: len(seen) == 1)
            relay.lose_answers()
            with pytest.raises(UnreachableError):
                await store.get(key)
            await store.commit([Put(key, b"1")])
            await eventually(lambda: _values(seen) == [b"1"], within=2 * times.watch_ping)


async def test_an_outage_longer_than_every_time_out_ends_with_the_server(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    async with real_bench(server, QUICK) as bench, following(bench.store, bench.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        await RealFate(server).kill()
        loop = asyncio.get_running_loop()
        over = loop.time() + 3 * QUICK.call.total_seconds()
        await eventually(lambda: loop.time() > over)
        await RealFate(server).start()
        await eventually(lambda: _committed(bench, "a", b"1"))
        await eventually(lambda: _values(seen) == [b"1"])


async def test_a_wiped_store_is_read_from_the_beginning_and_has_no_lease_of_ours(crashable: Bench) -> None:
    lease = await crashable.store.grant(timedelta(seconds=60))
    await crashable.store.commit([Put(crashable.key("old"), b"1", lease.id)])
    async with following(crashable.store, crashable.prefix) as seen:
        await eventually(lambda: len(seen) == 1)
        await _replace_store(crashable)
        await eventually(lambda: _is_lost(crashable, lease.id))
        await eventually(lambda: len(seen) >= 2)
        await eventually(lambda: _committed(crashable, "new", b"2"))
        await eventually(lambda: _values(seen) == [b"2"] or _pairs(seen[-1]) == [b"2"])

    with pytest.raises(LeaseLostError):
        await crashable.store.keep_alive(lease)


async def test_no_fence_of_a_wiped_store_is_accepted_by_the_new_one(crashable: Bench) -> None:
    claim = crashable.key("claim")
    token = await crashable.store.commit([Put(claim, b"me")], [CreatedAt(claim, 0)])
    await _replace_store(crashable)
    await eventually(lambda: _refilled_up_to(crashable, claim, token))

    with pytest.raises(ConflictError):
        await eventually(lambda: _fenced(crashable, claim, token))


async def test_connecting_waits_for_a_server_that_is_not_there_yet(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    await RealFate(server).kill()
    options = EtcdOptions(endpoints=(server.endpoint,), times=QUICK)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_connect_and_read(options))
        tasks.create_task(RealFate(server).start())

    assert waiting.result()


async def test_another_endpoint_takes_over(etcd_server: EtcdTestServer) -> None:
    nobody = "127.0.0.1:1"
    options = EtcdOptions(endpoints=(nobody, f"http://{etcd_server.endpoint}"), times=QUICK)

    assert await _connect_and_read(options)


async def _connect_and_read(options: EtcdOptions) -> bool:
    async with connect(options, SystemClock(), incarnation_key="/contract/waiting") as store:
        return await store.get("/contract/waiting") is not None


async def _replace_store(bench: Bench) -> None:
    await bench.server.kill()
    await bench.server.wipe()
    await bench.server.start()


async def _committed(bench: Bench, name: str, value: bytes) -> bool:
    try:
        await bench.other.commit([Put(bench.key(name), value)])
    except (UnreachableError, ConflictError):
        return False
    return True


async def _can_read(bench: Bench) -> bool:
    try:
        await bench.store.get(bench.key("a"))
    except UnreachableError:
        return False
    return True


async def _is_lost(bench: Bench, lease: int) -> bool:
    try:
        pair = await bench.other.get(bench.key("old"))
    except UnreachableError:
        return False
    return pair is None or pair.lease != lease


async def _refilled_up_to(bench: Bench, key: str, revision: int) -> bool:
    """Write until the new store's claim could carry the old one's token; the last write makes the claim."""
    try:
        newest = (await bench.other.list(bench.prefix)).revision
        name = key if newest >= revision - 1 else bench.key("filler")
        await bench.other.commit([Put(name, b"other")])
    except (UnreachableError, ConflictError):
        return False
    return name == key


async def _fenced(bench: Bench, claim: str, token: int) -> bool:
    try:
        await bench.store.commit([Put(bench.key("state"), b"stale")], [CreatedAt(claim, token)])
    except UnreachableError:
        return False
    return True


def _values(seen: list[StoreChange]) -> list[bytes]:
    return [change.pair.value for change in seen if isinstance(change, KeyPut)]


def _pairs(change: StoreChange) -> list[bytes]:
    return [pair.value for pair in change.pairs] if isinstance(change, Everything) else []


def _compact(endpoint: str, revision: int) -> None:
    with grpc.insecure_channel(endpoint) as channel:
        etcdrpc.KVStub(channel).Compact(etcdrpc.CompactionRequest(revision=revision, physical=True), timeout=5)
