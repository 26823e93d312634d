"""Passes over graphs that Grove runs, and over graphs that change between Grove and components."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from shared.api.platform import Capability
from shared.contracts.facts import QUEUES
from shared.core import labels
from shared.core.errors import InvalidObjectError, PermanentError, UnreachableError
from shared.core.json import Manifest, integer, text
from shared.core.objects import controller_of, ref_of, uid_of
from shared.core.outcomes import Done, Retry
from shared.core.resources import COMPONENTS, DEPLOYMENTS, POD_CLIQUE_SETS, POD_CLIQUES, PODS, SERVICES, Ref
from shared.testing.cluster_faults import Fault, LoseAnswer, LoseRequest, Refuse, Request
from tests.unit.services.reconciler.handlers.grove_worlds import (
    SET,
    WEB_CLIQUE,
    WEB_GROUP,
    GroveDesk,
    a_gang,
    a_grove,
    a_service,
    clique_status,
)
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, WEB

pytestmark = pytest.mark.asyncio

WEB_SERVICE = Ref(SERVICES, NAMESPACE, "chat-web")


async def test_a_graph_is_brought_to_successful_by_grove() -> None:
    desk = await a_grove(a_gang({"web": a_service(), "big": a_service(multinode={"nodeCount": 2})}))

    await desk.bring_about()

    graph = desk.cluster.peek(CHAT)
    assert text(graph, "status", "state") == "successful"
    assert desk.cluster.all(COMPONENTS) == ()
    assert graph is not None
    assert graph["status"]["services"] == {
        "big": {
            "componentKind": "PodCliqueScalingGroup",
            "componentName": "chat-0-big",
            "replicas": 1,
            "updatedReplicas": 1,
            "availableReplicas": 1,
        },
        "web": {
            "componentKind": "PodClique",
            "componentName": "chat-0-web",
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
        },
    }


async def test_a_resting_graph_in_a_set_costs_no_request_and_no_etcd_call() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    desk.forget_requests()

    assert await desk.run() == Done()

    assert desk.cluster.requests == []
    assert sum(desk.store.calls.values()) == 0


@pytest.mark.rule("workloads 7.8 enable-grove flipped", "W-02", "W-07")
async def test_grove_that_is_installed_later_takes_a_graph_over_without_a_gap() -> None:
    desk = await a_grove(a_gang())
    desk.offer()
    await desk.bring_about()
    before = uid_of(desk.cluster.peek(WEB_SERVICE) or {})

    desk.offer(Capability.GROVE)
    await desk.bring_about()

    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"
    assert (desk.cluster.all(COMPONENTS), desk.cluster.all(DEPLOYMENTS)) == ((), ())
    assert uid_of(desk.cluster.peek(WEB_SERVICE) or {}) == before
    assert owner_kind(desk, WEB_SERVICE) == "DynamoGraphDeployment"


@pytest.mark.rule("workloads 7.8 enable-grove flipped", "W-07")
async def test_a_graph_that_leaves_grove_keeps_its_set_until_its_components_have_made_theirs() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    before = uid_of(desk.cluster.peek(WEB_SERVICE) or {})

    desk.cluster.edit(CHAT, annotated("false"))
    desk.see()
    await desk.run()
    is_there_meanwhile = desk.cluster.peek(SET) is not None
    await desk.bring_about()

    assert is_there_meanwhile
    assert desk.cluster.peek(SET) is None
    assert [each["metadata"]["name"] for each in desk.cluster.all(DEPLOYMENTS)] == ["chat-web"]
    assert uid_of(desk.cluster.peek(WEB_SERVICE) or {}) == before
    assert owner_kind(desk, WEB_SERVICE) == "DynamoComponentDeployment"
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


@pytest.mark.rule("workloads 7.8 enable-grove flipped", "W-07")
async def test_going_there_and_back_leaves_no_orphan_and_rests() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()

    for value in ("false", "true", "FALSE", ""):
        desk.cluster.edit(CHAT, annotated(value))
        await desk.bring_about()
    desk.forget_requests()
    await desk.run()

    assert desk.cluster.all(COMPONENTS) == ()
    assert [each["metadata"]["name"] for each in desk.cluster.all(POD_CLIQUES)] == ["chat-0-web"]
    assert len(desk.cluster.all(SERVICES)) == 1
    assert desk.cluster.requests == []


def annotated(value: str) -> Callable[[Manifest], None]:
    def edit(live: Manifest) -> None:
        live["metadata"].setdefault("annotations", {})[labels.ENABLE_GROVE] = value

    return edit


def owner_kind(desk: GroveDesk, ref: Ref) -> str:
    owner = controller_of(desk.cluster.peek(ref) or {})
    return owner.kind if owner is not None else ""


# Scaling


async def test_a_changed_number_is_told_through_the_scale_subresource_once() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    desk.forget_requests()

    desk.cluster.edit(CHAT, scaled("web", 3))
    desk.see()
    await desk.run()
    await desk.run()

    assert desk.writes.count(("patch", POD_CLIQUES.plural, "scale")) == 1
    assert replicas(desk, WEB_CLIQUE) == 3
    assert desk.condition(CHAT, "Ready")[2] == "Resources not ready: chat: podclique/chat-0-web: desired=3, ready=1"


async def test_groups_of_nodes_are_scaled_as_a_whole() -> None:
    desk = await a_grove(a_gang({"web": a_service(multinode={"nodeCount": 2})}))
    await desk.bring_about()

    desk.cluster.edit(CHAT, scaled("web", 3))
    await desk.bring_about()

    assert replicas(desk, WEB_GROUP) == 3
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


@pytest.mark.rule("W-45", "workloads 8.5 replicas of a clique and of a scaling group > 0, minAvailable ≤ replicas")
async def test_no_replicas_are_one_at_first_and_none_once_grove_has_made_them() -> None:
    desk = await a_grove(a_gang({"web": a_service(replicas=0)}))

    await desk.bring_about()

    live = desk.cluster.peek(SET)
    assert live is not None
    assert live["spec"]["template"]["cliques"][0]["spec"]["replicas"] == 1
    assert replicas(desk, WEB_CLIQUE) == 0
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


async def test_a_service_without_a_number_is_left_to_autoscalers() -> None:
    service = a_service()
    del service["replicas"]
    desk = await a_grove(a_gang({"web": service}))
    await desk.bring_about()

    desk.cluster.edit(WEB_CLIQUE, to_replicas(5))
    await desk.bring_about()

    assert replicas(desk, WEB_CLIQUE) == 5
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


async def test_what_somebody_else_scaled_is_brought_back_to_the_graphs_number() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()

    desk.cluster.edit(WEB_CLIQUE, to_replicas(5))
    await desk.bring_about()

    assert replicas(desk, WEB_CLIQUE) == 1


async def test_a_refused_scale_is_told_in_the_words_of_the_reference() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    error = InvalidObjectError("too many")
    desk.cluster.intercept = lambda request: Refuse(error) if request.subresource == "scale" else None

    desk.cluster.edit(CHAT, scaled("web", 3))
    desk.see()
    with pytest.raises(PermanentError):
        await desk.run()

    assert desk.condition(CHAT, "Ready") == (
        "False",
        "failed_to_reconcile_the_resources",
        "failed to reconcile Grove scaling: failed to scale PodClique chat-0-web: "
        "failed to update scale for podcliques chat-0-web: too many",
    )


def scaled(service: str, number: int) -> Callable[[Manifest], None]:
    def edit(live: Manifest) -> None:
        live["spec"]["services"][service]["replicas"] = number

    return edit


def to_replicas(number: int) -> Callable[[Manifest], None]:
    def edit(live: Manifest) -> None:
        live["spec"]["replicas"] = number

    return edit


def replicas(desk: GroveDesk, ref: Ref) -> int:
    return integer(desk.cluster.peek(ref), "spec", "replicas")


# Changing between Grove and components


@pytest.mark.rule("W-07", "workloads 3.4 #1")
@pytest.mark.parametrize(
    ("fault", "moment"),
    [
        pytest.param(LoseAnswer(), 1, id="the first answer"),
        pytest.param(LoseRequest(), 2, id="the second request"),
        pytest.param(LoseAnswer(), 3, id="the third answer"),
        pytest.param(LoseRequest(), 5, id="the fifth request"),
        pytest.param(LoseAnswer(), 6, id="the sixth answer"),
    ],
)
@pytest.mark.parametrize("to_grove", [True, False], ids=["to grove", "from grove"])
async def test_a_process_that_dies_at_any_write_of_a_change_leaves_one_tree(
    fault: Fault, moment: int, to_grove: bool
) -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false" if to_grove else "true"}))
    await desk.bring_about()
    service = uid_of(desk.cluster.peek(WEB_SERVICE) or {})

    desk.cluster.edit(CHAT, annotated("true" if to_grove else "false"))
    await live_through(desk, fault, moment)

    trees = (len(desk.cluster.all(POD_CLIQUES)), len(desk.cluster.all(COMPONENTS)), len(desk.cluster.all(DEPLOYMENTS)))
    assert trees == ((1, 0, 0) if to_grove else (0, 1, 1))
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"
    assert uid_of(desk.cluster.peek(WEB_SERVICE) or {}) == service
    assert len(desk.cluster.all(SERVICES)) == 1


@pytest.mark.rule("W-07")
async def test_components_serve_until_the_set_does() -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false"}))
    await desk.bring_about()

    desk.is_quick = False
    desk.cluster.edit(CHAT, annotated("true"))
    await desk.bring_about()
    meanwhile = (len(desk.cluster.all(DEPLOYMENTS)), len(desk.cluster.all(POD_CLIQUES)), owner_kind(desk, WEB_SERVICE))
    told = desk.condition(WEB, "Ready")[0]
    desk.is_quick = True
    await desk.bring_about()

    assert meanwhile == (1, 1, "DynamoGraphDeployment")
    assert told == "True"
    assert desk.cluster.all(DEPLOYMENTS) == ()


@pytest.mark.rule("W-07")
async def test_components_make_room_for_a_set_that_finds_none() -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false"}))
    await desk.bring_about()
    desk.is_quick = False
    desk.cluster.edit(CHAT, annotated("true"))
    await desk.bring_about()

    pod = a_pod_without_room(desk)
    desk.cluster.put(pod)
    desk.cluster.set_status(ref_of(pod), pod["status"])
    desk.cluster.set_status(SET, clique_status(desk.cluster.peek(SET) or {}))
    await desk.bring_about()

    assert desk.cluster.all(DEPLOYMENTS) == ()


@pytest.mark.rule("W-07", "W-39")
async def test_components_stay_where_the_set_of_another_owner_is_ready() -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false"}))
    await desk.bring_about()
    add_set_of_another(desk)
    await desk.bring_about()

    desk.cluster.edit(CHAT, annotated("true"))
    await desk.bring_about()

    assert owner_kind(desk, SET) == "ConfigMap"
    assert [ref_of(each).name for each in desk.cluster.all(COMPONENTS)] == [WEB.name]
    assert len(desk.cluster.all(DEPLOYMENTS)) == 1


@pytest.mark.rule("W-07")
async def test_a_change_that_is_taken_back_halfway_loses_nothing() -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false"}))
    await desk.bring_about()
    service = uid_of(desk.cluster.peek(WEB_SERVICE) or {})
    desk.is_quick = False
    desk.cluster.edit(CHAT, annotated("true"))
    await desk.bring_about()

    desk.cluster.edit(CHAT, annotated("false"))
    await desk.bring_about()

    assert desk.cluster.all(POD_CLIQUE_SETS) == ()
    assert owner_kind(desk, WEB_SERVICE) == "DynamoComponentDeployment"
    assert uid_of(desk.cluster.peek(WEB_SERVICE) or {}) == service
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


async def live_through(desk: GroveDesk, fault: Fault, moment: int) -> None:
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


def add_set_of_another(desk: GroveDesk) -> None:
    """Add a set with the name and the services of the graph, which somebody else controls."""
    home = {"namespace": NAMESPACE}
    other = desk.cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", **home}})
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": uid_of(other), "controller": True}
    template = {"cliques": [{"name": "web", "labels": {}, "spec": {"replicas": 1}}]}
    desk.cluster.put(
        {
            "apiVersion": POD_CLIQUE_SETS.api_version,
            "kind": POD_CLIQUE_SETS.kind,
            "metadata": {"name": SET.name, **home, "ownerReferences": [owner]},
            "spec": {"replicas": 1, "template": template},
        }
    )


def a_pod_without_room(desk: GroveDesk) -> Manifest:
    owner = {
        "apiVersion": POD_CLIQUES.api_version,
        "kind": POD_CLIQUES.kind,
        "name": WEB_CLIQUE.name,
        "controller": True,
    }
    waiting = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}
    clique = desk.cluster.peek(WEB_CLIQUE) or {}
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": "chat-0-web-x",
            "namespace": NAMESPACE,
            "labels": clique["metadata"]["labels"],
            "ownerReferences": [{**owner, "uid": uid_of(clique)}],
        },
        "status": {"phase": "Pending", "conditions": [waiting]},
    }


# What a pass waits for, and what it tells


@pytest.mark.rule("OB-08", "workloads 8.7 #1")
async def test_what_grove_has_not_made_is_waited_for_and_not_asked_for() -> None:
    desk = await a_grove(a_gang())
    await desk.run()
    desk.see()
    desk.forget_requests()

    await desk.run()

    assert desk.cluster.requests == []
    assert desk.condition(CHAT, "Ready")[2] == "Resources not ready: chat: podclique/chat-0-web: resource not found"
    services = (desk.cluster.peek(CHAT) or {})["status"]["services"]
    assert services["web"]["componentKind"] == "PodClique"


async def test_the_account_and_the_pods_that_a_graph_waits_for_are_named() -> None:
    desk = await a_grove(a_gang())
    desk.is_quick = False
    await desk.bring_about()
    without_account = desk.condition(CHAT, "Reconciling")[1]

    desk.cluster.put(an_account("chat-k8s-service-discovery"))
    pod = a_pod_without_room(desk)
    desk.cluster.put(pod)
    desk.cluster.set_status(ref_of(pod), pod["status"])
    await desk.bring_about()
    await desk.bring_about()  # a finer step is told once it has lasted

    assert without_account == "ServiceAccountMissing"
    assert desk.condition(CHAT, "Reconciling")[1] == "Unschedulable"
    assert "chat-0-web-x" in desk.condition(CHAT, "Reconciling")[2]


@pytest.mark.rule("W-44", "workloads 8.4 #1")
async def test_a_graph_waits_until_somebody_has_said_which_queues_there_are() -> None:
    desk = await a_grove(a_gang())
    desk.offer(Capability.GROVE, Capability.KAI)
    del desk.facts[QUEUES]

    outcome = await desk.run()

    assert isinstance(outcome, Retry)
    assert desk.cluster.all(POD_CLIQUE_SETS) == ()


@pytest.mark.rule("W-44", "W-62")
async def test_a_graph_goes_on_when_its_queue_is_made() -> None:
    desk = await a_grove(a_gang())
    desk.offer(Capability.GROVE, Capability.KAI)
    await desk.bring_about()
    before = (desk.condition(CHAT, "Stalled")[1], len(desk.cluster.all(POD_CLIQUE_SETS)))

    desk.offer(Capability.GROVE, Capability.KAI, queues=["dynamo"])
    await desk.bring_about()

    assert before == ("QueueMissing", 0)
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


@pytest.mark.rule("W-44")
async def test_queues_of_others_change_nothing_for_a_resting_graph() -> None:
    desk = await a_grove(a_gang())
    desk.offer(Capability.GROVE, Capability.KAI, queues=["dynamo"])
    await desk.bring_about()
    desk.forget_requests()

    desk.offer(Capability.GROVE, Capability.KAI, queues=["dynamo", "team-b"])
    await desk.run()

    assert desk.cluster.requests == []
    assert sum(desk.store.calls.values()) == 0


@pytest.mark.rule("workloads 3.1 9 Grove", "workloads 3.1 #11")
async def test_a_set_that_the_api_server_refuses_is_told_with_its_step() -> None:
    desk = await a_grove(a_gang())
    error = InvalidObjectError("the set of cliques is immutable")
    desk.cluster.intercept = lambda request: Refuse(error) if request.resource is POD_CLIQUE_SETS else None

    with pytest.raises(PermanentError):
        await desk.run()

    assert desk.condition(CHAT, "Ready") == (
        "False",
        "failed_to_reconcile_the_resources",
        "failed to reconcile the Grove PodClique Set: failed to sync the Grove GangSet: "
        "the set of cliques is immutable",
    )


@pytest.mark.rule(
    "W-61",
    "workloads 8.5 minAvailable, roleName, startsAfter, cliqueStartupType, set of cliques, set of "
    "scaling groups and a group's cliqueNames (ordered) are immutable",
)
async def test_a_set_that_grove_does_not_let_change_serves_on_and_can_be_made_anew() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()
    error = InvalidObjectError("the set of cliques is immutable")
    desk.cluster.intercept = lambda request: Refuse(error) if request.resource is POD_CLIQUE_SETS else None

    desk.cluster.edit(CHAT, with_field("web", multinode={"nodeCount": 2}))
    desk.see()
    with pytest.raises(PermanentError):
        await desk.run()
    advice = desk.condition(CHAT, "Reconciling")[2]
    served_on = [each["metadata"]["name"] for each in desk.cluster.all(POD_CLIQUES)]
    desk.cluster.intercept = lambda request: None
    desk.cluster.remove(SET)
    await desk.bring_about()

    assert "or delete the PodCliqueSet" in advice
    assert served_on == ["chat-0-web"]
    assert desk.cluster.all(POD_CLIQUES) == ()
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


@pytest.mark.rule("W-55")
async def test_a_graph_that_cannot_be_made_any_more_keeps_its_set_and_its_counts() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()

    desk.cluster.edit(CHAT, with_field("web", resources={"limits": {"cpu": "a lot"}}))
    await desk.bring_about()

    graph = desk.cluster.peek(CHAT) or {}
    assert desk.condition(CHAT, "Stalled")[1] == "QuantityInvalid"
    assert [each["metadata"]["name"] for each in desk.cluster.all(POD_CLIQUES)] == ["chat-0-web"]
    assert graph["status"]["services"]["web"]["readyReplicas"] == 1


@pytest.mark.rule("W-58", "workloads 9.2 #2")
async def test_a_graph_that_is_deleted_takes_everything_with_it() -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()

    desk.cluster.remove(CHAT)
    await desk.bring_about()

    kinds = (POD_CLIQUE_SETS, POD_CLIQUES, SERVICES)
    assert [each for kind in kinds for each in desk.cluster.all(kind)] == []


def with_field(service: str, **fields: object) -> Callable[[Manifest], None]:
    def edit(live: Manifest) -> None:
        live["spec"]["services"][service] |= fields

    return edit


def an_account(name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {labels.GRAPH_NAME: "chat"}},
    }


@pytest.mark.rule("W-56", "workloads 9.5 #2")
@pytest.mark.parametrize("ref", [SET, WEB_SERVICE], ids=["set", "service"])
async def test_what_somebody_deletes_is_made_anew(ref: Ref) -> None:
    desk = await a_grove(a_gang())
    await desk.bring_about()

    desk.cluster.remove(ref)
    await desk.bring_about()

    assert desk.cluster.peek(ref) is not None
    assert text(desk.cluster.peek(CHAT), "status", "state") == "successful"


@pytest.mark.rule("W-07", "W-57")
@pytest.mark.parametrize(("value", "asked"), [("false", [CHAT, WEB]), ("true", [CHAT])])
async def test_components_hear_of_a_graph_that_refuses_grove_or_did(value: str, asked: list[Ref]) -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: value}))
    entry = desk.work(CHAT).view.get(CHAT)
    assert entry is not None

    assert [each.primary for each in desk.rules.router(entry, copy_of=None)] == asked


@pytest.mark.rule("W-39", "workloads 8.1 #1")
async def test_a_set_of_somebody_elses_is_never_taken_and_what_runs_goes_on() -> None:
    desk = await a_grove(a_gang(annotations={labels.ENABLE_GROVE: "false"}))
    await desk.bring_about()
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "other-uid", "controller": True}
    metadata = {"name": SET.name, "namespace": NAMESPACE, "ownerReferences": [owner]}
    desk.cluster.put(
        {
            "apiVersion": SET.resource.api_version,
            "kind": SET.resource.kind,
            "metadata": metadata,
            "spec": {"template": {"cliques": []}},
        }
    )

    desk.cluster.edit(CHAT, annotated("true"))
    await desk.bring_about()

    reason, message = desk.condition(CHAT, "Stalled")[1:]
    assert reason == "NameTaken"
    assert "rename the graph, or remove PodCliqueSet chat" in message
    assert len(desk.cluster.all(DEPLOYMENTS)) == 1
    assert owner_kind(desk, SET) == "ConfigMap"
