"""The product on fakes with a driven clock: watcher, reconciler and a kubelet around one simulated cluster.

Real code throughout: the watcher's kinds with their guarded publishing, claims, views, queue, and the reconciler's
handlers. Only servers, time and everybody else in the cluster are fakes. One seed is one schedule: the same seed takes
the same course. A test perturbs a run between any two steps and compares what is left with an undisturbed run.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from services.reconciler.app import READS, pass_rules
from services.reconciler.handlers.events import EventRecorder
from services.reconciler.settings import ReconcilerSettings
from services.watcher.changes.publications import Origin as WatcherOrigin
from services.watcher.checkpoints import Checkpoints
from services.watcher.correlations import Correlations
from services.watcher.epochs import Epochs
from services.watcher.handlers import KindWatcher, Surroundings, epoch_now
from services.watcher.streams import StreamKeeper
from services.watcher.tables_from_log import read_table
from shared.api.platform import PlatformContext
from shared.assembly.rooms import Platform
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.streams import stream_specs
from shared.core.errors import TemporaryError
from shared.core.json import Manifest, integer
from shared.core.objects import generation_of, ref_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref, Resource
from shared.ports.bus import Bus, Delivery, Start, Subscription
from shared.ports.passes import Decision
from shared.runtime.dead_letters import DeadLetters
from shared.runtime.decisions import Origin
from shared.runtime.health import Readiness
from shared.runtime.partitions.claims.replicas import ClaimOptions
from shared.runtime.partitions.rules import PassOptions, PassRules
from shared.runtime.partitions.service import PartitionService
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_objects import Change
from shared.testing.facts import facts_of_a_cluster, recorded
from shared.testing.store import FakeStore

KEYS = EtcdKeys("chaos")
PARTITIONS = 2  # enough to have two owners, few enough that thousands of runs are quick
KINDS: tuple[Resource, ...] = tuple(sorted(READS))
NAMESPACE = "default"
IMAGE = "registry.example/runtime:1"


@dataclass(slots=True)
class Process:
    """One running replica with connections of its own."""

    name: str
    bus: FakeBus
    store: FakeStore
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    service: PartitionService | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self.task is not None and not self.task.done()

    def kill(self) -> None:
        """End the process as `kill -9` does: nothing is given back."""
        if self.task is not None:
            self.task.cancel()

    def cut(self) -> None:
        """Take its servers away."""
        self.bus.cut()
        self.store.cut()

    def mend(self) -> None:
        """Give its servers back."""
        self.bus.mend()
        self.store.mend()


class Silence:
    """A decision log that keeps nothing."""

    def record(self, decision: Decision) -> None:
        """Drop a decision."""


@dataclass(frozen=True, slots=True)
class FreeFence:
    """A fence of a watcher without claims, so that two of them can publish the same kind at once."""

    claim: str
    token: int = 0

    def check(self) -> None:
        """Allow everything."""


@dataclass(frozen=True, slots=True)
class Jumbled:
    """A subscription that delivers again, at any time, what it has delivered before."""

    subscription: Subscription
    dice: random.Random
    again: float
    past: list[Delivery] = field(default_factory=list)

    @property
    def pending_at_open(self) -> int:
        """Return how many stored messages were waiting when it was opened."""
        return self.subscription.pending_at_open

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        """Yield each delivery, and behind it some of those before it."""
        async for delivery in self.subscription:
            self.past.append(delivery)
            yield delivery
            while self.dice.random() < self.again:
                yield self.dice.choice(self.past)


class JumbledBus:
    """A client of the event log whose subscriptions are jumbled."""

    def __init__(self, bus: FakeBus, dice: random.Random, again: float) -> None:
        """Wrap a client."""
        self._bus, self._dice, self._again = bus, dice, again

    def __getattr__(self, name: str) -> object:
        """Return what the client has."""
        return getattr(self._bus, name)

    @asynccontextmanager
    async def follow(self, stream: str, subjects: Sequence[str], start: Start) -> AsyncIterator[Jumbled]:
        """Open an ordered consumer that is none."""
        async with self._bus.follow(stream, subjects, start) as subscription:
            yield Jumbled(subscription, self._dice, self._again)


@dataclass(slots=True)
class Kubelet:
    """Makes Deployments ready some time after each change of their spec."""

    cluster: FakeCluster
    clock: FakeClock
    dice: random.Random
    slowest: float = 1.0

    def __post_init__(self) -> None:
        """Listen to the cluster."""
        self.cluster.objects.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.ref.resource is not DEPLOYMENTS or change.after is None:
            return
        if integer(change.after, "status", "observedGeneration") != generation_of(change.after):
            ref = change.ref
            self.clock.call_at(self.clock.elapsed() + self.slowest * self.dice.random(), lambda: self._ready(ref))

    def _ready(self, ref: Ref) -> None:
        live = self.cluster.peek(ref)
        if live is None or integer(live, "status", "observedGeneration") == generation_of(live):
            return
        replicas = integer(live, "spec", "replicas")
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        status: Manifest = dict.fromkeys(counts, replicas)
        status["observedGeneration"] = generation_of(live)
        status["conditions"] = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]
        self.cluster.set_status(ref, status)


class Simulation:
    """One run."""

    def __init__(self, seed: int, tasks: asyncio.TaskGroup, *, partitions: int = PARTITIONS) -> None:
        """Start the servers."""
        self.partitions = partitions
        self.dice = random.Random(seed)
        random.seed(seed)  # the product's own jitter
        self.clock = FakeClock()
        self.bus = FakeBus(self.clock, seed=seed)
        self.store = FakeStore(self.clock)
        self.cluster = FakeCluster(self.clock)
        self.kubelet = Kubelet(self.cluster, self.clock, self.dice)
        self.processes: list[Process] = []
        self._tasks = tasks

    # Processes

    async def prepare(self) -> None:
        """Make the streams and record the facts."""
        await self.bus.provision(stream_specs(), install="chaos")
        await self.store.commit(recorded(KEYS, facts_of_a_cluster()))

    def watcher(
        self,
        name: str = "watcher",
        *,
        kinds: Iterable[Resource] = KINDS,
        resync: timedelta = timedelta(minutes=10),
    ) -> Process:
        """Start a watcher of some kinds."""
        process = self._process(name)
        process.task = self._tasks.create_task(self._watch(process, tuple(kinds), resync))
        return process

    def reconciler(
        self,
        name: str = "reconciler",
        *,
        rules: PassRules | None = None,
        sweep: timedelta = timedelta(minutes=10),
        again: float = 0.0,
    ) -> Process:
        """Start a replica of the reconciler, or of a service with other rules; `again` is how often events repeat."""
        process = self._process(name)
        jumbled = cast(Bus, JumbledBus(process.bus, random.Random(self.dice.random()), again))
        letters = DeadLetters(process.bus, self.clock, Origin("reconciler", "chaos", "1"))
        process.service = PartitionService(
            rules=rules or self._rules(process, letters),
            keys=KEYS,
            member=name,
            bus=jumbled if again else process.bus,
            store=process.store,
            clock=self.clock,
            letters=letters,
            fetch=self.cluster.get,
            readiness=Readiness("reconciler"),
            options=PassOptions(partitions=self.partitions, fact_spread=timedelta(), sweep=sweep),
            claims=ClaimOptions(),
            dice=random.Random(self.dice.random()),
        )
        process.task = self._tasks.create_task(process.service.run(process.stopping))
        return process

    def _process(self, name: str) -> Process:
        process = Process(name, self.bus.another(seed=self.dice.randrange(1 << 30)), self.store.another())
        self.processes.append(process)
        return process

    def _rules(self, process: Process, letters: DeadLetters) -> PassRules:
        settings = ReconcilerSettings(install="chaos", platform=PlatformContext())
        around = SimpleNamespace(
            cluster=self.cluster,
            bus=process.bus,
            store=process.store,
            clock=self.clock,
            keys=KEYS,
            decisions=Silence(),
            letters=letters,
            settings=settings,
            member=process.name,
        )
        recorder = EventRecorder(self.cluster, self.clock)
        return pass_rules(cast(Platform, around), settings, recorder)

    async def _watch(self, process: Process, kinds: tuple[Resource, ...], resync: timedelta) -> None:
        streams = StreamKeeper(process.bus, self.clock, stream_specs(), "chaos")
        correlations = Correlations(process.bus, self.clock)
        around = Surroundings(
            informer=self.cluster,
            bus=process.bus,
            clock=self.clock,
            streams=streams,
            epochs=Epochs(self.cluster, process.store, KEYS),
            checkpoints=Checkpoints(process.store, KEYS),
            correlations=correlations,
            install="chaos",
            version="1",
            on_synced=lambda resource, is_synced: None,
            resync_interval=resync,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(streams.run())
            for kind in kinds:
                tasks.create_task(self._watch_kind(kind, around))

    async def _watch_kind(self, kind: Resource, around: Surroundings) -> None:
        while True:
            try:
                created = await around.streams.created()
                epoch = await epoch_now(kind, around)
                table = await read_table(around.bus, kind)
                origin = WatcherOrigin("chaos", "1", epoch, self.partitions)
                fence = FreeFence(f"nobody/{kind.plural}")
                await KindWatcher(kind, around, fence, origin, created, table).run()
            except* TemporaryError:
                await self.clock.sleep(timedelta(milliseconds=500))

    # Time

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.advance(timedelta(seconds=seconds))

    async def converge(self, *, at_least: float = 8.0, longest: float = 3600.0) -> None:
        """Let time pass until the cluster has been the same for a while."""
        await self.advance(at_least)
        began, before = self.clock.elapsed(), -1
        while self.cluster.objects.version != before:
            if self.clock.elapsed() - began > longest:
                raise TimeoutError("the cluster does not come to rest")
            before = self.cluster.objects.version
            await self.advance(8.0)

    # What a user does

    def graph(self, name: str = "chat", *, services: Iterable[str] = ("Frontend", "Worker"), replicas: int = 1) -> Ref:
        """Apply a graph."""
        return ref_of(self.cluster.put(a_graph(name, services=services, replicas=replicas)))

    def edit(self, ref: Ref, change: Callable[[Manifest], None]) -> None:
        """Change an object, if it is still there."""
        if self.cluster.peek(ref) is not None:
            self.cluster.edit(ref, change)

    def remove(self, ref: Ref) -> None:
        """Delete an object, if it is still there."""
        if self.cluster.peek(ref) is not None:
            self.cluster.remove(ref)

    # What is left

    def essence(self) -> dict[str, Manifest]:
        """Return all objects without what differs between two runs that did the same."""
        names = {each["metadata"]["uid"]: each["metadata"]["name"] for kind in KINDS for each in self.cluster.all(kind)}
        return {str(ref_of(each)): _essence(each, names) for kind in KINDS for each in self.cluster.all(kind)}


@asynccontextmanager
async def simulated(seed: int, *, partitions: int = PARTITIONS) -> AsyncIterator[Simulation]:
    """Run a simulation and end all of its processes."""
    async with asyncio.TaskGroup() as tasks:
        simulation = Simulation(seed, tasks, partitions=partitions)
        await simulation.prepare()
        yield simulation
        for process in simulation.processes:
            process.kill()


def a_graph(name: str, *, services: Iterable[str] = ("Frontend", "Worker"), replicas: int = 1) -> Manifest:
    """Return a graph with a frontend and workers."""
    spec = {
        service: {
            "componentType": "frontend" if service == "Frontend" else "worker",
            "replicas": replicas,
            "extraPodSpec": {"mainContainer": {"image": IMAGE}},
        }
        for service in services
    }
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"backendFramework": "vllm", "services": spec},
    }


_VOLATILE = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "managedFields", "lastTransitionTime", "generation"}
)


def _essence(value: object, names: dict[str, str]) -> Manifest:
    return cast(Manifest, _stripped(value, names))


def _stripped(value: object, names: dict[str, str]) -> object:
    if isinstance(value, dict):
        kept = {key: _stripped(item, names) for key, item in value.items() if key not in _VOLATILE}
        return {key: item for key, item in kept.items() if key != "observedGeneration"}
    if isinstance(value, list):
        return [_stripped(item, names) for item in value]
    return value
