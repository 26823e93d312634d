"""The status of a graph that Grove runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.reconciler.desired.grove.scales import Scale
from services.reconciler.status.blockers import Blocker
from services.reconciler.status.graphs import graph_status
from services.reconciler.status.grove import Counted, Gang, Member, counted, gang_blockers, replica_status, set_errors
from services.reconciler.status.obstacles import refused
from shared.core.json import Manifest
from shared.core.resources import POD_CLIQUE_SCALING_GROUPS, POD_CLIQUES, Ref, Resource
from tests.unit.services.reconciler.status.builders import condition, graph_facts, truths

READY = Counted(generation=2, observed_generation=2, desired=2, replicas=2, updated=2, ready=2)


def a_member(service: str = "web", *, resource: Resource = POD_CLIQUES, wanted: int | None = 2, **state: Any) -> Member:
    """Return a service that is ready, but for what a test names."""
    return Member(Scale(service, Ref(resource, "llm", f"g-0-{service}"), wanted), replace(READY, **state))


def missing(service: str = "web", resource: Resource = POD_CLIQUES) -> Member:
    """Return a service of which Grove has made nothing yet."""
    return Member(Scale(service, Ref(resource, "llm", f"g-0-{service}"), 2))


def a_gang(*members: Member, **fields: Any) -> Gang:
    """Return a set that Grove has acted on, but for what a test names."""
    whole = Gang(name="g", members=members, applied_generation=3, generation=3, observed_generation=3)
    return replace(whole, **fields)


def status_of(gang: Gang, **fields: Any) -> Manifest:
    """Return the status of a graph that runs in a set."""
    return graph_status(replace(graph_facts(), gang=gang, **fields))


@pytest.mark.rule("workloads 9.4 #3", "workloads 12 DGD #3")
def test_a_graph_whose_cliques_and_groups_are_ready_is_successful() -> None:
    status = status_of(a_gang(a_member("b"), a_member("a", resource=POD_CLIQUE_SCALING_GROUPS)))

    assert status["state"] == "successful"
    assert truths(status) == {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
    assert list(status["services"]) == ["a", "b"]


@pytest.mark.rule("workloads 8.8 single node", "workloads 12 DGD #3")
@pytest.mark.parametrize(
    ("member", "text"),
    [
        pytest.param(a_member(), "", id="ready"),
        pytest.param(a_member(ready=1), "podclique/g-0-web: desired=2, ready=1", id="too few"),
        pytest.param(a_member(wanted=0, desired=0, ready=1), "", id="none are wanted"),
        pytest.param(a_member(wanted=1, desired=2), "podclique/g-0-web: desired=1, ready=2", id="not scaled yet"),
        pytest.param(a_member(wanted=None, desired=5, ready=4), "podclique/g-0-web: desired=5, ready=4", id="free"),
    ],
)
def test_a_service_on_one_node_is_ready_when_its_pods_are(member: Member, text: str) -> None:
    assert member.trouble == text


@pytest.mark.rule("workloads 8.8 multinode", "workloads 12 DGD #3")
def test_a_service_on_several_nodes_is_ready_when_its_groups_are_available() -> None:
    groups = POD_CLIQUE_SCALING_GROUPS

    assert a_member(resource=groups).trouble == ""
    assert a_member(resource=groups, ready=1).trouble == "pcsg/g-0-web: desired=2, available=1"


@pytest.mark.rule("workloads 8.8 either", "W-48", "OB-08")
@pytest.mark.parametrize(
    ("resource", "text", "status"),
    [
        (POD_CLIQUES, "podclique/g-0-web: resource not found", {"componentKind": "PodClique", "readyReplicas": 0}),
        (
            POD_CLIQUE_SCALING_GROUPS,
            "pcsg/g-0-web: resource not found",
            {"componentKind": "PodCliqueScalingGroup", "availableReplicas": 0},
        ),
    ],
)
def test_what_grove_has_not_made_is_reported_by_name_with_nothing_in_it(
    resource: Resource, text: str, status: Manifest
) -> None:
    member = missing(resource=resource)

    assert member.trouble == text
    assert replica_status(member) == {"componentName": "g-0-web", "replicas": 0, "updatedReplicas": 0, **status}


@pytest.mark.rule("workloads 8.8 #2", "W-47")
@pytest.mark.parametrize(
    ("member", "text"),
    [
        pytest.param(a_member(ready=3), "", id="more than wanted, while some end"),
        pytest.param(a_member(updated=1), "podclique/g-0-web: desired=2, ready=2, updated=1", id="of an old template"),
        pytest.param(
            a_member(generation=3),
            "podclique/g-0-web: desired=2, ready=2, generation=3, observed=2",
            id="of an old generation",
        ),
    ],
)
def test_ready_are_enough_pods_of_the_newest_template(member: Member, text: str) -> None:
    assert member.trouble == text


@pytest.mark.rule("workloads 8.8 #3", "workloads 10.2")
def test_what_is_not_ready_is_named_in_order() -> None:
    status = status_of(a_gang(missing("z"), a_member("decode", ready=1), a_member("ok")))

    assert condition(status, "Ready") == (
        "False",
        "some_resources_are_not_ready",
        "Resources not ready: g: podclique/g-0-decode: desired=2, ready=1; podclique/g-0-z: resource not found",
    )
    assert status["state"] == "pending"


@pytest.mark.rule("W-47", "W-54")
@pytest.mark.parametrize(
    "fields",
    [{"applied_generation": 4}, {"generation": 4}, {"observed_generation": 2}, {"generation": 0}],
    ids=["applied since", "changed since", "not acted on", "not seen"],
)
def test_counts_of_an_older_set_make_no_graph_ready(fields: dict[str, int]) -> None:
    gang = a_gang(a_member(), **fields)

    assert status_of(gang)["state"] == "pending"
    assert [blocker.code for blocker in gang_blockers(gang, "llm")] == ["GenerationNotObserved"]


@pytest.mark.rule("workloads 2.4 PodClique", "workloads 2.4 PodCliqueScalingGroup")
@pytest.mark.parametrize(
    ("resource", "counts"),
    [
        (POD_CLIQUES, {"replicas": 4, "updatedReplicas": 3, "readyReplicas": 2}),
        (POD_CLIQUE_SCALING_GROUPS, {"replicas": 4, "updatedReplicas": 3, "availableReplicas": 2}),
    ],
)
def test_each_kind_reports_the_counts_that_it_has(resource: Resource, counts: dict[str, int]) -> None:
    live = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "g-0-web", "generation": 7},
        "spec": {"replicas": 4},
        "status": {**counts, "observedGeneration": 6, "scheduledReplicas": 9},
    }

    found = counted(live)

    assert (found.generation, found.observed_generation, found.desired) == (7, 6, 4)
    assert replica_status(Member(Scale("web", Ref(resource, "llm", "g-0-web"), 4), found)) == {
        "componentKind": resource.kind,
        "componentName": "g-0-web",
        **counts,
    }


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (missing(), "PodCliqueMissing"),
        (missing(resource=POD_CLIQUE_SCALING_GROUPS), "PodCliqueScalingGroupMissing"),
        (a_member(wanted=1), "ScalingInProgress"),
        (a_member(generation=3), "GenerationNotObserved"),
        (a_member(ready=0), "ReplicasUnavailable"),
        (a_member(updated=0), "RolloutInProgress"),
    ],
)
def test_a_blocker_names_the_object_and_the_reason(member: Member, code: str) -> None:
    (found,) = gang_blockers(a_gang(member), "llm")

    assert found.code == code
    assert found.subject == f"{member.scale.ref.resource.kind} llm/g-0-web"


def test_what_pods_wait_for_is_told_before_the_counts() -> None:
    pod = Blocker("Pod llm/x", "ImagePullBackOff", "no such image", "correct the image")

    status = status_of(a_gang(a_member(ready=0)), waits_for=(pod,))

    assert condition(status, "Reconciling")[1] == "ImagePullBackOff"


def test_what_pods_of_a_ready_graph_wait_for_is_no_news() -> None:
    pod = Blocker("Pod llm/x", "ImagePullBackOff", "no such image", "correct the image")

    assert condition(status_of(a_gang(a_member()), waits_for=(pod,)), "Reconciling")[0] == "False"


def test_what_grove_could_not_do_is_told_in_its_words() -> None:
    live = {"status": {"lastErrors": [{"code": "ERR", "description": "cannot\n make it"}, {"code": "EMPTY"}]}}

    errors = set_errors(live)

    assert errors == ("cannot make it",)
    found = gang_blockers(a_gang(missing(), errors=errors), "llm")
    assert (found[0].code, found[0].what) == ("GroveFailed", "cannot make it")


@pytest.mark.rule("W-55")
def test_replicas_of_services_stay_when_a_step_fails() -> None:
    last = {"web": {"componentKind": "PodClique", "componentName": "g-0-web", "replicas": 2, "updatedReplicas": 2}}

    status = graph_status(replace(graph_facts(), obstacle=refused("no"), last_services=last))

    assert status["services"] == last
