"""Rooms on real servers: each runs in this process as its app does in its own, and is killed by cancelling it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from services.discovery.app import app as discovery
from services.discovery.settings import DiscoverySettings
from services.rbac.app import app as rbac
from services.rbac.settings import RbacSettings
from services.reconciler.app import app as reconciler
from services.reconciler.settings import ReconcilerSettings
from services.watcher.app import app as watcher
from services.watcher.settings import WatcherSettings
from shared.assembly.connections import bus_of, cluster_of, store_of
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.json import Manifest
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import EventLog
from shared.ports.cluster import Cluster
from shared.ports.store import Store
from shared.runtime.health import Readiness
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.testing.eventually import eventually
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "charts" / "crds" / "templates"
BASE = ROOT / "charts" / "platform" / "files" / "base.yaml"
CHAT = Ref(GRAPHS, "default", "chat")
PATIENCE = timedelta(seconds=20)

Run = Callable[[dict[str, Any], Service], Coroutine[Any, Any, None]]
ROOMS: dict[str, Run] = {
    "watcher": lambda given, service: watcher(WatcherSettings.model_validate(given), service),
    "reconciler": lambda given, service: reconciler(ReconcilerSettings.model_validate(given), service),
    "rbac": lambda given, service: rbac(RbacSettings.model_validate(given), service),
    "discovery": lambda given, service: discovery(DiscoverySettings.model_validate(given), service),
}


@dataclass(slots=True)
class Room:
    """One running room."""

    service: Service
    task: asyncio.Task[None]

    async def kill(self) -> None:
        """End it without a word, as `kill -9` does; its connections break."""
        self.task.cancel()
        await asyncio.wait([self.task])


@dataclass(slots=True)
class Servers:
    """Three servers of one's own, with connections of the test."""

    given: dict[str, Any]
    cluster: Cluster
    bus: EventLog
    store: Store
    keys: EtcdKeys
    tasks: asyncio.TaskGroup
    running: list[Room]

    async def start(self, *names: str) -> Room:
        """Start rooms and wait until all of them are ready; return the last."""
        started = [self.run(name, ROOMS[name]) for name in names]
        await eventually(lambda: all(room.service.readiness.is_ready for room in started), within=PATIENCE)
        return started[-1]

    def run(self, name: str, room_app: Run, **more: Any) -> Room:
        """Run an app as a room, with some settings of its own."""
        service = Service(name, Readiness(name))
        service.readiness.wait("start", "the test has not started it")
        room = Room(service, self.tasks.create_task(room_app(self.given | more, service)))
        self.running.append(room)
        return room

    async def graph(self, *, replicas: int = 1, model: str = "") -> Manifest:
        """Apply graph `chat`."""
        container = {"mainContainer": {"image": "registry.example/runtime:1"}}
        worker = {"componentType": "worker", "replicas": replicas, "extraPodSpec": container}
        worker |= {"modelRef": {"name": model}} if model else {}
        metadata = {"name": "chat", "namespace": "default"}
        spec = {"backendFramework": "vllm", "services": {"web": worker}}
        manifest = {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "metadata": metadata, "spec": spec}
        return await self.cluster.apply(manifest, manager="ada")


@asynccontextmanager
async def servers(start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd) -> AsyncIterator[Servers]:
    """Start the servers, with what stands in a cluster before the first graph."""
    api, nats, etcd = start_api("--crd", str(DEFINITIONS)), start_nats(), start_etcd()
    given = {
        "kubeconfig": api.kubeconfig,
        "nats_url": (nats.url,),
        "etcd_endpoints": (etcd.endpoint,),
        "claim_ttl": timedelta(seconds=2),
    }
    async with rooms_with(given) as found:
        yield found


@asynccontextmanager
async def rooms_with(given: dict[str, Any]) -> AsyncIterator[Servers]:
    """Connect to servers that run, and apply what stands in a cluster before the first graph."""
    settings = ServiceSettings.model_validate(given)
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(cluster_of(settings, service="test"))
        bus = await stack.enter_async_context(bus_of(settings, service="test"))
        store = await stack.enter_async_context(store_of(settings, service="test"))
        for document in yaml.safe_load_all(BASE.read_text(encoding="utf-8")):
            if document["kind"] != "ValidatingWebhookConfiguration":  # nobody would answer
                await cluster.apply(document, manager="test")
        async with asyncio.TaskGroup() as tasks:
            found = Servers(given, cluster, bus, store, EtcdKeys(settings.install), tasks, [])
            try:
                yield found
            finally:
                for room in found.running:
                    room.task.cancel()
