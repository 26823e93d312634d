"""One graph's instance view, from its slices to etcd."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from services.discovery.handlers import GATHER, InstancesHandler, route
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import model_key
from shared.core import labels
from shared.core.errors import LeaseLostError
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.outcomes import Done, Outcome
from shared.core.resources import ENDPOINT_SLICES, GRAPHS, Ref
from shared.ports.passes import Queued, Work
from shared.ports.store import Put
from shared.runtime.partitions.views.entries import entry_of_manifest
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import Fence, Told

pytestmark = pytest.mark.asyncio

KEYS = EtcdKeys("test")
CHAT = Ref(GRAPHS, "team", "chat")
KEY = KEYS.instances("team", "chat")


def an_object(kind: str, name: str, **content: Any) -> Manifest:
    """Return an object of graph `chat`."""
    api_version = GRAPHS.api_version if kind == GRAPHS.kind else ENDPOINT_SLICES.api_version
    own = {labels.GRAPH_NAME: "chat", labels.COMPONENT: "web"} if kind != GRAPHS.kind else {}
    metadata = {"name": name, "namespace": "team", "uid": name, "resourceVersion": "1", "labels": own}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def a_slice(*, ready: bool = True, version: int = 1) -> Manifest:
    """Return a slice with one pod."""
    endpoint = {"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": "p1"}, "addresses": ["10.0.0.1"]}
    found = an_object("EndpointSlice", "s1", endpoints=[endpoint])
    found["metadata"]["resourceVersion"] = str(version)
    return found


@dataclass(slots=True)
class Desk:
    """One owner of everything."""

    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("discovery", "0")))
    view: PartitionView = field(default_factory=lambda: PartitionView(0, 1))
    handler: InstancesHandler = field(init=False)

    def __post_init__(self) -> None:
        self.handler = InstancesHandler(self.store, KEYS, self.told)

    def see(self, *manifests: Manifest) -> None:
        """Put objects into the view."""
        for manifest in manifests:
            self.view.take_object(manifest)

    def miss(self, manifest: Manifest) -> None:
        """Take an object out of the view."""
        self.view.forget_all(lambda placed: placed.entry.ref == ref_of(manifest))

    async def run(self) -> Outcome:
        """Run one pass."""
        return await self.handler(Work(CHAT, PassView(self.view, lambda effect: None), self.fence, "child"))

    def recorded(self) -> Any:
        """Return the components of the recorded view."""
        value = self.store.pairs().get(KEY)
        return orjson.loads(value)["components"] if value else None


async def a_desk() -> Desk:
    """Return a desk with a graph."""
    desk = Desk()
    desk.fence = replace(desk.fence, token=await desk.store.commit([Put(desk.fence.claim, b"")]))
    desk.see(an_object(GRAPHS.kind, "chat"))
    return desk


async def test_records_who_serves_and_tells_of_it() -> None:
    desk = await a_desk()
    desk.see(a_slice())

    assert await desk.run() == Done()

    assert [each["pod"] for each in desk.recorded()["web"]] == ["p1"]
    assert [each.message for each in desk.told.decisions] == ["1 of 1 instances ready"]


async def test_nothing_is_asked_or_written_at_rest() -> None:
    desk = await a_desk()
    desk.see(a_slice())
    await desk.run()
    calls = desk.store.calls.copy()

    await desk.run()

    assert desk.store.calls == calls


async def test_a_new_owner_writes_nothing_that_is_recorded_already() -> None:
    desk = await a_desk()
    desk.see(a_slice())
    await desk.run()
    commits = desk.store.calls["commit"]
    desk.handler = InstancesHandler(desk.store, KEYS, desk.told)

    await desk.run()

    assert desk.store.calls["commit"] == commits


async def test_follows_readiness() -> None:
    desk = await a_desk()
    desk.see(a_slice())
    await desk.run()
    desk.see(a_slice(ready=False, version=2))

    await desk.run()

    assert [each["ready"] for each in desk.recorded()["web"]] == [False]


async def test_the_view_goes_with_the_graph_and_its_last_slice() -> None:
    desk = await a_desk()
    desk.see(a_slice())
    await desk.run()
    desk.miss(an_object(GRAPHS.kind, "chat"))
    await desk.run()
    with_slices = desk.recorded()
    desk.miss(a_slice())

    await desk.run()
    await desk.run()

    assert with_slices is not None
    assert KEY not in desk.store.pairs()


async def test_while_nobody_serves_nothing_is_written_or_told() -> None:
    desk = await a_desk()
    commits = desk.store.calls["commit"]

    await desk.run()

    assert desk.store.calls["commit"] == commits
    assert not desk.told.decisions


async def test_a_lost_claim_writes_nothing() -> None:
    desk = await a_desk()
    desk.see(a_slice())
    desk.fence = replace(desk.fence, token=desk.fence.token + 1)

    with pytest.raises(LeaseLostError):
        await desk.run()

    assert KEY not in desk.store.pairs()


async def test_graphs_and_their_slices_queue_the_graph_and_copies_nothing() -> None:
    graph = entry_of_manifest(an_object(GRAPHS.kind, "chat"), epoch="")[0]
    found = entry_of_manifest(a_slice(), epoch="")[0]
    other = entry_of_manifest({**a_slice(), "metadata": {**a_slice()["metadata"], "labels": {}}}, epoch="")[0]

    assert list(route(graph, copy_of=None)) == [Queued(CHAT, "edit")]
    assert list(route(found, copy_of=None)) == [Queued(CHAT, "child", GATHER)]
    assert list(route(other, copy_of=None)) == []
    assert list(route(found, copy_of=model_key("team", "abc"))) == []
