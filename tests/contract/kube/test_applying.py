"""Bringing children about on the fake and on a served API: what is given once, what is kept, what is at rest."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from shared.applying.children import Children, Result
from shared.applying.inventories import Inputs, Inventories
from shared.applying.plans import Wanted
from shared.applying.writes import Writer
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core import labels
from shared.core.json import Manifest, items, member
from shared.core.resources import DEPLOYMENTS, GRAPHS, VOLUME_CLAIMS, Ref
from shared.ports.passes import Work
from shared.ports.store import Put
from shared.runtime.partitions.views.view import PartitionView, PassView
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.contract.kube.clusters import UnderTest
from tests.unit.shared.applying.worlds import Fence, Told

pytestmark = pytest.mark.asyncio

AUTOSCALER = "autoscaler"


@dataclass(slots=True)
class Desk:
    """Children of one graph that does not exist, so that nothing collects them."""

    under_test: UnderTest
    store: FakeStore = field(default_factory=lambda: FakeStore(FakeClock()))
    view: PassView = field(default_factory=lambda: PassView(PartitionView(0, 1), lambda effect: None))
    told: Told = field(default_factory=Told)
    fence: Fence = field(default_factory=lambda: Fence(EtcdKeys("test").claim("test", "0")))

    @property
    def children(self) -> Children:
        """Return children whose inventories know nothing but what is recorded."""
        inventories = Inventories(self.store, EtcdKeys("test"), "test")
        return Children(Writer(self.under_test.cluster, GRAPH_CHILDREN), inventories, self.told, (DEPLOYMENTS,))

    def work(self) -> Work:
        """Return one pass."""
        return Work(Ref(GRAPHS, self.under_test.namespace, "chat"), self.view, self.fence, "edit")

    async def want(self, wanted: Wanted, generation: int = 1) -> Result:
        """Bring children about, and look what there is afterwards, as events would tell."""
        result = await self.children.bring_about(self.work(), self.inputs(generation), lambda: wanted)
        result.raise_error()
        await self.see()
        return result

    async def see(self) -> None:
        """Bring the view up to date."""
        for ref in (self.under_test.ref_of_deployment(), self.claim()):
            live = await self.under_test.cluster.get(ref)
            if live is not None:
                self.view.was_written(live)

    async def rests(self, generation: int = 1) -> bool:
        """Return whether a pass would ask nothing."""
        return await self.children.settled(self.work(), self.inputs(generation)) is not None

    def inputs(self, generation: int) -> Inputs:
        return Inputs("graph-uid", generation, "m", "c")

    def claim(self) -> Ref:
        return Ref(VOLUME_CLAIMS, self.under_test.namespace, "models")

    async def live(self) -> Manifest:
        """Return the Deployment."""
        found = await self.under_test.cluster.get(self.under_test.ref_of_deployment())
        assert found is not None
        return found

    def scaled_by_others(self, replicas: int = 3) -> Wanted:
        """Return a Deployment whose replicas are given once."""
        kept = self.under_test.deployment()
        del kept["spec"]["replicas"]
        return Wanted((kept,), (self.under_test.deployment(replicas=replicas),))

    def volume(self, size: str = "1Gi") -> Manifest:
        """Return a claim of the graph."""
        namespace, graph = self.under_test.namespace, {labels.GRAPH_NAME: "chat"}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "models", "namespace": namespace, "labels": graph},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
        }


@pytest_asyncio.fixture
async def desk(under_test: UnderTest) -> Desk:
    """A desk that holds the claim."""
    found = Desk(under_test)
    found.fence.token = await found.store.commit([Put(found.fence.claim, b"")])
    return found


@pytest.mark.rule("W-06", "workloads 3.3 #1")
async def test_what_is_given_once_is_others_to_change(desk: Desk) -> None:
    await desk.want(desk.scaled_by_others())
    first = member(await desk.live(), "spec", "replicas")
    await desk.under_test.cluster.patch(
        desk.under_test.ref_of_deployment(),
        [{"op": "replace", "path": "/spec/replicas", "value": 7}],
        manager=AUTOSCALER,
    )
    await desk.see()
    at_rest = await desk.rests()

    await desk.want(desk.scaled_by_others(4), generation=2)

    assert first == 3
    assert at_rest
    assert member(await desk.live(), "spec", "replicas") == 7
    assert await desk.rests(2)


@pytest.mark.rule("workloads 9.6 #1", "workloads 7.8 PVC removed from list")
async def test_a_claim_is_made_once_and_left_alone(desk: Desk) -> None:
    await desk.want(Wanted(seeds=(desk.volume(),)))
    made = await desk.under_test.cluster.get(desk.claim())

    await desk.want(Wanted(seeds=(desk.volume("2Gi"),)), generation=2)
    await desk.want(Wanted(), generation=3)

    assert made is not None
    assert await desk.under_test.cluster.get(desk.claim()) == made
    assert await desk.rests(3)


@pytest.mark.rule("workloads 9.1 #4", "workloads 12 Sync #3")
async def test_defaults_of_the_server_are_no_change(desk: Desk) -> None:
    await desk.want(Wanted((desk.under_test.deployment(),)))
    before = await desk.live()

    await desk.want(Wanted((desk.under_test.deployment(),)), generation=2)

    assert await desk.live() == before
    assert await desk.rests(2)


@pytest.mark.rule("W-50", "workloads 12 Sync #4")
async def test_a_manual_edit_is_undone_once_and_then_it_is_quiet(desk: Desk) -> None:
    wanted = Wanted((desk.under_test.deployment(),))
    await desk.want(wanted)
    await desk.under_test.cluster.patch(
        desk.under_test.ref_of_deployment(),
        [{"op": "replace", "path": "/spec/replicas", "value": 9}],
        manager="kubectl-edit",
    )
    await desk.see()
    disturbed = await desk.rests()

    await desk.want(wanted)

    assert not disturbed
    assert member(await desk.live(), "spec", "replicas") == 1
    assert await desk.rests()


@pytest.mark.rule("W-51")
async def test_another_order_of_init_containers_is_a_change(desk: Desk) -> None:
    def with_steps(*names: str) -> Wanted:
        deployment = desk.under_test.deployment()
        steps = [{"name": name, "image": "step:1"} for name in names]
        deployment["spec"]["template"]["spec"]["initContainers"] = steps
        return Wanted((deployment,))

    await desk.want(with_steps("first", "second"))
    await desk.want(with_steps("second", "first"), generation=2)

    steps = items(await desk.live(), "spec", "template", "spec", "initContainers")
    assert [member(step, "name") for step in steps] == ["second", "first"]
    assert await desk.rests(2)


@pytest.mark.rule("W-07", "W-61")
async def test_what_is_no_longer_wanted_goes_after_what_is(desk: Desk) -> None:
    await desk.want(Wanted((desk.under_test.deployment(),)))
    metadata = {"name": "chat", "namespace": desk.under_test.namespace}
    not_served = {"apiVersion": "grove.io/v1alpha1", "kind": "PodCliqueSet", "metadata": metadata, "spec": {}}

    result = await desk.children.bring_about(desk.work(), desk.inputs(2), lambda: Wanted((not_served,)))

    assert result.written is not None
    assert result.written.error is not None
    assert await desk.live()
