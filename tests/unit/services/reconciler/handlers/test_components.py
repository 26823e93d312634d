"""Passes over one component: its shapes, what leads to it, and what disappears when it is turned off."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.api.platform import Capability
from shared.core.errors import ConflictError, InvalidObjectError, UnreachableError
from shared.core.json import Manifest
from shared.core.objects import uid_of
from shared.core.outcomes import Done, Retry
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    INGRESSES,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    PODS,
    SERVICES,
    VIRTUAL_SERVICES,
    Ref,
    Resource,
)
from shared.ports.store import Put
from shared.testing.cluster_faults import Fault, LoseAnswer, LoseRequest, Refuse, Request
from tests.chaos.seeds import IS_LONG
from tests.unit.services.reconciler.handlers.lws_worlds import LONE, MAIN, LwsDesk, a_component, a_desk_with_lws
from tests.unit.services.reconciler.handlers.worlds import NAMESPACE

pytestmark = pytest.mark.asyncio

CLASS = {"enabled": True, "host": "chat", "ingressControllerClassName": "nginx"}
# What is lost at which write: in a short run a request at one, an answer at the next.
EVERY_LOSS = [(moment, fault) for fault in (LoseRequest(), LoseAnswer()) for moment in range(1, 9)]
GATEWAY = {"enabled": True, "host": "chat", "useVirtualService": True, "virtualServiceGateway": "mesh/gw"}


def add_foreign(desk: LwsDesk, resource: Resource, name: str) -> Manifest:
    """Add an object that somebody else controls; its label brings it into view."""
    other = desk.cluster.put(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": NAMESPACE}}
    )
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": uid_of(other), "controller": True}
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "ownerReferences": [owner]}
    metadata["labels"] = {"nvidia.com/dynamo-graph-deployment-name": "lone"}
    made = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": {}}
    return desk.cluster.put(made)


def put_pod_without_room(desk: LwsDesk, name: str, **labels: str) -> None:
    """Add a pod of the component that fits on no node."""
    metadata = {"name": name, "namespace": NAMESPACE}
    own = {"nvidia.com/dynamo-graph-deployment-name": "lone", **labels}
    desk.cluster.put({"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "labels": own}})
    unfit = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no GPU is free"}
    desk.cluster.set_status(Ref(PODS, NAMESPACE, name), {"conditions": [unfit]})


async def a_served_component(**spec: Any) -> LwsDesk:
    """Return a desk with a component that has come to rest."""
    desk = await a_desk_with_lws(a_component(**spec))
    await desk.bring_about()
    desk.forget_requests()
    return desk


# Replicas of several nodes


@pytest.mark.rule("workloads 7.1 #5", "workloads 7.4 #1", "workloads 7.4 #6")
async def test_a_component_of_several_nodes_is_brought_to_ready() -> None:
    desk = await a_served_component(nodes=2, replicas=2)

    assert desk.names(LEADER_WORKER_SETS) == desk.names(POD_GROUPS) == ["lone-0", "lone-1"]
    assert desk.names(DEPLOYMENTS) == []
    assert desk.condition(LONE, "Available") == (
        "True",
        "AllLeaderWorkerSetsReady",
        "All LeaderWorkerSets are ready",
    )
    assert desk.condition(LONE, "DynamoComponentReady")[:2] == ("True", "ComponentReady")
    assert (desk.cluster.peek(LONE) or {})["status"]["service"] == {
        "componentKind": "LeaderWorkerSet",
        "componentName": "lone-0",
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
    }


@pytest.mark.rule("workloads 7.4 #1")
async def test_each_group_is_written_before_its_set() -> None:
    desk = await a_desk_with_lws(a_component(nodes=2, replicas=2))

    await desk.run(LONE)

    order = [(each.resource, each.name) for each in desk.cluster.writes]
    assert order.index((POD_GROUPS, "lone-0")) < order.index((LEADER_WORKER_SETS, "lone-0"))
    assert order.index((POD_GROUPS, "lone-1")) < order.index((LEADER_WORKER_SETS, "lone-1"))


@pytest.mark.rule("W-50")
@pytest.mark.parametrize("nodes", [1, 2])
async def test_a_resting_component_costs_no_request(nodes: int) -> None:
    desk = await a_served_component(nodes=nodes, ingress=CLASS)

    assert await desk.run(LONE) == Done()

    assert desk.cluster.requests == []
    assert sum(desk.store.calls.values()) == 0


@pytest.mark.rule("workloads 7.4 no", "workloads 10.5")
async def test_a_set_that_is_not_ready_is_named() -> None:
    desk = await a_desk_with_lws(a_component(nodes=2, replicas=2))
    desk.broken.add("lone-1")

    await desk.bring_about()
    await desk.run(LONE)  # a finer step has to stand for a moment before it is told

    assert desk.condition(LONE, "Available")[1] == "SomeLeaderWorkerSetsNotReady"
    assert desk.condition(LONE, "Reconciling")[2].startswith("LeaderWorkerSet default/lone-1: ")
    assert (desk.cluster.peek(LONE) or {})["status"]["service"]["readyReplicas"] == 1


@pytest.mark.rule("W-54", "workloads 7.4 #5")
async def test_a_set_that_was_just_changed_is_not_ready_by_its_former_status() -> None:
    desk = await a_served_component(nodes=2)
    desk.edit(extraPodSpec={"mainContainer": {**MAIN["mainContainer"], "image": "registry.example/runtime:2"}})

    outcome = await desk.run(LONE)
    at_once = desk.condition(LONE, "Available")[1], desk.condition(LONE, "Reconciling")[1]
    desk.see()
    await desk.run(LONE)

    assert isinstance(outcome, Retry)
    assert at_once == ("SomeLeaderWorkerSetsNotReady", "GenerationNotObserved")
    assert desk.condition(LONE, "Available")[1] == "AllLeaderWorkerSetsReady"


@pytest.mark.rule("workloads 7.4 yes (also R = 0)", "workloads 12 LWS #4")
async def test_no_replica_of_several_nodes_is_ready_without_a_count() -> None:
    desk = await a_served_component(nodes=2, replicas=0)

    assert desk.condition(LONE, "Available")[1] == "AllLeaderWorkerSetsReady"
    assert "service" not in (desk.cluster.peek(LONE) or {})["status"]
    assert await desk.run(LONE) == Done()
    assert desk.cluster.requests == []


@pytest.mark.rule("W-33", "workloads 7.4 #4", "workloads 7.8 replicas lowered (LWS)", "workloads 12 LWS #5", "W-39")
async def test_fewer_replicas_take_away_exactly_the_surplus_that_is_the_component_s_own() -> None:
    desk = await a_served_component(nodes=2, replicas=4)
    desk.cluster.remove(Ref(LEADER_WORKER_SETS, NAMESPACE, "lone-1"))  # a gap is no end
    add_foreign(desk, LEADER_WORKER_SETS, "lone-7")
    desk.see()

    desk.edit(replicas=1)
    await desk.bring_about()

    assert desk.names(LEADER_WORKER_SETS) == ["lone-0", "lone-7"]
    assert desk.names(POD_GROUPS) == ["lone-0"]
    assert desk.condition(LONE, "Ready")[0] == "True"


@pytest.mark.rule("W-25", "workloads 7.1 #9")
async def test_without_an_orchestrator_several_nodes_are_refused_and_what_runs_is_kept() -> None:
    desk = await a_served_component(nodes=2)
    desk.offer(served=())

    await desk.run(LONE)

    assert desk.condition(LONE, "Available") == (
        "False",
        "Reconciling",
        "Failed to reconcile DynamoComponentDeployment: no multinode orchestrator available",
    )
    assert desk.condition(LONE, "Stalled")[:2] == ("True", "NoMultinodeOrchestrator")
    assert desk.names(LEADER_WORKER_SETS) == ["lone-0"]


async def test_a_kind_that_is_gone_before_anybody_has_said_so_is_named() -> None:
    desk = await a_desk_with_lws(a_component(nodes=2))
    desk.cluster.objects.served.discard(POD_GROUPS)

    with pytest.raises(ConflictError):
        await desk.run(LONE)

    assert desk.condition(LONE, "Reconciling")[:2] == ("True", "KindNotServed")
    assert "failed to sync the PodGroup" in desk.condition(LONE, "Available")[2]
    assert desk.names(LEADER_WORKER_SETS) == []


# One shape for another


@pytest.mark.rule("W-61", "workloads 7.8 multinode removed (webhook bypassed)")
async def test_a_deployment_stays_until_the_sets_are_ready() -> None:
    desk = await a_served_component()
    desk.broken.add("lone-0")

    desk.edit(multinode={"nodeCount": 2})
    await desk.bring_about()
    meanwhile = desk.names(DEPLOYMENTS), desk.names(LEADER_WORKER_SETS)
    desk.broken.clear()
    await desk.bring_about()

    assert meanwhile == (["lone"], ["lone-0"])
    assert (desk.names(DEPLOYMENTS), desk.names(LEADER_WORKER_SETS)) == ([], ["lone-0"])
    assert desk.condition(LONE, "Available")[1] == "AllLeaderWorkerSetsReady"


@pytest.mark.rule("W-61", "workloads 7.8 multinode removed (webhook bypassed)")
async def test_sets_and_groups_go_when_the_deployment_is_ready() -> None:
    desk = await a_served_component(nodes=2, replicas=2)

    desk.edit(multinode=None)
    await desk.run(LONE)
    meanwhile = desk.names(DEPLOYMENTS), desk.names(LEADER_WORKER_SETS), desk.names(POD_GROUPS)
    await desk.bring_about()

    assert meanwhile == (["lone"], ["lone-0", "lone-1"], ["lone-0", "lone-1"])
    assert (desk.names(DEPLOYMENTS), desk.names(LEADER_WORKER_SETS), desk.names(POD_GROUPS)) == (["lone"], [], [])
    assert desk.condition(LONE, "Available")[1] == "DeploymentReady"
    desk.forget_requests()
    assert await desk.run(LONE) == Done()
    assert desk.cluster.requests == []


@pytest.mark.rule("W-61")
async def test_a_deployment_makes_room_for_sets_that_fit_nowhere() -> None:
    desk = await a_served_component()
    desk.broken.add("lone-0")
    desk.edit(multinode={"nodeCount": 2})
    await desk.run(LONE)
    put_pod_without_room(desk, "lone-0-0", **{"leaderworkerset.sigs.k8s.io/name": "lone-0"})

    await desk.bring_about()
    await desk.run(LONE)

    assert desk.names(DEPLOYMENTS) == []
    assert "no GPU is free" in desk.condition(LONE, "Reconciling")[2]


@pytest.mark.rule("W-61")
async def test_a_pod_of_the_former_shape_without_room_does_not_end_what_serves() -> None:
    desk = await a_served_component(replicas=2)
    desk.broken |= {"lone-0", "lone-1"}
    put_pod_without_room(desk, "lone-abc", **{"nvidia.com/selector": "lone"})
    desk.edit(multinode={"nodeCount": 2})

    await desk.bring_about()

    assert desk.names(DEPLOYMENTS) == ["lone"]


@pytest.mark.rule("W-55", "W-61")
async def test_an_error_between_two_shapes_leaves_both_and_tells_of_one() -> None:
    desk = await a_served_component()
    desk.broken.add("lone-0")
    desk.edit(multinode={"nodeCount": 2})
    await desk.run(LONE)

    desk.edit(resources={"limits": {"cpu": "many"}})
    await desk.run(LONE)

    assert (desk.names(DEPLOYMENTS), desk.names(LEADER_WORKER_SETS)) == (["lone"], ["lone-0"])
    assert desk.condition(LONE, "Stalled")[:2] == ("True", "QuantityInvalid")
    assert (desk.cluster.peek(LONE) or {})["status"]["service"]["componentKind"] == "Deployment"


@pytest.mark.rule("W-39", "W-61")
async def test_a_former_shape_stays_where_another_owner_has_the_name_of_the_new_one() -> None:
    desk = await a_served_component()
    add_foreign(desk, LEADER_WORKER_SETS, "lone-0")

    desk.edit(multinode={"nodeCount": 2})
    await desk.bring_about()

    assert desk.names(DEPLOYMENTS) == ["lone"]
    assert "LeaderWorkerSet lone-0 exists and another owner controls it" in desk.condition(LONE, "Stalled")[2]


@pytest.mark.rule("W-31")
async def test_another_number_of_nodes_makes_the_sets_anew_one_at_a_time() -> None:
    desk = await a_served_component(nodes=2, replicas=3)
    before = [uid_of(each) for each in desk.cluster.all(LEADER_WORKER_SETS)]

    desk.edit(multinode={"nodeCount": 4})
    present = []
    for _ in range(8):
        await desk.run(LONE)
        desk.see()
        present.append(desk.sizes())
        desk.make_ready()
        desk.see()

    assert present[:6] == [[2, 2], [4, 2, 2], [4, 2], [4, 4, 2], [4, 4], [4, 4, 4]]
    assert [each["spec"]["minMember"] for each in desk.cluster.all(POD_GROUPS)] == [4, 4, 4]
    assert not {uid_of(each) for each in desk.cluster.all(LEADER_WORKER_SETS)} & set(before)


@pytest.mark.rule("W-31")
async def test_sets_of_another_size_serve_on_while_the_one_made_anew_is_not_ready() -> None:
    desk = await a_served_component(nodes=2, replicas=2)
    desk.broken.add("lone-0")

    desk.edit(multinode={"nodeCount": 4})
    await desk.bring_about()

    assert desk.sizes() == [4, 2]
    assert desk.condition(LONE, "Available")[1] == "SomeLeaderWorkerSetsNotReady"


# What leads to a component


@pytest.mark.rule("workloads 7.8 ingress off", "workloads 7.7 otherwise", "W-38", "W-39")
async def test_an_ingress_that_is_switched_off_takes_its_objects_with_it() -> None:
    desk = await a_desk_with_lws(a_component(ingress={**CLASS, **GATEWAY}))
    desk.offer(Capability.ISTIO, served=(VIRTUAL_SERVICES,))
    await desk.bring_about()
    before = desk.names(INGRESSES), desk.names(VIRTUAL_SERVICES)

    desk.edit(ingress={"enabled": False})
    await desk.bring_about()

    assert before == (["lone"], ["lone"])
    assert (desk.names(INGRESSES), desk.names(VIRTUAL_SERVICES)) == ([], [])


@pytest.mark.rule("W-38", "workloads 7.7 looked at")
async def test_a_virtual_service_comes_and_goes_with_istio() -> None:
    desk = await a_served_component(ingress=GATEWAY)
    before = desk.names(VIRTUAL_SERVICES)

    desk.offer(Capability.ISTIO, served=(VIRTUAL_SERVICES,))
    await desk.bring_about()
    with_istio = desk.names(VIRTUAL_SERVICES)
    desk.offer(served=())
    await desk.bring_about()

    assert (before, with_istio, desk.names(VIRTUAL_SERVICES)) == ([], ["lone"], [])


@pytest.mark.rule("W-38", "workloads 7.7 #3")
async def test_an_ingress_that_leads_nowhere_is_told() -> None:
    desk = await a_served_component(ingress={"enabled": True, "host": "chat"})

    assert ("Warning", "IngressWithoutTarget") in await desk.events()
    assert desk.condition(LONE, "Ready")[0] == "True"


@pytest.mark.rule("workloads 7.8 discovery kubernetes → etcd", "W-34", "W-35")
async def test_a_service_that_only_discovery_asked_for_goes_with_it() -> None:
    desk = await a_served_component(componentType="other")
    before = desk.names(SERVICES)

    desk.edit(annotations={"nvidia.com/dynamo-discovery-backend": "etcd"})
    await desk.bring_about()

    assert (before, desk.names(SERVICES)) == (["lone"], [])


@pytest.mark.rule("workloads 7.8 stealing debug off", "W-30")
async def test_a_debug_annotation_neither_makes_nor_leaves_anything() -> None:
    desk = await a_served_component(annotations={"nvidia.com/enable-stealing-traffic-debug-mode": "true"})
    before = desk.names(DEPLOYMENTS), desk.names(SERVICES)
    told = await desk.events()

    desk.edit(annotations=None)
    await desk.bring_about()

    assert before == (desk.names(DEPLOYMENTS), desk.names(SERVICES)) == (["lone"], ["lone"])
    assert ("Warning", "SettingIgnored") in told


# What belongs to others


@pytest.mark.rule("W-39", "workloads 9.1 present")
@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (DEPLOYMENTS, "lone"),
        (SERVICES, "lone"),
        (INGRESSES, "lone"),
        (VIRTUAL_SERVICES, "lone"),
        (LEADER_WORKER_SETS, "lone-0"),
        (POD_GROUPS, "lone-0"),
    ],
    ids=lambda value: value.kind if isinstance(value, Resource) else "",
)
async def test_what_another_owner_controls_is_neither_taken_nor_deleted(resource: Resource, name: str) -> None:
    nodes = 2 if name.endswith("0") else 1
    desk = await a_desk_with_lws(a_component(nodes=nodes, ingress={**CLASS, **GATEWAY}))
    desk.offer(Capability.ISTIO, Capability.LWS, served=(VIRTUAL_SERVICES,))
    add_foreign(desk, resource, name)

    await desk.bring_about()
    stalled = desk.condition(LONE, "Stalled")
    told = await desk.events()
    desk.cluster.remove(LONE)
    await desk.bring_about()

    assert [each for each in desk.cluster.writes if (each.resource, each.name) == (resource, name)] == []
    assert desk.cluster.peek(Ref(resource, NAMESPACE, name)) is not None
    assert stalled[:2] == ("True", "NameTaken")
    assert f"{resource.kind} {name} exists and another owner controls it" in stalled[2]
    assert ("Warning", "ReconcileError") in told


@pytest.mark.rule("W-33")
async def test_a_set_is_not_started_in_a_group_of_another_owner() -> None:
    desk = await a_desk_with_lws(a_component(nodes=2))
    add_foreign(desk, POD_GROUPS, "lone-0")

    await desk.bring_about()

    assert desk.names(LEADER_WORKER_SETS) == []


@pytest.mark.rule("W-53", "workloads 9.2 #2")
async def test_a_deletion_asks_for_no_key_that_processes_register_and_waits_for_none() -> None:
    desk = await a_served_component()
    registered = ["/x/components/Lone/a", "/x/components/Lone2/a", "v1/instances/x/Lone/generate/1"]
    await desk.store.commit([Put(key, b"") for key in registered])

    desk.cluster.remove(LONE)
    await desk.bring_about()
    desk.see()
    await desk.run(LONE)

    assert desk.cluster.peek(LONE) is None
    assert [key for key in registered if await desk.store.get(key) is None] == []


# Status and Events


@pytest.mark.rule("workloads 7.1 #2", "workloads 9.4 validation")
async def test_a_spec_that_came_past_the_webhook_is_judged_and_keeps_what_runs() -> None:
    desk = await a_served_component()

    desk.edit(replicas=-1)
    await desk.run(LONE)

    assert desk.condition(LONE, "Valid") == (
        "False",
        "ValidationFailed",
        "Validation failed: spec.replicas must be non-negative",
    )
    assert desk.names(DEPLOYMENTS) == ["lone"]
    assert ("Warning", "ValidationFailed") in await desk.events()


@pytest.mark.rule("workloads 7.1 #7", "W-29", "OB-03", "workloads 9.1 present (2)")
async def test_nothing_is_told_where_nothing_changes() -> None:
    desk = await a_served_component(nodes=2)
    before = await desk.events()

    for _ in range(3):
        await desk.run(LONE)

    assert await desk.events() == before


@pytest.mark.rule("W-29", "workloads 9.1 absent (2)", "workloads 9.1 present (3)")
async def test_what_is_told_names_the_objects() -> None:
    desk = await a_served_component(nodes=2)

    told = await desk.messages()

    assert told["CreatePodGroup"] == "Created PodGroup lone-0; LeaderWorkerSet lone-0; Service lone"


async def test_a_component_that_waits_for_facts_says_so_when_it_lasts() -> None:
    desk = await a_desk_with_lws(a_component())
    desk.facts.clear()
    handle = desk.rules.primaries[COMPONENTS]

    await handle(desk.work(LONE))
    at_first = desk.cluster.peek(LONE)
    outcome = await handle(replace(desk.work(LONE), attempt=6))

    assert at_first is not None
    assert "status" not in at_first
    assert isinstance(outcome, Retry)
    assert desk.condition(LONE, "Available")[:2] == ("Unknown", "Reconciling")
    assert desk.condition(LONE, "Reconciling")[1] == "ClusterNotRead"
    assert "nobody has said yet" in desk.condition(LONE, "Reconciling")[2]


@pytest.mark.rule("workloads 7.1 #9")
@pytest.mark.parametrize(
    ("resource", "step"),
    [
        (POD_GROUPS, "failed to reconcile the resources: failed to sync the PodGroup: "),
        (LEADER_WORKER_SETS, "failed to reconcile the resources: failed to sync the LeaderWorkerSet: "),
        (SERVICES, "failed to create or update the service: "),
        (INGRESSES, "failed to create or update the ingress: "),
    ],
    ids=lambda value: value.kind if isinstance(value, Resource) else "",
)
async def test_what_the_api_server_refuses_is_told_with_the_step(resource: Resource, step: str) -> None:
    desk = await a_desk_with_lws(a_component(nodes=2, ingress=CLASS))
    error = InvalidObjectError("spec.x: must be y")
    desk.cluster.intercept = lambda request: Refuse(error) if request.resource is resource else None

    with pytest.raises(InvalidObjectError):
        await desk.run(LONE)

    assert desk.condition(LONE, "Available")[2].startswith(f"Failed to reconcile DynamoComponentDeployment: {step}")


async def test_the_time_to_render_is_measured_where_something_is_rendered() -> None:
    desk = await a_served_component()
    before = renderings()

    await desk.run(LONE)
    at_rest = renderings()
    desk.edit(replicas=2)
    await desk.run(LONE)

    assert (at_rest - before, renderings() - at_rest) == (0, 1)


def renderings() -> float:
    """Return how many renderings of components were measured."""
    name = "dynamo_operator_reconciler_render_seconds_count"
    return REGISTRY.get_sample_value(name, {"kind": COMPONENTS.kind}) or 0


# Whatever is lost


@pytest.mark.rule("W-61", "W-31", "W-33")
@pytest.mark.parametrize(("moment", "fault"), EVERY_LOSS if IS_LONG else [*EVERY_LOSS[:8:2], *EVERY_LOSS[9::2]])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            {},
            {"multinode": {"nodeCount": 2}, "replicas": 2},
            {LEADER_WORKER_SETS: ["lone-0", "lone-1"], POD_GROUPS: ["lone-0", "lone-1"]},
            id="one node to two",
        ),
        pytest.param(
            {"nodes": 2, "replicas": 2},
            {"multinode": None, "ingress": CLASS},
            {DEPLOYMENTS: ["lone"], INGRESSES: ["lone"]},
            id="two nodes to one",
        ),
        pytest.param(
            {"nodes": 2, "replicas": 2},
            {"multinode": {"nodeCount": 3}},
            {LEADER_WORKER_SETS: ["lone-0", "lone-1"], POD_GROUPS: ["lone-0", "lone-1"]},
            id="two nodes to three",
        ),
        pytest.param(
            {"nodes": 2, "replicas": 3},
            {"replicas": 1},
            {LEADER_WORKER_SETS: ["lone-0"], POD_GROUPS: ["lone-0"]},
            id="three replicas to one",
        ),
    ],
)
async def test_a_process_that_dies_at_any_write_leaves_nothing_behind(
    before: dict[str, Any], after: dict[str, Any], expected: dict[Resource, list[str]], moment: int, fault: Fault
) -> None:
    desk = await a_served_component(**before)
    desk.edit(**after)

    await live_through(desk, fault, moment)

    nothing: dict[Resource, list[str]] = {kind: [] for kind in (DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS, INGRESSES)}
    wanted = nothing | {SERVICES: ["lone"]} | expected
    nodes = (after.get("multinode") or {}).get("nodeCount", before.get("nodes"))
    assert {kind: desk.names(kind) for kind in wanted} == wanted
    assert set(desk.sizes()) <= {nodes}
    assert desk.condition(LONE, "Ready")[0] == "True"


async def live_through(desk: LwsDesk, fault: Fault, moment: int) -> None:
    """Bring everything about in spite of a process that ends at one of its writes, and of another after it."""
    writes = [0]

    def die(request: Request) -> Fault | None:
        writes[0] += request.is_write
        return fault if request.is_write and writes[0] == moment else None

    desk.cluster.intercept = die
    with suppress(UnreachableError):
        await desk.bring_about()
    desk.start()
    await desk.claim()
    await desk.bring_about()
