"""Passes over graphs and components: what is written, what is asked, and what is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.reconciler.desired.names import FINALIZER
from services.reconciler.handlers.components import ComponentHandler
from services.reconciler.handlers.graphs import UNKNOWN_CLUSTER
from shared.contracts.ownership import FINALIZERS
from shared.core.errors import ConflictError, ForbiddenError, InvalidObjectError, PermanentError, UnreachableError
from shared.core.json import Manifest, text
from shared.core.objects import finalizers_of, generation_of, uid_of
from shared.core.outcomes import Done, Reject, Retry
from shared.core.resources import COMPONENTS, DEPLOYMENTS, EVENTS, GRAPHS, PODS, SERVICE_ACCOUNTS, Ref, Resource
from shared.runtime.partitions.verdicts import verdict_of
from shared.testing.cluster_faults import Fault, LoseRequest, Refuse, Request, no_fault
from shared.testing.store import FakeStore
from tests.unit.services.reconciler.handlers.worlds import (
    CHAT,
    KEYS,
    NAMESPACE,
    WEB,
    WEB_DEPLOYMENT,
    Desk,
    a_desk,
    a_graph,
    of,
)

pytestmark = pytest.mark.asyncio


@pytest.mark.rule("workloads 3.1 #9", "workloads 3.1 #10")
async def test_a_graph_is_brought_to_successful() -> None:
    desk = await a_desk(a_graph("web", "work"))

    await desk.bring_about()

    graph = desk.cluster.peek(CHAT)
    assert text(graph, "status", "state") == "successful"
    assert {each["metadata"]["name"] for each in desk.cluster.all(DEPLOYMENTS)} == {"chat-web", "chat-work"}


@pytest.mark.rule("workloads 3.1 #3", "workloads 9.2 #1", "workloads 7.1 #3")
async def test_the_first_pass_sets_the_finalizer_before_it_makes_anything() -> None:
    desk = await a_desk(a_graph())

    await desk.run()

    assert desk.writes[:2] == [("apply", GRAPHS.plural, ""), ("apply", COMPONENTS.plural, "")]
    assert FINALIZER in finalizers_of(desk.cluster.peek(CHAT) or {})


@pytest.mark.rule("workloads 9.1 present (2)", "workloads 9.1 otherwise", "workloads 12 Sync #3")
async def test_a_resting_graph_costs_no_request_and_no_etcd_call() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.forget_requests()

    for _ in range(3):
        assert await desk.run(CHAT) == Done()
        assert await desk.run(WEB) == Done()

    assert desk.cluster.requests == []
    assert sum(desk.store.calls.values()) == 0


@pytest.mark.rule("P-17", "OB-09")
async def test_a_new_owner_of_a_resting_graph_asks_the_cluster_for_nothing() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.start()
    await desk.claim()
    desk.forget_requests()

    await desk.run(CHAT)
    await desk.run(WEB)

    assert desk.cluster.requests == []
    assert set(desk.store.calls) == {"get"}


async def test_a_component_that_the_graph_s_pass_applied_is_not_read_again() -> None:
    desk = await a_desk(a_graph())
    await desk.run(CHAT)
    desk.forget_requests()

    await desk.run(WEB)

    assert of(desk.cluster.requests, "get") == []
    assert desk.cluster.peek(WEB_DEPLOYMENT) is not None


@pytest.mark.parametrize("primary", [pytest.param(CHAT, id="a graph"), pytest.param(WEB, id="a component")])
async def test_a_dead_letter_shows_on_its_object_until_the_next_good_pass(primary: Ref) -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()

    await desk.give_up(primary, "KeyError: 'x'")
    given_up = desk.condition(primary, "Stalled")
    ready = desk.condition(primary, "Ready")[0]
    desk.see()
    await desk.run(primary)

    assert given_up[:2] == ("True", "DeadLetter")
    assert f"dynamo.dlq.reconciler.{primary.resource.plural}.{primary.namespace}.{primary.name}" in given_up[2]
    assert "KeyError: 'x'" in given_up[2]
    assert "dynamoctl dlq replay" in given_up[2]
    assert ready == "False"
    assert desk.condition(primary, "Stalled")[0] == "False"
    assert desk.condition(primary, "Ready")[0] == "True"


async def test_a_failure_that_the_pass_itself_has_told_of_is_not_told_again() -> None:
    desk = await a_desk(a_graph())
    await desk.run()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=-1))
    desk.see()
    await desk.run()
    before = desk.condition(CHAT, "Stalled")

    await desk.give_up(CHAT, "refused")

    assert before[1] == "ValidationFailed"
    assert desk.condition(CHAT, "Stalled") == before


async def test_an_edit_writes_only_what_differs() -> None:
    desk = await a_desk(a_graph("web", "work"))
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=3))
    desk.see()
    desk.forget_requests()

    await desk.run(CHAT)
    await desk.run(WEB)

    assert [each.name for each in desk.cluster.writes if not each.subresource] == ["chat-web", "chat-web"]


async def test_a_service_that_is_removed_takes_its_component_with_it() -> None:
    desk = await a_desk(a_graph("web", "work"))
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"].pop("work"))

    await desk.bring_about()

    assert [each["metadata"]["name"] for each in desk.cluster.all(DEPLOYMENTS)] == ["chat-web"]
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


async def test_nobody_passes_before_it_is_known_what_the_cluster_offers() -> None:
    desk = await a_desk(a_graph())
    desk.facts.clear()

    outcome = await desk.run()

    assert isinstance(outcome, Retry)
    assert outcome.after == UNKNOWN_CLUSTER
    assert desk.cluster.requests == []
    await desk.claim()
    desk.cluster.put({**a_component(), "metadata": {"name": "lone", "namespace": NAMESPACE}})
    desk.see()
    assert isinstance(await desk.run(Ref(COMPONENTS, NAMESPACE, "lone")), Retry)


def a_component() -> Manifest:
    """Return a component that stands alone."""
    spec = {"serviceName": "lone", "componentType": "worker", "dynamoNamespace": "x", "backendFramework": "vllm"}
    return {"apiVersion": COMPONENTS.api_version, "kind": COMPONENTS.kind, "metadata": {}, "spec": spec}


async def test_a_component_without_a_graph_reports_in_events_itself() -> None:
    lone = {**a_component(), "metadata": {"name": "lone", "namespace": NAMESPACE}}
    desk = await a_desk(lone)

    await desk.bring_about()

    assert desk.condition(Ref(COMPONENTS, NAMESPACE, "lone"), "Ready")[0] == "True"
    assert "Normal" in {kind for kind, _ in await desk.events()}


# P-07


@pytest.mark.rule("P-07")
@pytest.mark.parametrize("moment", range(1, 7))
async def test_a_graph_that_is_deleted_between_two_requests_never_exists_again(moment: int) -> None:
    desk = await a_desk(a_graph())
    seen = [0]

    def delete(request: Request) -> Fault | None:
        seen[0] += 1
        if seen[0] == moment and desk.cluster.peek(CHAT) is not None:
            desk.cluster.remove(CHAT)
        return None

    desk.cluster.intercept = delete
    for _ in range(6):
        for primary in (CHAT, WEB):
            await attempt(desk, primary)
        desk.see()
        if seen[0] >= moment and desk.cluster.peek(CHAT) is None:
            break
    if desk.cluster.peek(CHAT) is not None:
        desk.cluster.remove(CHAT)
    for _ in range(4):
        desk.see()
        for primary in (CHAT, WEB):
            await attempt(desk, primary)

    assert [desk.cluster.all(kind) for kind in (GRAPHS, COMPONENTS, DEPLOYMENTS)] == [(), (), ()]


async def attempt(desk: Desk, primary: Ref) -> None:
    """Run a pass as the partition loop does: what may work later is tried later."""
    try:
        await desk.run(primary)
    except ConflictError:
        return


async def test_a_graph_made_anew_under_its_name_is_left_to_its_own_events() -> None:
    desk = await a_desk(a_graph())
    desk.cluster.remove(CHAT)
    desk.cluster.put(a_graph("other"))

    outcome = await desk.run()

    assert outcome == Done()
    assert finalizers_of(desk.cluster.peek(CHAT) or {}) == ()
    assert desk.cluster.all(COMPONENTS) == ()


async def test_an_object_in_deletion_takes_no_finalizer_also_where_the_view_lags() -> None:
    desk = await a_desk(a_graph(finalizers=["example.com/hold"]))
    desk.cluster.remove(CHAT)

    outcome = await desk.run()

    assert outcome == Done()
    assert finalizers_of(desk.cluster.peek(CHAT) or {}) == ("example.com/hold",)
    assert desk.cluster.all(COMPONENTS) == ()


@pytest.mark.rule("workloads 9.2 #1", "workloads 9.4 finalizer error")
async def test_a_graph_whose_finalizer_is_refused_tells_so_and_makes_nothing() -> None:
    desk = await a_desk(a_graph())

    def refuse(request: Request) -> Fault | None:
        is_finalizer = request.manager == FINALIZERS
        return Refuse(ForbiddenError('may not: Invalid value: "secret": no')) if is_finalizer else None

    desk.cluster.intercept = refuse
    with pytest.raises(PermanentError):
        await desk.run()

    status = (desk.cluster.peek(CHAT) or {})["status"]
    ready = next(each for each in status["conditions"] if each["type"] == "Ready")
    assert (status["state"], ready["reason"]) == ("failed", "failed_to_handle_the_finalizer")
    assert ready["message"] == "may not: Invalid value: no"
    assert desk.cluster.all(COMPONENTS) == ()


async def test_a_new_graph_is_not_read_before_its_first_write() -> None:
    desk = await a_desk(a_graph())

    await desk.run()

    assert of(desk.cluster.requests, "get") == []


async def test_a_graph_that_is_gone_leaves_no_inventory() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.cluster.remove(CHAT)

    for _ in range(3):
        desk.see()
        await desk.run(CHAT)
        await desk.run(WEB)

    assert desk.cluster.peek(CHAT) is None
    assert desk.store.pairs(KEYS.inventories("reconciler")) == {}


@pytest.mark.rule("W-52", "workloads 9.2 #1", "workloads 3.1 #10")
async def test_a_graph_in_deletion_is_only_let_go() -> None:
    desk = await a_desk(a_graph(finalizers=["example.com/keep", FINALIZER]))
    desk.cluster.remove(CHAT)
    desk.see()

    await desk.run()

    assert desk.writes == [("patch", GRAPHS.plural, "")]
    assert finalizers_of(desk.cluster.peek(CHAT) or {}) == ("example.com/keep",)


async def test_a_finalizer_that_is_not_where_it_was_seen_is_looked_for_again() -> None:
    desk = await a_desk(a_graph(finalizers=["example.com/a", FINALIZER, "example.com/b"]))
    desk.cluster.remove(CHAT)
    desk.see()
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(finalizers=[FINALIZER, "example.com/b"]))

    with pytest.raises(ConflictError):
        await desk.run()
    desk.see()
    await desk.run()

    assert finalizers_of(desk.cluster.peek(CHAT) or {}) == ("example.com/b",)


@pytest.mark.rule("workloads 3.1 #1", "workloads 7.1 #1")
async def test_an_object_in_deletion_that_is_gone_already_is_no_error() -> None:
    desk = await a_desk(a_graph(finalizers=[FINALIZER]))
    desk.cluster.remove(CHAT)
    desk.see()
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(finalizers=[]))

    assert await desk.run() == Done()


# What is in the way


@pytest.mark.rule("workloads 3.1 #2", "workloads 9.4 validation", "W-01", "workloads 1.4 enable-webhooks")
async def test_a_spec_that_came_past_the_webhook_fails_validation_and_keeps_what_runs() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=-1))
    desk.see()
    desk.forget_requests()

    await desk.run()

    assert desk.condition(CHAT, "Ready")[:2] == ("False", "ValidationFailed")
    assert text(desk.cluster.peek(CHAT), "status", "state") == "failed"
    assert desk.cluster.peek(WEB) is not None
    assert of(desk.cluster.writes, "delete") == []


async def test_a_spec_that_nobody_can_read_fails_validation() -> None:
    graph = a_graph()
    graph["spec"]["services"] = "secret-7f3a"
    desk = await a_desk(graph)

    await desk.run()

    assert desk.condition(CHAT, "Ready")[:2] == ("False", "ValidationFailed")
    assert "secret-7f3a" not in desk.condition(CHAT, "Ready")[2]


@pytest.mark.rule("workloads 3.1 #2", "W-62")
async def test_a_refused_spec_that_rests_is_asked_for_nothing_again() -> None:
    graph = a_graph()
    graph["spec"]["services"]["web"]["replicas"] = -1
    desk = await a_desk(graph)
    await desk.run()
    desk.see()
    desk.forget_requests()

    await desk.run()

    assert desk.cluster.requests == []


@pytest.mark.rule("W-39")
async def test_a_name_that_another_owner_controls_is_never_taken() -> None:
    taken = {**a_component(), "metadata": {"name": "chat-web", "namespace": NAMESPACE, "labels": LABEL}}
    taken["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "u", "controller": True}
    ]
    desk = await a_desk(a_graph(), taken)

    await desk.run()

    assert [each for each in desk.cluster.writes if each.name == "chat-web"] == []
    assert "another owner controls it" in desk.condition(CHAT, "Ready")[2] + desk.condition(CHAT, "Stalled")[2]


LABEL = {"nvidia.com/dynamo-graph-deployment-name": "chat"}


@pytest.mark.rule("workloads 7.1 #9", "workloads 3.1 #11")
async def test_what_the_api_server_refuses_is_told_without_the_value() -> None:
    desk = await a_desk(a_graph())
    await desk.run(CHAT)
    error = InvalidObjectError('spec.x: Invalid value: "secret-7f3a": must be y')
    desk.cluster.intercept = lambda request: Refuse(error) if request.resource is DEPLOYMENTS else None

    with pytest.raises(InvalidObjectError) as ended:
        await desk.run(WEB)

    reason, message = desk.condition(WEB, "Available")[1:]
    assert reason == "Reconciling"
    assert "spec.x: Invalid value: must be y" in message
    assert "secret-7f3a" not in message
    assert isinstance(verdict_of(ended.value).outcome, Reject)  # which no timer repeats
    assert "tried again when something changes" in desk.condition(WEB, "Reconciling")[2]
    desk.cluster.intercept = no_fault
    assert ("Warning", "CreateDeployment") in await desk.events()
    assert "secret-7f3a" not in str(desk.cluster.all(EVENTS))


@pytest.mark.rule("workloads 9.1 read error", "OB-04")
async def test_a_lost_connection_is_no_news_for_the_status() -> None:
    desk = await a_desk(a_graph())
    await desk.run(CHAT)
    desk.cluster.intercept = lambda request: (
        Refuse(UnreachableError("away")) if request.resource is DEPLOYMENTS else None
    )

    with pytest.raises(UnreachableError):
        await desk.run(WEB)

    assert "away" not in str(desk.cluster.peek(WEB))


@pytest.mark.parametrize(("primary", "child"), [(CHAT, COMPONENTS), (WEB, DEPLOYMENTS)])
async def test_what_serves_shows_no_write_that_was_lost_after_the_store_was_wiped(
    primary: Ref, child: Resource
) -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    before = desk.cluster.peek(primary)
    desk.store = FakeStore(desk.clock)
    desk.start()
    await desk.claim()
    desk.cluster.intercept = lambda request: LoseRequest() if request.resource is child and request.is_write else None

    with pytest.raises(UnreachableError):
        await desk.run(primary)

    assert desk.cluster.peek(primary) == before


async def test_a_component_without_its_workload_is_not_available_while_that_cannot_be_made_again() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    before = desk.condition(WEB, "Available")[0]
    desk.cluster.remove(WEB_DEPLOYMENT)
    desk.see()
    desk.cluster.intercept = lambda request: (
        LoseRequest() if request.resource is DEPLOYMENTS and request.is_write else None
    )

    with pytest.raises(UnreachableError):
        await desk.run(WEB)

    assert (before, desk.condition(WEB, "Available")[0]) == ("True", "Unknown")


async def test_a_graph_is_not_successful_in_a_generation_that_a_component_has_not_heard_of() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=2))
    desk.see()
    desk.cluster.intercept = lambda request: LoseRequest() if request.resource is COMPONENTS else None

    with pytest.raises(UnreachableError):
        await desk.run(CHAT)

    status = (desk.cluster.peek(CHAT) or {})["status"]
    assert (status["state"], status["observedGeneration"]) == ("pending", 2)


def add_account(desk: Desk) -> None:
    """Make the account that the graph's pods run with."""
    metadata = {"name": "chat-k8s-service-discovery", "namespace": NAMESPACE, "labels": LABEL}
    desk.cluster.put({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    desk.see()


async def test_a_missing_account_of_the_graph_is_named() -> None:
    desk = await a_desk(a_graph())
    await desk.run(CHAT)
    await desk.run(WEB)
    before = desk.condition(WEB, "Reconciling")[1]
    add_account(desk)
    await desk.bring_about()

    assert before == "ServiceAccountMissing"
    assert desk.view.get(Ref(SERVICE_ACCOUNTS, NAMESPACE, "chat-k8s-service-discovery")) is not None
    assert desk.condition(WEB, "Reconciling")[0] == "False"


async def test_a_pod_that_cannot_run_is_named() -> None:
    desk = await a_desk(a_graph())
    add_account(desk)
    await desk.run(CHAT)
    await desk.run(WEB)
    pod_labels = LABEL | {"nvidia.com/dynamo-component": "web"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": NAMESPACE, "labels": pod_labels}}
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    status = {"containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    desk.cluster.put(pod)
    desk.cluster.set_status(Ref(PODS, NAMESPACE, "p"), status)
    desk.see()

    await desk.run(WEB)
    await desk.clock.advance(timedelta(seconds=2))
    await desk.run(WEB)

    assert "no such image" in str(desk.cluster.peek(WEB))


# Status


@pytest.mark.rule("OB-02", "OB-04")
async def test_a_status_that_lost_a_race_is_dropped() -> None:
    desk = await a_desk(a_graph())

    def race(request: Request) -> Fault | None:
        return Refuse(ConflictError("the object has been modified")) if request.subresource == "status" else None

    desk.cluster.intercept = race

    assert await desk.run() == Done()
    assert "status" not in (desk.cluster.peek(CHAT) or {})


async def test_a_status_is_never_of_an_old_generation() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()

    def edit(request: Request) -> Fault | None:
        if request.subresource == "status":
            desk.cluster.intercept = lambda _: None
            desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=9))
        return None

    desk.cluster.set_status(WEB_DEPLOYMENT, {})
    desk.see()
    desk.cluster.intercept = edit
    await desk.run(WEB)
    desk.see()
    await desk.run(CHAT)
    graph = desk.cluster.peek(CHAT) or {}

    assert graph["status"]["observedGeneration"] <= graph["metadata"]["generation"]
    assert desk.view.get(CHAT) is not None


async def test_a_child_of_an_older_generation_counts_as_pending() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=2))
    desk.see()

    await desk.run(CHAT)

    assert text(desk.cluster.peek(CHAT), "status", "state") == "pending"


async def test_a_step_of_a_component_that_goes_is_forgotten() -> None:
    desk = await a_desk(a_graph(replicas=3))
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=4))
    desk.see()
    await desk.run(CHAT)
    await desk.run(WEB)
    live = desk.cluster.peek(WEB_DEPLOYMENT) or {}
    some = {"observedGeneration": live["metadata"]["generation"], "replicas": 4, "updatedReplicas": 1}
    desk.cluster.set_status(WEB_DEPLOYMENT, {**some, "readyReplicas": 3, "availableReplicas": 3})
    desk.see()
    await desk.run(WEB)
    handler = desk.rules.primaries[COMPONENTS]
    assert isinstance(handler, ComponentHandler)
    put_off = list(handler.statuses._put_off)

    desk.cluster.remove(WEB)
    desk.see()
    await desk.run(WEB)

    assert (put_off, list(handler.statuses._put_off)) == ([WEB], [])


async def test_a_finer_step_is_reported_when_it_lasts() -> None:
    desk = await a_desk(a_graph(replicas=3))
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=4))
    desk.see()
    await desk.run(CHAT)
    await desk.run(WEB)
    live = desk.cluster.peek(WEB_DEPLOYMENT) or {}
    some = {"observedGeneration": live["metadata"]["generation"], "replicas": 4, "updatedReplicas": 1}
    desk.cluster.set_status(WEB_DEPLOYMENT, {**some, "readyReplicas": 3, "availableReplicas": 3})
    desk.see()
    desk.forget_requests()

    outcome = await desk.run(WEB)
    at_once = desk.writes
    await desk.clock.advance(timedelta(seconds=1))
    await desk.run(WEB)

    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert timedelta(0) < outcome.after <= timedelta(seconds=1)
    assert at_once == []
    assert desk.writes == [("apply", COMPONENTS.plural, "status")]


async def test_steps_that_follow_each_other_go_unsaid_for_five_seconds_at_most() -> None:
    desk = await a_desk(a_graph(replicas=20))
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"]["services"]["web"].update(replicas=40))
    desk.see()
    await desk.run(CHAT)
    await desk.run(WEB)
    generation = generation_of(desk.cluster.peek(WEB_DEPLOYMENT) or {})
    desk.forget_requests()

    written = []
    for updated in range(1, 11):
        some = {"observedGeneration": generation, "replicas": 40, "updatedReplicas": updated}
        desk.cluster.set_status(WEB_DEPLOYMENT, {**some, "readyReplicas": 20, "availableReplicas": 20})
        desk.see()
        await desk.run(WEB)
        written.append(len(desk.writes))
        await desk.clock.advance(timedelta(seconds=0.6))

    assert written[8:] == [0, 1]


async def test_every_write_of_a_component_carries_the_graph_s_uid() -> None:
    desk = await a_desk(a_graph())
    await desk.run(CHAT)

    [component] = desk.cluster.all(COMPONENTS)
    [owner] = component["metadata"]["ownerReferences"]

    assert owner["uid"] == uid_of(desk.cluster.peek(CHAT) or {})
