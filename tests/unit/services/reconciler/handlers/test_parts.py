"""The parts of a pass that decide nothing alone: kept primaries, contexts, routes, results and urgency."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.instances import SET_NAME
from services.reconciler.handlers.finalizers import Finalizers
from services.reconciler.handlers.primaries import Primaries
from services.reconciler.handlers.results import change_list, foreign_problems, obstacle_of
from services.reconciler.handlers.routes import SETTLING, ReconcilerRouter, component_of_pod
from services.reconciler.handlers.statuses import changed_conditions, is_urgent
from services.reconciler.status.notes import Change
from services.reconciler.status.obstacles import Stage
from shared.applying.children import Result
from shared.applying.plans import Change as Planned
from shared.applying.plans import Plan, Removal
from shared.applying.writes import Written
from shared.contracts.keys import graph_key
from shared.core import labels
from shared.core.errors import ConflictError, InvalidObjectError, NotFoundError, UnreachableError
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, PODS, SERVICES, Ref
from shared.ports.passes import Queued
from shared.runtime.partitions.router import default_router
from shared.runtime.partitions.views.entries import entry_of_manifest
from shared.testing.cluster import FakeCluster
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, a_graph

DEPLOYMENT = Ref(DEPLOYMENTS, NAMESPACE, "one")


# Primaries


@pytest.mark.asyncio
async def test_a_kept_object_is_not_read_until_a_newer_one_is_seen() -> None:
    cluster = FakeCluster()
    primaries = Primaries(cluster, Finalizers(cluster))
    primaries.keep(cluster.put(a_graph()))
    entry = entry_of_manifest(cluster.peek(CHAT) or {}, epoch="")[0]

    kept = await primaries.read(entry)
    cluster.edit(CHAT, lambda live: live["spec"].update(backendFramework="sglang"))
    newer = entry_of_manifest(cluster.peek(CHAT) or {}, epoch="")[0]
    read = await primaries.read(newer)

    assert kept is not None
    assert read is not None
    assert [request.verb for request in cluster.requests] == ["get"]
    assert read["spec"]["backendFramework"] == "sglang"


@pytest.mark.asyncio
async def test_the_least_recently_used_are_let_go() -> None:
    cluster = FakeCluster()
    primaries = Primaries(cluster, Finalizers(cluster), limit=1)
    entry = entry_of_manifest(cluster.put(a_graph()), epoch="")[0]
    primaries.keep(cluster.peek(CHAT) or {})
    other = a_graph()
    other["metadata"]["name"] = "other"
    primaries.keep(cluster.put(other))

    await primaries.read(entry)
    primaries.drop(CHAT)
    await primaries.read(entry)

    assert len(cluster.requests) == 2


@pytest.mark.asyncio
async def test_an_object_that_is_gone_is_none() -> None:
    cluster = FakeCluster()
    entry = entry_of_manifest(cluster.put(a_graph()), epoch="")[0]
    cluster.remove(CHAT)

    assert await Primaries(cluster, Finalizers(cluster)).read(entry) is None


# Routes


@pytest.mark.parametrize(
    ("pod_labels", "component"),
    [
        ({}, None),
        ({labels.GRAPH_NAME: "chat", labels.COMPONENT: "Web"}, Ref(COMPONENTS, "team", "chat-web")),
        ({labels.GRAPH_NAME: "lone"}, Ref(COMPONENTS, "team", "lone")),
        ({labels.GRAPH_NAME: "lone", labels.COMPONENT: "x", labels.SELECTOR: "lone"}, Ref(COMPONENTS, "team", "lone")),
        ({labels.GRAPH_NAME: "lone", labels.COMPONENT: "x", SET_NAME: "lone-12"}, Ref(COMPONENTS, "team", "lone")),
        ({labels.GRAPH_NAME: "lone", SET_NAME: "odd"}, Ref(COMPONENTS, "team", "lone")),
    ],
)
def test_a_pod_runs_for_the_component_that_its_labels_name(pod_labels: dict[str, str], component: Ref | None) -> None:
    assert component_of_pod("team", pod_labels) == component


def test_a_pod_queues_its_component_and_a_copy_queues_nothing() -> None:
    router = ReconcilerRouter(default_router([GRAPHS, COMPONENTS]))
    metadata = {"name": "p", "namespace": "team", "resourceVersion": "1", "labels": {labels.GRAPH_NAME: "lone"}}
    pod = entry_of_manifest({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}, epoch="")[0]
    other = entry_of_manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "labels": {}}}, epoch="")[0]
    graph = entry_of_manifest(a_graph() | {"metadata": {**a_graph()["metadata"], "resourceVersion": "1"}}, epoch="")[0]

    assert pod.ref.resource is PODS
    assert list(router(pod, copy_of=None)) == [Queued(Ref(COMPONENTS, "team", "lone"), "child", SETTLING)]
    assert list(router(pod, copy_of=graph_key("team", "x"))) == []
    assert list(router(other, copy_of=None)) == []
    assert list(router(graph, copy_of=None)) == [Queued(CHAT, "edit")]


# Results


def a_result(error: Exception | None = None, **plan: Any) -> Result:
    """Return the result of a pass that created a Deployment and tried to delete two Services."""
    one, two = Ref(SERVICES, NAMESPACE, "one"), Ref(SERVICES, NAMESPACE, "two")
    changes = (Planned(DEPLOYMENT, {}, "d", "repaired"), Planned(CHAT, {}, "d", "created"))
    planned = Plan(changes, (Removal(one, "u"), Removal(two, "u")), **plan)
    return Result(planned, Written({}, {DEPLOYMENT: {}}, frozenset({two}), error))


def test_only_what_was_answered_is_told() -> None:
    assert change_list(a_result()) == [Change("updated", "Deployment", "one"), Change("deleted", "Service", "two")]
    assert change_list(Result()) == []


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (None, None),
        (ConflictError("x"), None),
        (UnreachableError("x"), None),
        (InvalidObjectError("x"), Stage.WRITING),
        (NotFoundError("x"), Stage.WRITING),
    ],
)
def test_only_a_refusal_is_an_obstacle(error: Exception | None, stage: Stage | None) -> None:
    obstacle = obstacle_of(a_result(error))

    assert (obstacle.stage if obstacle else None) is stage


def test_a_taken_name_is_a_problem_with_a_way_out() -> None:
    [problem] = foreign_problems(a_result(foreign=(DEPLOYMENT,)))

    assert problem.text == "Deployment one exists and another owner controls it"
    assert problem.remedy == "rename the service, or remove Deployment one"
    assert foreign_problems(Result()) == []


# Statuses


def a_status(state: str = "pending", generation: int = 1, **conditions: str) -> dict[str, Any]:
    """Return a status; conditions are given as `Status/Reason`."""
    found = [dict(zip(("status", "reason"), value.split("/"), strict=True)) for value in conditions.values()]
    named = [{"type": kind, **each} for kind, each in zip(conditions, found, strict=True)]
    return {"state": state, "observedGeneration": generation, "conditions": named}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(a_status(Ready="False/Waiting"), False, id="the same"),
        pytest.param(a_status(Ready="False/OtherReason"), False, id="a finer step"),
        pytest.param(a_status(Ready="True/Ready"), True, id="readiness"),
        pytest.param(a_status("failed", Ready="False/Waiting"), True, id="a state"),
        pytest.param(a_status(generation=2, Ready="False/Waiting"), True, id="a generation"),
        pytest.param(a_status(Ready="False/Waiting", Stalled="True/Stuck"), True, id="a condition more"),
    ],
)
def test_what_a_person_waits_for_is_urgent(after: dict[str, Any], expected: bool) -> None:
    assert is_urgent(a_status(Ready="False/Waiting"), after) is expected


def test_conditions_changed_when_status_or_reason_did() -> None:
    before = a_status(Ready="False/Waiting", Stalled="False/Fine")

    changed = changed_conditions(before, a_status(Ready="False/Other", Stalled="False/Fine"))

    assert changed == [{"type": "Ready", "status": "False", "reason": "Other"}]
