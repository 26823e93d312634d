"""One model's Service, from its users in the view to the cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from services.discovery.handlers import GATHER, MANAGED, ModelServiceHandler, route
from services.discovery.models.services import primary
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.writes import Writer
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.keys import Key, graph_key, model_hash, model_key
from shared.contracts.ownership import DISCOVERY
from shared.core import labels
from shared.core.errors import LeaseLostError
from shared.core.json import Manifest
from shared.core.objects import name_of, owners_of, uid_of
from shared.core.outcomes import Done, Outcome, Retry
from shared.core.resources import COMPONENTS, DEPLOYMENTS, ENDPOINT_SLICES, GRAPHS, SERVICES, Ref, Resource
from shared.ports.passes import Entry, Queued, Work
from shared.ports.store import Put
from shared.runtime.partitions.views.entries import entry_of_manifest
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.store import FakeStore
from tests.unit.shared.applying.worlds import Fence, Told

pytestmark = pytest.mark.asyncio

QWEN = "Qwen/Qwen3-0.6B"
KEY = model_key("default", model_hash(QWEN))
SERVICE = primary(KEY)
KEYS = EtcdKeys("test")
CHAT, CODE = Ref(GRAPHS, "default", "chat"), Ref(GRAPHS, "default", "code")
WORKER = Ref(COMPONENTS, "default", "chat-w")


@dataclass(slots=True)
class Desk:
    """One owner of everything, beside a cluster."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(KEYS.claim("discovery", "0")))
    view: PartitionView = field(default_factory=lambda: PartitionView(0, 1))
    handler: ModelServiceHandler = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not stored."""
        inventories = Inventories(self.store, KEYS, "discovery")
        children = Children(Writer(self.cluster, DISCOVERY), inventories, self.told, MANAGED)
        self.handler = ModelServiceHandler(self.cluster, children, inventories, self.told)

    def use(self, ref: Ref, model: str = QWEN) -> Manifest:
        """Have a graph or a component name a model."""
        named = {"modelRef": {"name": model}} if model else {}
        spec = named if ref.resource is COMPONENTS else {"services": {"w": named}}
        return self.put(ref, {"spec": spec})

    def put(self, ref: Ref, content: Manifest) -> Manifest:
        """Have somebody write an object, and the view know of it."""
        metadata = {"name": ref.name, "namespace": ref.namespace} | content.pop("metadata", {})
        identity = {"apiVersion": ref.resource.api_version, "kind": ref.resource.kind}
        stored = self.cluster.put({**identity, "metadata": metadata, **content})
        self.view.take_object(stored)
        return stored

    def remove(self, ref: Ref) -> None:
        """Delete an object, and have the view know of it, and of what goes with it."""
        self.cluster.remove(ref)
        self.view.forget_all(lambda placed: self.cluster.peek(placed.entry.ref) is None)

    async def run(self) -> Outcome:
        """Run one pass."""
        work = Work(SERVICE, PassView(self.view, lambda effect: None), self.fence, "child")
        outcome = await self.handler(work)
        self.view.forget_all(lambda placed: self.cluster.peek(placed.entry.ref) is None)
        return outcome

    def owners(self) -> list[str]:
        """Return the names of the owners of the stored Service."""
        return [each.name for each in owners_of(self.cluster.peek(SERVICE) or {})]

    def recorded(self) -> list[str]:
        """Return which inventories are stored."""
        return [key for key in self.store.pairs() if "/inventories/" in key]


async def a_desk() -> Desk:
    """Return a desk that holds the claim."""
    desk = Desk()
    desk.fence = replace(desk.fence, token=await desk.store.commit([Put(desk.fence.claim, b"")]))
    return desk


def put_service_of(desk: Desk, user: Manifest) -> None:
    """Add the Service as the reference makes it: controlled by its first user."""
    owner = {"apiVersion": user["apiVersion"], "kind": user["kind"], "name": name_of(user), "uid": uid_of(user)}
    made = {"labels": {labels.BASE_MODEL_HASH: KEY.name, labels.MODEL_MANAGED_BY: "dynamo-operator"}}
    desk.put(SERVICE, {"metadata": {**made, "ownerReferences": [{**owner, "controller": True}]}})


@pytest.mark.rule("workloads 7.6 #1")
@pytest.mark.rule("W-37")
async def test_makes_one_service_for_all_users() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    desk.use(CODE)
    desk.use(WORKER)
    desk.use(Ref(GRAPHS, "default", "other"), "another/model")

    assert await desk.run() == Done()

    assert sorted(desk.owners()) == ["chat", "chat-w", "code"]
    assert [each.message for each in desk.told.decisions] == [f"created Service {SERVICE.name}"]


@pytest.mark.rule("W-37")
@pytest.mark.rule("P-08")
async def test_a_user_that_goes_takes_its_reference_along_and_nothing_else() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    desk.use(CODE)
    await desk.run()
    uid = uid_of(desk.cluster.peek(SERVICE) or {})

    desk.use(CODE, "")
    await desk.run()

    assert desk.owners() == ["chat"]
    assert uid_of(desk.cluster.peek(SERVICE) or {}) == uid


@pytest.mark.rule("W-37", "workloads 7.8 modelRef removed")
async def test_the_service_goes_when_the_last_user_names_another_model() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    await desk.run()
    desk.use(CHAT, "another/model")

    await desk.run()
    await desk.run()

    assert desk.cluster.peek(SERVICE) is None
    assert desk.recorded() == []
    assert desk.told.decisions[-1].decision == "deleted"


@pytest.mark.rule("W-37")
async def test_a_user_in_deletion_is_none() -> None:
    desk = await a_desk()
    desk.put(CHAT, {"metadata": {"finalizers": ["nvidia.com/finalizer"]}, **uses()})
    desk.use(CODE)
    await desk.run()
    desk.cluster.remove(CHAT)
    desk.view.take_object(desk.cluster.peek(CHAT) or {})

    await desk.run()

    assert desk.owners() == ["code"]


def uses(model: str = QWEN) -> Manifest:
    """Return the content of a graph that uses a model."""
    return {"spec": {"services": {"w": {"modelRef": {"name": model}}}}}


async def test_the_service_goes_with_the_last_graph_though_nobody_runs() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    await desk.run()

    desk.remove(CHAT)

    assert desk.cluster.peek(SERVICE) is None  # owner references collect it
    assert await desk.run() == Done()
    assert desk.recorded() == []


async def test_nothing_is_asked_or_written_at_rest_also_by_a_new_owner() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    await desk.run()
    desk.cluster.requests.clear()
    desk.restart()

    await desk.run()
    await desk.run()

    assert desk.cluster.requests == []


async def test_what_somebody_changed_is_repaired() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    await desk.run()

    def change(live: Manifest) -> None:
        live["spec"]["selector"] = {"app": "mine"}

    desk.view.take_object(desk.cluster.edit(SERVICE, change))

    await desk.run()

    assert (desk.cluster.peek(SERVICE) or {})["spec"]["selector"] == {labels.BASE_MODEL_HASH: KEY.name}


@pytest.mark.rule("W-37")
@pytest.mark.rule("P-25")
async def test_a_service_of_the_reference_is_taken_over_from_the_user_that_controls_it() -> None:
    desk = await a_desk()
    desk.use(CODE)
    put_service_of(desk, desk.use(WORKER))

    assert await desk.run() == Done()

    stored = desk.cluster.peek(SERVICE) or {}
    assert [(each.name, each.is_controller) for each in owners_of(stored)] == [("chat-w", False), ("code", False)]


@pytest.mark.rule("W-37", "P-25")
async def test_a_service_is_also_taken_over_from_one_that_uses_another_model_now() -> None:
    desk = await a_desk()
    desk.use(CODE)
    put_service_of(desk, desk.use(WORKER, "another/model"))

    assert await desk.run() == Done()
    writes = len(desk.cluster.writes)
    assert await desk.run() == Done()

    assert [each for each in owners_of(desk.cluster.peek(SERVICE) or {}) if each.is_controller] == []
    assert len(desk.cluster.writes) == writes


@pytest.mark.rule("W-39")
async def test_a_service_that_somebody_else_controls_is_left_alone() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    owner = {"apiVersion": "apps/v1", "kind": DEPLOYMENTS.kind, "name": "theirs", "uid": "u", "controller": True}
    desk.cluster.objects.collects_at_once = False
    desk.put(SERVICE, {"metadata": {"labels": {labels.BASE_MODEL_HASH: KEY.name}, "ownerReferences": [owner]}})

    outcome = await desk.run()

    assert isinstance(outcome, Retry)
    assert SERVICE.name in outcome.reason
    assert desk.owners() == ["theirs"]


@pytest.mark.rule("W-39")
async def test_a_service_that_nobody_of_us_made_is_not_deleted() -> None:
    desk = await a_desk()
    desk.put(SERVICE, {"metadata": {"labels": {labels.BASE_MODEL_HASH: KEY.name}}})

    assert await desk.run() == Done()

    assert desk.cluster.peek(SERVICE) is not None


async def test_writes_nothing_without_the_claim() -> None:
    desk = await a_desk()
    desk.use(CHAT)
    desk.fence.is_ended = True

    with pytest.raises(LeaseLostError):
        await desk.run()

    assert desk.cluster.peek(SERVICE) is None


def an_entry(resource: Resource, name: str, **own_labels: str) -> Entry:
    """Return an entry of the view."""
    metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1", "labels": own_labels}
    return entry_of_manifest(
        {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}, epoch=""
    )[0]


@pytest.mark.parametrize(
    ("entry", "copy_of", "queued"),
    [
        pytest.param(an_entry(GRAPHS, "chat"), KEY, [Queued(SERVICE, "edit", GATHER)], id="a graph that uses it"),
        pytest.param(an_entry(COMPONENTS, "w"), KEY, [Queued(SERVICE, "edit", GATHER)], id="a component that uses it"),
        pytest.param(an_entry(SERVICES, SERVICE.name), KEY, [Queued(SERVICE, "child")], id="the Service itself"),
        pytest.param(an_entry(SERVICES, "chat-w"), KEY, [], id="a component's Service"),
        pytest.param(an_entry(ENDPOINT_SLICES, "chat-w-1"), KEY, [], id="a slice of its pods"),
        pytest.param(an_entry(GRAPHS, "chat"), graph_key("default", "x"), [], id="a copy for another reason"),
    ],
)
async def test_queues_the_models_that_a_change_concerns(entry: Entry, copy_of: Key, queued: list[Queued]) -> None:
    assert list(route(entry, copy_of=copy_of)) == queued


@pytest.mark.parametrize("resource", [COMPONENTS, SERVICES])
async def test_what_says_nothing_of_instances_does_not_queue_the_graph(resource: Resource) -> None:
    entry = an_entry(resource, "w", **{labels.GRAPH_NAME: "chat"})

    assert list(route(entry, copy_of=None)) == []
