"""The handlers on a fake cluster, with a view that a test brings up to date when it wants to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from services.reconciler.app import READS, pass_rules
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.settings import ReconcilerSettings
from shared.api.platform import PlatformContext
from shared.assembly.rooms import Platform
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.json import Manifest, items, text
from shared.core.objects import generation_of, ref_of
from shared.core.outcomes import Outcome
from shared.core.resources import COMPONENTS, DEPLOYMENTS, EVENTS, GRAPHS, Ref
from shared.ports.passes import Work
from shared.ports.store import Put
from shared.runtime.partitions.rules import PassRules
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Request
from shared.testing.facts import facts_of_a_cluster
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import Fence, Told

KEYS = EtcdKeys("test")
NAMESPACE = "default"
CHAT = Ref(GRAPHS, NAMESPACE, "chat")
WEB = Ref(COMPONENTS, NAMESPACE, "chat-web")
WEB_DEPLOYMENT = Ref(DEPLOYMENTS, NAMESPACE, "chat-web")
FACTS = facts_of_a_cluster()


def a_graph(*services: str, replicas: int = 1, **metadata: Any) -> Manifest:
    """Return graph `chat` with some workers."""
    worker = {
        "componentType": "worker",
        "replicas": replicas,
        "extraPodSpec": {"mainContainer": {"image": "registry.example/runtime:1"}},
    }
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": "chat", "namespace": NAMESPACE, **metadata},
        "spec": {"backendFramework": "vllm", "services": dict.fromkeys(services or ("web",), worker)},
    }


@dataclass(slots=True)
class Desk:
    """One owner of everything."""

    clock: FakeClock = field(default_factory=FakeClock)
    cluster: FakeCluster = field(init=False)
    store: FakeStore = field(init=False)
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("reconciler", "0")))
    view: PartitionView = field(default_factory=lambda: PartitionView(0, 1))
    recorder: EventRecorder = field(init=False)
    rules: PassRules = field(init=False)
    facts: dict[str, bytes] = field(default_factory=lambda: dict(FACTS))
    platform: PlatformContext = field(default_factory=PlatformContext)

    def __post_init__(self) -> None:
        self.cluster, self.store = FakeCluster(self.clock), FakeStore(self.clock)
        self.start()

    def start(self) -> None:
        """Begin as a new process would: nothing is remembered."""
        self.recorder = EventRecorder(self.cluster, self.clock)
        settings = ReconcilerSettings(install="test", platform=self.platform)
        around = SimpleNamespace(
            cluster=self.cluster, store=self.store, clock=self.clock, keys=KEYS, decisions=self.told, settings=settings
        )
        self.rules = pass_rules(cast(Platform, around), settings, self.recorder)

    async def claim(self) -> None:
        """Take the partition."""
        await self.store.commit([Put(self.fence.claim, b"")])
        pair = await self.store.get(self.fence.claim)
        self.fence = replace(self.fence, token=pair.create_revision if pair else 0)

    def see(self) -> None:
        """Bring the view up to date, as events would."""
        for resource in READS:
            for manifest in self.cluster.all(resource):
                self.view.take_object(manifest)
        self.view.forget_all(lambda placed: self.cluster.peek(placed.entry.ref) is None)

    async def run(self, primary: Ref = CHAT) -> Outcome:
        """Run one pass over what the view shows."""
        return await self.rules.primaries[primary.resource](self.work(primary))

    async def give_up(self, primary: Ref, reason: str) -> Outcome:
        """End the passes over a primary in a dead letter."""
        return await self.rules.on_dead_letter(self.work(primary), reason)

    def work(self, primary: Ref) -> Work:
        """Return what a pass is given."""
        view = PassView(self.view, lambda effect: None)
        return Work(primary, view, self.fence, "edit", cause="event-1", correlation="edit.1", facts=self.facts)

    async def bring_about(self) -> None:
        """Run passes over everything until nothing is written any more, with a kubelet that is quick."""
        while True:
            before = self.cluster.objects.version
            self.see()
            for resource in (GRAPHS, COMPONENTS):
                for manifest in self.cluster.all(resource):
                    await self.run(ref_of(manifest))
                    self.see()
            self.make_ready()
            await self.clock.advance(timedelta(seconds=2))
            if self.cluster.objects.version == before:
                return

    def make_ready(self) -> None:
        """Be the controller and the kubelet of all Deployments."""
        for live in self.cluster.all(DEPLOYMENTS):
            status = ready_status(live)
            if live.get("status") != status:
                self.cluster.set_status(ref_of(live), status)

    async def events(self) -> list[tuple[str, str]]:
        """Return type and reason of the Events that are written."""
        task = asyncio.ensure_future(self.recorder.run())
        await self.clock.settle()
        task.cancel()
        return [(text(each, "type"), text(each, "reason")) for each in self.cluster.all(EVENTS)]

    def condition(self, ref: Ref, kind: str) -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        live = self.cluster.peek(ref)
        found = next(each for each in items(live, "status", "conditions") if text(each, "type") == kind)
        return text(found, "status"), text(found, "reason"), text(found, "message")

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self.cluster.requests.clear()
        self.store.calls.clear()

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        """Return verb, resource and subresource of each write."""
        return [(each.verb, each.resource.plural, each.subresource) for each in self.cluster.writes]


def ready_status(deployment: Manifest) -> Manifest:
    """Return the status of a Deployment all of whose pods are ready."""
    replicas = deployment["spec"].get("replicas", 1)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        **dict.fromkeys(counts, replicas),
        "observedGeneration": generation_of(deployment),
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }


async def a_desk(*manifests: Manifest, platform: PlatformContext | None = None) -> Desk:
    """Return a desk that owns its partition, with some objects in view."""
    desk = Desk(platform=platform or PlatformContext())
    await desk.claim()
    for manifest in manifests:
        desk.cluster.put(manifest)
    desk.see()
    return desk


def of(requests: Iterable[Request], *verbs: str) -> list[str]:
    """Return the names of what requests of some verbs were about."""
    return [each.name for each in requests if each.verb in verbs]
