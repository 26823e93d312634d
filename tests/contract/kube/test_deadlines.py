"""Writes under a claim: never sent later than the claim was looked at for, and never anonymous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from shared.core.errors import UnknownResultError, UnreachableError
from shared.core.resources import CONFIG_MAPS, Ref
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.ports.mandates import MANDATE, Mandate
from shared.runtime.clock import SystemClock
from shared.testing.eventually import eventually
from tests.contract.kube import scripted
from tests.contract.kube.scripted import ScriptedApi

pytestmark = pytest.mark.asyncio

PATIENT = timedelta(seconds=30)
REF = Ref(CONFIG_MAPS, "demo", "settings")
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "demo"}}


class SuspendedClock(SystemClock):
    """A clock of a machine that a test suspends."""

    slept = 0.0

    def elapsed(self) -> float:
        """Return the seconds with those that were slept."""
        return super().elapsed() + self.slept


@asynccontextmanager
async def opened(
    api: ScriptedApi, folder: Path, clock: SystemClock, options: KubeOptions | None = None
) -> AsyncIterator[KubeCluster]:
    """Open the adapter with one connection on a scripted server."""
    async with scripted.serve(api, folder) as kubeconfig:
        given = options or KubeOptions(deadline=PATIENT, connections=1)
        async with open_cluster(replace(given, kubeconfig=kubeconfig), clock) as cluster:
            yield cluster


async def answer(_: web.Request) -> web.StreamResponse:
    """Answer as if the write was done."""
    return scripted.object_answer(MANIFEST)


async def test_a_write_may_have_less_time_than_a_read(tmp_path: Path) -> None:
    silence = asyncio.Event()

    async def keep_silent(_: web.Request) -> web.StreamResponse:
        await silence.wait()
        return scripted.object_answer(MANIFEST)

    options = KubeOptions(deadline=PATIENT, write_deadline=timedelta(milliseconds=50))
    async with opened(ScriptedApi(keep_silent), tmp_path, SystemClock(), options) as cluster:
        reading = asyncio.create_task(cluster.get(REF))
        with pytest.raises(UnknownResultError):
            await cluster.apply(MANIFEST, manager="ours")
        silence.set()

        assert await reading == MANIFEST


@pytest.mark.rule("P-22")
async def test_a_write_that_waited_while_the_machine_slept_is_not_sent(tmp_path: Path) -> None:
    clock, is_free = SuspendedClock(), asyncio.Event()

    async def hold_the_connection(_: web.Request) -> web.StreamResponse:
        await is_free.wait()
        return scripted.object_answer(MANIFEST)

    api = ScriptedApi(hold_the_connection)
    async with opened(api, tmp_path, clock) as cluster, asyncio.TaskGroup() as tasks:
        tasks.create_task(cluster.get(REF))
        await eventually(lambda: len(api.requests) == 1)
        writing = tasks.create_task(raised_by_write(cluster))
        await asyncio.sleep(0)
        clock.slept = 300.0
        is_free.set()

    assert type(writing.result()) is UnreachableError
    assert [request.method for request in api.requests] == ["GET"]


async def raised_by_write(cluster: KubeCluster) -> Exception:
    """Return what a write raises."""
    with pytest.raises(UnreachableError) as raised:
        await cluster.apply(MANIFEST, manager="ours")
    return raised.value


async def test_a_write_of_a_pass_tells_the_audit_log_under_which_claim_it_is_made(tmp_path: Path) -> None:
    api = ScriptedApi(answer)

    async def write() -> None:
        MANDATE.set(Mandate("24", 1729, "3f2a91c0.2"))
        await cluster.get(REF)
        await cluster.apply(MANIFEST, manager="ours")

    async with opened(api, tmp_path, SystemClock()) as cluster, asyncio.TaskGroup() as tasks:
        tasks.create_task(write())

    read, applied = api.requests
    assert "Audit-ID" not in read.headers
    assert applied.headers["Audit-ID"].rpartition("/")[0] == "24/1729/3f2a91c0.2"


async def test_a_write_under_no_claim_leaves_its_audit_id_to_the_server(tmp_path: Path) -> None:
    api = ScriptedApi(answer)

    async with opened(api, tmp_path, SystemClock()) as cluster:
        await cluster.apply(MANIFEST, manager="ours")

    assert "Audit-ID" not in api.requests[0].headers
