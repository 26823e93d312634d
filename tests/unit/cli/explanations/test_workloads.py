"""Graphs whose replicas span nodes: what is in the way of a LeaderWorkerSet, a PodClique and a whole set."""

from __future__ import annotations

from typing import Any

import pytest

from cli.explanations.findings import Verdict
from cli.explanations.workloads import account_of, is_complete, wanted_pods
from shared.core.json import Manifest
from shared.core.resources import (
    DEPLOYMENTS,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    Resource,
)
from tests.unit.cli.explanations.builders import (
    a_cluster,
    a_component,
    a_graph,
    an_event,
    an_object,
    cause,
    conditions,
    explained,
)


def a_workload(resource: Resource, *, ready: int = 0, wanted: int = 2, available: str = "", **spec: Any) -> Manifest:
    status: Manifest = {"updatedReplicas": ready, "readyReplicas": ready, "availableReplicas": ready}
    if resource is not LEADER_WORKER_SETS:
        status["observedGeneration"] = 1
    if available:
        status["conditions"] = conditions(Available=available)
    return an_object(resource, "chat-0-web", spec={"replicas": wanted, **spec}, status=status)


def a_set() -> Manifest:
    return an_object(POD_CLIQUE_SETS, "chat", owner=a_graph())


@pytest.mark.parametrize(
    ("workload", "is_whole"),
    [
        pytest.param(a_workload(DEPLOYMENTS, ready=2, available="True"), True, id="a Deployment"),
        pytest.param(a_workload(DEPLOYMENTS, ready=2), False, id="a Deployment that does not say so"),
        pytest.param(a_workload(LEADER_WORKER_SETS, ready=2, available="True"), True, id="a LeaderWorkerSet"),
        pytest.param(a_workload(LEADER_WORKER_SETS, ready=1, available="True"), False, id="one of two groups"),
        pytest.param(a_workload(POD_CLIQUES, ready=2), True, id="a PodClique"),
        pytest.param(a_workload(POD_CLIQUES, ready=1), False, id="one pod of two"),
        pytest.param(a_workload(POD_CLIQUES, wanted=0), True, id="a PodClique that wants nothing"),
        pytest.param(a_workload(POD_CLIQUE_SCALING_GROUPS, ready=2), True, id="a scaling group"),
    ],
)
def test_a_workload_is_complete_in_the_words_of_its_kind(workload: Manifest, is_whole: bool) -> None:
    assert is_complete(workload) is is_whole


def test_a_workload_of_an_older_generation_is_not_complete() -> None:
    clique = a_workload(POD_CLIQUES, ready=2)
    clique["metadata"]["generation"] = 2

    assert not is_complete(clique)


def test_a_group_wants_a_pod_on_each_of_its_nodes() -> None:
    assert wanted_pods(a_workload(LEADER_WORKER_SETS, wanted=2, leaderWorkerTemplate={"size": 4})) == 8


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"template": {"spec": {"serviceAccountName": "a"}}}, id="Deployment"),
        pytest.param({"podSpec": {"serviceAccountName": "a"}}, id="PodClique"),
        pytest.param(
            {"leaderWorkerTemplate": {"workerTemplate": {"spec": {"serviceAccountName": "a"}}}}, id="LeaderWorkerSet"
        ),
    ],
)
def test_the_account_of_a_workload_is_found_in_its_pods(spec: Manifest) -> None:
    assert account_of({"spec": spec}) == "a"


def test_a_graph_of_grove_needs_no_components() -> None:
    seen = a_cluster(
        graph=a_graph(state="successful", Ready="True"),
        components=(),
        deployments=(),
        replica_sets=(),
        pods=(),
        clique_set=a_set(),
        gangs=(a_workload(POD_CLIQUES, ready=2),),
    )

    assert explained(seen).verdict is Verdict.READY


def test_a_set_of_which_grove_made_nothing_waits_for_grove() -> None:
    seen = a_cluster(components=(), deployments=(), replica_sets=(), pods=(), clique_set=a_set())

    found = cause(explained(seen))

    assert (found.code, str(found.thing)) == ("ControllerBehind", "PodCliqueSet demo/chat")


def test_pods_that_are_refused_to_a_clique_are_the_cause() -> None:
    clique = a_workload(POD_CLIQUES)
    refused = an_event(clique, "FailedCreate", 'pods "chat-0-web-0" is forbidden: not today')
    seen = a_cluster(
        components=(), deployments=(), replica_sets=(), pods=(), clique_set=a_set(), gangs=(clique,), events=(refused,)
    )

    found = cause(explained(seen))

    assert (found.code, found.thing.kind) == ("PodRefused", "PodClique")
    assert "not today" in found.evidence


def test_a_leader_worker_set_without_pods_waits_for_its_controller() -> None:
    gang = a_workload(LEADER_WORKER_SETS, leaderWorkerTemplate={"size": 2})
    component = a_component()
    component["status"]["service"]["componentKind"] = "LeaderWorkerSet"
    seen = a_cluster(components=(component,), deployments=(), replica_sets=(), pods=(), gangs=(gang,))

    found = cause(explained(seen))

    assert (found.code, found.thing.kind) == ("ControllerBehind", "LeaderWorkerSet")
    assert "0 of 4 pods" in found.evidence
