"""What the store says of its members and alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.errors import UnreachableError
from shared.runtime.clock import SystemClock
from shared.store.etcd_store import connect
from shared.store.options import EtcdOptions
from tests.contract.store.bench import STEADY, Bench
from tests.servers.interface import EtcdTestServer

pytestmark = pytest.mark.asyncio


async def test_a_store_that_is_well_has_a_leader_and_no_alarm(bench: Bench) -> None:
    health = await bench.store.health()

    assert [each.is_leader for each in health.members] == [True]
    assert [each.problem for each in health.members] == [""]
    assert health.members[0].version
    assert health.alarms == ()


async def test_an_endpoint_that_is_away_is_named_beside_the_others(etcd_server: EtcdTestServer) -> None:
    times = replace(STEADY, call=timedelta(milliseconds=500))
    options = EtcdOptions(endpoints=("127.0.0.1:1", etcd_server.endpoint), times=times)
    async with connect(options, SystemClock(), incarnation_key="/health/incarnation") as store:
        health = await store.health()

    assert [bool(each.problem) for each in health.members] == [True, False]
    assert health.alarms == ()


async def test_a_store_that_is_away_is_unreachable(crashable: Bench) -> None:
    await crashable.server.kill()

    with pytest.raises(UnreachableError):
        await crashable.store.health()
