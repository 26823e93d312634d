"""A store without room says so until it has room again, and not a write longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest
import pytest_asyncio
from etcd3 import etcdrpc

from shared.core.errors import NoRoomError
from shared.ports.store import Drop, Put
from shared.runtime.clock import SystemClock
from shared.store.etcd_store import EtcdStore, connect
from shared.store.options import EtcdOptions
from tests.contract.store.bench import STEADY
from tests.servers.fixtures import StartEtcd
from tests.servers.interface import EtcdTestServer

pytestmark = pytest.mark.asyncio

ACTIVATE, DEACTIVATE = 1, 2  # AlarmRequest.AlarmAction
NOSPACE = 1  # AlarmType
TTL = timedelta(seconds=60)


def set_alarm(server: EtcdTestServer, action: int) -> None:
    """Raise the alarm of a full database, or end it."""
    with grpc.insecure_channel(server.endpoint) as channel:
        maintenance = etcdrpc.MaintenanceStub(channel)
        member = maintenance.Status(etcdrpc.StatusRequest(), timeout=5).header.member_id
        maintenance.Alarm(etcdrpc.AlarmRequest(action=action, memberID=member, alarm=NOSPACE), timeout=5)


@pytest.fixture
def server(start_etcd: StartEtcd) -> EtcdTestServer:
    """Start a server whose alarms are nobody else's."""
    return start_etcd()


@pytest_asyncio.fixture
async def store(server: EtcdTestServer) -> AsyncIterator[EtcdStore]:
    """Connect to the server."""
    options = EtcdOptions(endpoints=(server.endpoint,), times=STEADY)
    async with connect(options, SystemClock(), incarnation_key="/room/incarnation") as made:
        yield made


async def fill(server: EtcdTestServer, store: EtcdStore) -> None:
    """Let a write find no room."""
    set_alarm(server, ACTIVATE)
    with pytest.raises(NoRoomError):
        await store.commit([Put("/room/x", b"1")])


async def test_a_deletion_is_no_sign_of_room(server: EtcdTestServer, store: EtcdStore) -> None:
    heard: list[str] = []
    store.on_problem(heard.append)
    await fill(server, store)

    await store.commit([Drop("/room/x")])

    assert [bool(problem) for problem in heard] == [False, True]


async def test_who_writes_nothing_hears_of_room_with_the_next_renewal(server: EtcdTestServer, store: EtcdStore) -> None:
    heard: list[str] = []
    lease = await store.grant(TTL)
    store.on_problem(heard.append)
    await fill(server, store)
    await store.keep_alive(lease)
    during = [bool(problem) for problem in heard]

    set_alarm(server, DEACTIVATE)
    await store.keep_alive(lease)

    assert during == [False, True]
    assert heard[-1] == ""
