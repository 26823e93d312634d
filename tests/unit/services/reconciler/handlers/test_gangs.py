"""Passes over graphs that Grove runs, and over graphs that change between Grove and components."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.api.platform import Capability
from shared.core import labels
from shared.core.errors import InvalidObjectError, PermanentError
from shared.core.json import Manifest, integer, text
from shared.core.objects import controller_of, uid_of
from shared.core.outcomes import Done
from shared.core.resources import COMPONENTS, DEPLOYMENTS, POD_CLIQUES, SERVICES, Ref
from shared.testing.cluster_faults import Refuse
from tests.unit.services.reconciler.handlers.grove_worlds import (
    SET,
    WEB_CLIQUE,
    WEB_GROUP,
    GroveDesk,
    a_gang,
    a_grove,
    a_service,
)
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE

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
