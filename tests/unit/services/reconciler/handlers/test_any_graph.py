"""What holds for passes over every graph that users may write, in every cluster that can run it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.reconciler.desired.rendering import rendering
from shared.api.platform import Capability
from shared.core import labels
from shared.core.json import Manifest, text
from shared.core.objects import ref_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SETS,
    POD_GROUPS,
    SCALING_ADAPTERS,
    SECRETS,
    SERVICES,
    VIRTUAL_SERVICES,
    Ref,
)
from tests.chaos.seeds import IS_LONG
from tests.unit.services.reconciler.desired.graph_strategies import OFFERS, QUEUE, Case, cases
from tests.unit.services.reconciler.handlers.grove_worlds import GroveDesk
from tests.unit.services.reconciler.handlers.lws_worlds import set_status
from tests.unit.services.reconciler.handlers.worlds import NAMESPACE

QUEUES = (QUEUE, "dynamo")
EXAMPLES = 500 if IS_LONG else 6

MADE = (
    COMPONENTS,
    DEPLOYMENTS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SETS,
    POD_GROUPS,
    SCALING_ADAPTERS,
    SERVICES,
    VIRTUAL_SERVICES,
)

for_every_graph = settings(max_examples=EXAMPLES, deadline=None)


@dataclass(slots=True)
class AnyDesk(GroveDesk):
    """A desk beside which every orchestrator runs."""

    def make_ready(self) -> None:
        """Make everything ready."""
        GroveDesk.make_ready(self)
        for live in self.cluster.all(LEADER_WORKER_SETS):
            if live.get("status") != set_status(ready=True):
                self.cluster.set_status(ref_of(live), set_status(ready=True))


async def brought_about(case: Case) -> tuple[AnyDesk, Ref]:
    """Return a desk at which a graph was brought about, and the graph."""
    desk = AnyDesk()
    desk.offer(*case.platform.capabilities, queues=QUEUES)
    await desk.claim()
    keys = {"name": "mpi-run-ssh-key-secret", "namespace": NAMESPACE}
    desk.cluster.put({"apiVersion": "v1", "kind": SECRETS.kind, "metadata": keys, "data": {}})
    metadata = {key: value for key, value in case.graph["metadata"].items() if key != "uid"}
    found = ref_of(desk.cluster.put({**case.graph, "metadata": {**metadata, "namespace": NAMESPACE}}))
    desk.see()
    await desk.bring_about()
    return desk, found


async def round_of(desk: AnyDesk) -> None:
    """Run a pass over everything."""
    desk.see()
    for resource in (GRAPHS, COMPONENTS):
        for manifest in desk.cluster.all(resource):
            await desk.run(ref_of(manifest))


@for_every_graph
@given(cases())
def test_a_graph_becomes_successful_and_then_costs_no_request(case: Case) -> None:
    async def scenario() -> None:
        desk, graph = await brought_about(case)
        desk.forget_requests()

        await round_of(desk)

        assert text(desk.cluster.peek(graph), "status", "state") == "successful"
        assert desk.cluster.requests == []
        assert sum(desk.store.calls.values()) == 0

    asyncio.run(scenario())


def contents(desk: AnyDesk) -> dict[Ref, object]:
    """Return what every object of a graph asks for, without the sizes that sets of Grove are scaled from."""
    return {
        ref_of(each): {key: value for key, value in each["spec"].items() if key != "replicas"}
        for resource in MADE
        for each in desk.cluster.all(resource)
    }


@pytest.mark.rule("W-07", "W-49", "workloads 7.8 enable-grove flipped")
@for_every_graph
@given(cases(), st.sampled_from(OFFERS), st.sampled_from(["false", "true"]))
def test_a_graph_in_a_changed_cluster_ends_as_a_new_one_would(
    case: Case, offers: tuple[Capability, ...], enable_grove: str
) -> None:
    async def scenario() -> None:
        changed = moved(case, offers, enable_grove)
        assume(not rendering(changed.graph, changed.platform).problems)
        fresh, _ = await brought_about(changed)
        desk, graph = await brought_about(case)

        desk.offer(*offers, queues=QUEUES)
        desk.cluster.edit(graph, lambda live: become(live, changed.graph))
        await desk.bring_about()

        assert contents(desk) == contents(fresh)
        assert text(desk.cluster.peek(graph), "status", "state") == "successful"

    asyncio.run(scenario())


def moved(case: Case, offers: tuple[Capability, ...], enable_grove: str) -> Case:
    """Return the same graph, with one variable more, for another cluster."""
    annotations = {**case.graph["metadata"]["annotations"], labels.ENABLE_GROVE: enable_grove}
    spec = {**case.graph["spec"], "envs": [*case.graph["spec"]["envs"], {"name": "NEW", "value": "1"}]}
    graph = {**case.graph, "metadata": {**case.graph["metadata"], "annotations": annotations}, "spec": spec}
    return replace(case, graph=graph, platform=case.platform.with_capabilities(offers))


def become(live: Manifest, graph: Manifest) -> None:
    """Make a graph another one of the same name."""
    live["spec"] = graph["spec"]
    live["metadata"]["annotations"] = graph["metadata"]["annotations"]


@for_every_graph
@given(cases())
def test_a_graph_that_is_deleted_leaves_nothing_behind(case: Case) -> None:
    async def scenario() -> None:
        desk, graph = await brought_about(case)

        desk.cluster.remove(graph)
        for _ in range(3):
            await round_of(desk)

        left = {each.kind for each in (*MADE, GRAPHS) if desk.cluster.all(each)}
        assert left == set()

    asyncio.run(scenario())
