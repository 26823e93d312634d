"""The assembly on real servers: everything a room's app is given works, and what is missing is waited for."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from shared.assembly.rooms import platform
from shared.contracts.streams import DECISIONS, stream_specs
from shared.contracts.subjects import decision_subject
from shared.core.resources import NAMESPACES, Ref
from shared.ports.bus import After
from shared.ports.passes import Decision
from shared.ports.store import Put
from shared.runtime.health import Readiness
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from tests.contract.kube import scripted
from tests.servers.fixtures import StartNats
from tests.servers.interface import ApiTestServer, EtcdTestServer

pytestmark = pytest.mark.asyncio

_NUMBERS = itertools.count(1)
DEFAULT = Ref(NAMESPACES, "", "default")


class Attentive(Readiness):
    """Readiness that can be waited for to say what is missing."""

    def __init__(self, service: str) -> None:
        self.told = asyncio.Event()
        super().__init__(service)

    def wait(self, check: str, reason: str) -> None:
        """Say that a check is not fine, and why."""
        super().wait(check, reason)
        if "cannot connect" in reason:
            self.told.set()


@pytest.fixture
def settings(start_nats: StartNats, etcd_server: EtcdTestServer, api_server: ApiTestServer) -> ServiceSettings:
    """Settings that lead to real servers; streams belong to one installation, so NATS is the test's own."""
    return ServiceSettings(
        install=f"assembly-{next(_NUMBERS)}",
        nats_url=(start_nats().url,),
        etcd_endpoints=(etcd_server.endpoint,),
        kubeconfig=api_server.kubeconfig,
    )


async def test_an_app_is_given_open_connections_and_a_running_decision_log(settings: ServiceSettings) -> None:
    service = Service("assembly", Readiness("assembly"))

    async with platform(settings, service) as around:
        await around.bus.provision(stream_specs(), install=settings.install)
        await around.store.commit([Put(around.keys.fact("seen"), b"yes")])
        namespace = await around.cluster.get(DEFAULT)
        around.decisions.record(Decision(DEFAULT, "seen", "the namespace is there"))
        async with (
            asyncio.timeout(10),
            around.bus.follow(DECISIONS, [decision_subject("assembly", DEFAULT)], After(0)) as seen,
        ):
            delivery = await anext(aiter(seen))
        ready = service.readiness.is_ready

    assert ready
    assert namespace is not None
    assert delivery.message.headers["ce-type"] == "com.nvidia.dynamo.assembly.seen.v1"
    labels = {"platform_service": "assembly", "verb": "get", "resource": "namespaces", "code": "200"}
    assert REGISTRY.get_sample_value("dynamo_operator_cluster_requests_total", labels) == 1


async def test_decisions_that_are_still_queued_are_stored_at_the_end(settings: ServiceSettings) -> None:
    service = Service("assembly", Readiness("assembly"))
    async with platform(settings, service) as around:
        await around.bus.provision(stream_specs(), install=settings.install)
        for number in range(100):
            around.decisions.record(Decision(DEFAULT, "seen", str(number)))

    async with platform(settings, service) as around:
        state = await around.bus.state(DECISIONS)

    assert state.messages == 100


async def test_a_missing_api_server_is_waited_for_by_name(settings: ServiceSettings, tmp_path: Path) -> None:
    readiness = Attentive("assembly")
    service = Service("assembly", readiness)
    nowhere = scripted.kubeconfig(tmp_path / "kubeconfig", port=1)
    missing = settings.model_copy(update={"kubeconfig": nowhere, "cluster_timeout": timedelta(seconds=1)})

    async def run() -> None:
        async with platform(missing, service):
            raise AssertionError("there is no API server")

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(run())
        async with asyncio.timeout(10):
            await readiness.told.wait()
        running.cancel()

    assert set(service.readiness.waiting) == {"kubernetes", "nats", "etcd"}
