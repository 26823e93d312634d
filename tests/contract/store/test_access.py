"""Who may do what: users, passwords, and logins that a server forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import grpc
import pytest
from etcd3 import etcdrpc

from shared.core.errors import ForbiddenError, PlatformError
from shared.ports.store import KeyPut, Put
from shared.runtime.clock import SystemClock
from shared.store.etcd_store import connect
from shared.store.options import EtcdOptions
from shared.testing.eventually import eventually
from tests.contract.store.bench import STEADY, RealFate, following
from tests.servers.fixtures import StartEtcd
from tests.servers.interface import EtcdTestServer

pytestmark = pytest.mark.asyncio

ALLOWED = "/allowed/"


async def test_a_user_logs_in_and_is_kept_to_its_prefix(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    await asyncio.to_thread(_require_login, server)
    async with connect(_options(server, "secret"), SystemClock(), incarnation_key=f"{ALLOWED}incarnation") as store:
        await store.commit([Put(f"{ALLOWED}a", b"1")])

        assert await store.get(f"{ALLOWED}a") is not None
        with pytest.raises(ForbiddenError):
            await store.get("/elsewhere")
        with pytest.raises(ForbiddenError):
            await store.commit([Put("/elsewhere", b"")])


async def test_a_server_that_forgot_the_login_gets_another_one(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    await asyncio.to_thread(_require_login, server)
    async with AsyncExitStack() as stack:
        connecting = connect(_options(server, "secret"), SystemClock(), incarnation_key=f"{ALLOWED}incarnation")
        store = await stack.enter_async_context(connecting)
        seen = await stack.enter_async_context(following(store, ALLOWED))
        await eventually(lambda: len(seen) == 1)
        await RealFate(server).kill()  # tokens live in its memory only
        await RealFate(server).start()
        await eventually(lambda: _is_written(store, f"{ALLOWED}a"))
        await eventually(lambda: isinstance(seen[-1], KeyPut))


async def test_a_wrong_password_waits_to_be_accepted(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    await asyncio.to_thread(_require_login, server)
    options = _options(server, "wrong")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), connect(options, SystemClock(), incarnation_key=f"{ALLOWED}incarnation"):
            pytest.fail("the server took a wrong password")


def _options(server: EtcdTestServer, password: str) -> EtcdOptions:
    return EtcdOptions(endpoints=(server.endpoint,), user="dynamo", password=password, times=STEADY)


async def _is_written(store: Any, key: str) -> bool:
    try:
        await store.commit([Put(key, b"1")])
    except PlatformError:
        return False
    return True


def _require_login(server: EtcdTestServer) -> None:
    with _auth(server) as auth:
        permission = {"permType": "READWRITE", "key": ALLOWED.encode(), "range_end": b"/allowed0"}
        auth.RoleAdd(etcdrpc.AuthRoleAddRequest(name="dynamo"), timeout=5)
        auth.RoleGrantPermission(etcdrpc.AuthRoleGrantPermissionRequest(name="dynamo", perm=permission), timeout=5)
        auth.RoleAdd(etcdrpc.AuthRoleAddRequest(name="root"), timeout=5)
        for user, password in (("root", "root"), ("dynamo", "secret")):
            auth.UserAdd(etcdrpc.AuthUserAddRequest(name=user, password=password), timeout=5)
            auth.UserGrantRole(etcdrpc.AuthUserGrantRoleRequest(user=user, role=user), timeout=5)
        auth.AuthEnable(etcdrpc.AuthEnableRequest(), timeout=5)


@contextmanager
def _auth(server: EtcdTestServer) -> Iterator[Any]:
    with grpc.insecure_channel(server.endpoint) as channel:
        yield etcdrpc.AuthStub(channel)
