"""One watched kind on fakes: a cluster, a log and a store, and the real watcher between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.watcher.checkpoints import Checkpoints
from services.watcher.correlations import Correlations
from services.watcher.epochs import Epochs
from services.watcher.handlers import Surroundings, watch_kind
from services.watcher.markers import read_marker
from services.watcher.streams import StreamKeeper
from shared.contracts.envelope import ChangeHeaders, decode_change
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import CHANGES, stream_specs
from shared.contracts.subjects import ROOT
from shared.core import labels
from shared.core.errors import TemporaryError
from shared.core.json import Manifest
from shared.core.objects import version_of
from shared.core.resources import SERVICES, Ref, Resource
from shared.ports.bus import StoredMessage
from shared.ports.store import Put
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore

KEYS = EtcdKeys("test")
KIND = SERVICES  # quick to make: no status, no controller


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim on a kind, as the store holds it."""

    claim: str
    token: int

    def check(self) -> None:
        """Hold for ever."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A running watcher."""

    tasks: list[asyncio.Task[None]]

    def kill(self) -> None:
        """End it as `kill -9` does."""
        for task in self.tasks:
            task.cancel()


@dataclass(slots=True)
class Room:
    """Servers, and a watcher that is started again when it ends, as its claim would."""

    tasks: asyncio.TaskGroup
    clock: FakeClock = field(default_factory=FakeClock)
    bus: FakeBus = field(init=False)
    store: FakeStore = field(init=False)
    cluster: FakeCluster = field(init=False)
    synced: dict[Resource, bool] = field(default_factory=dict)
    restarts: list[str] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the servers."""
        self.bus, self.store = FakeBus(self.clock), FakeStore(self.clock)
        self.cluster = FakeCluster(self.clock)

    def watch(self, *kinds: Resource, change: Callable[[Surroundings], Surroundings] = lambda same: same) -> Watch:
        """Start a watcher of some kinds; `change` gives it other surroundings."""
        watch = Watch([self.tasks.create_task(self._watch(kind, change)) for kind in kinds or (KIND,)])
        self.watches.append(watch)
        return watch

    async def _watch(self, kind: Resource, change: Callable[[Surroundings], Surroundings]) -> None:
        streams = StreamKeeper(self.bus, self.clock, stream_specs(), "test")
        around = change(
            Surroundings(
                informer=self.cluster,
                bus=self.bus,
                clock=self.clock,
                streams=streams,
                epochs=Epochs(self.cluster, self.store, KEYS),
                checkpoints=Checkpoints(self.store, KEYS),
                correlations=Correlations(self.bus, self.clock),
                install="test",
                version="1",
                on_synced=self.synced.__setitem__,
            )
        )
        claim = KEYS.claim("watcher", kind.group_resource)
        token = await self.store.commit([Put(claim, b"")])
        pair = await self.store.get(claim)
        fence = Claim(claim, pair.create_revision if pair else token)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(streams.run())
            while True:
                try:
                    await watch_kind(kind, around, fence)
                except* TemporaryError as failure:
                    self.restarts.append(_first(failure))
                    await self.clock.sleep(timedelta(milliseconds=500))

    async def advance(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        await self.clock.advance(timedelta(seconds=seconds))

    # What is in the cluster

    def put(self, name: str, *, graph: str = "chat", port: int = 80) -> Manifest:
        """Create or change a Service of a graph."""
        metadata = {"name": name, "namespace": "default", "labels": {labels.GRAPH_NAME: graph}}
        spec = {"ports": [{"port": port}]}
        return self.cluster.put({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})

    def remove(self, name: str) -> None:
        """Delete a Service."""
        self.cluster.remove(Ref(KIND, "default", name))

    # What is in the log

    def stored(self, kind: Resource = KIND) -> list[StoredMessage]:
        """Return the change messages of a kind, in their order."""
        return [message for message in self.bus.messages(CHANGES) if f".{kind.plural}." in message.subject]

    def events(self, kind: Resource = KIND) -> list[ChangeHeaders]:
        """Return the changes of a kind, in their order."""
        changes = [message for message in self.stored(kind) if message.subject.startswith(f"{ROOT}.changes.")]
        return [decode_change(message.headers) for message in changes]

    def told(self) -> list[tuple[str, str]]:
        """Return name and type of each change of a Service."""
        return [(each.subject.rpartition("/")[2], each.type) for each in self.events()]

    def living(self, kind: Resource = KIND) -> dict[str, int]:
        """Return the version of each object of a kind that the log says exists."""
        newest = {message.subject: decode_change(message.headers) for message in self.stored(kind)}
        return {each.subject.rpartition("/")[2]: each.version for each in newest.values() if not each.is_tombstone}

    def present(self) -> dict[str, int]:
        """Return the version of each Service that exists."""
        return {each["metadata"]["name"]: version_of(each) for each in self.cluster.all(KIND)}

    async def marker(self, kind: Resource = KIND) -> SyncedMarker | None:
        """Return the newest synced marker of a kind."""
        return await read_marker(self.bus, kind)


@asynccontextmanager
async def a_room() -> AsyncIterator[Room]:
    """Make a room, and end everything that runs in it."""
    async with asyncio.TaskGroup() as tasks:
        room = Room(tasks)
        await room.bus.provision(stream_specs(), install="test")
        yield room
        for watch in room.watches:
            watch.kill()


def with_intervals(**intervals: timedelta) -> Callable[[Surroundings], Surroundings]:
    """Return surroundings with other intervals."""
    return lambda around: replace(around, **intervals)  # type: ignore[arg-type]  # all of them are durations


def _first(group: BaseException) -> str:
    return _first(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else str(group)
