"""Which pods of a ReplicaSet are made or deleted, and what its status says."""

from typing import Any

import pytest

from lab.simulator.controllers.replicas import account_of, pod, pod_plan, refusal, replica_status
from tests.unit.lab.simulator.objects import EARLIER, NOW, STAMP, Document, a_pod, a_replica_set


def deleting(document: Document) -> Document:
    return document | {"metadata": document["metadata"] | {"deletionTimestamp": STAMP}}


def test_missing_pods_are_made() -> None:
    assert pod_plan(a_replica_set(replicas=3), [a_pod("a")]).missing == 2


def test_pods_on_their_way_out_do_not_count() -> None:
    assert pod_plan(a_replica_set(replicas=1), [deleting(a_pod("a"))]).missing == 1


def test_pods_that_have_ended_do_not_count() -> None:
    ended = a_pod("a") | {"status": {"phase": "Failed"}}

    assert pod_plan(a_replica_set(replicas=1), [ended]).missing == 1


def annotated(name: str, cost: str) -> Document:
    made = a_pod(name, is_ready=True, node="n")
    made["metadata"]["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    return made


def younger(name: str) -> Document:
    made = a_pod(name, is_ready=True, node="n")
    made["metadata"]["creationTimestamp"] = STAMP
    return made


@pytest.mark.parametrize(
    ("pods", "goes"),
    [
        pytest.param([a_pod("b", node="n"), a_pod("a")], "a", id="one without a node before one that has one"),
        pytest.param([a_pod("a", is_ready=True, node="n"), a_pod("b", node="n")], "b", id="an unready one first"),
        pytest.param([annotated("a", "10"), annotated("b", "-5")], "b", id="the cheaper one first"),
        pytest.param([a_pod("a", is_ready=True, node="n"), younger("b")], "b", id="the younger one first"),
    ],
)
def test_the_pod_that_is_worth_least_goes_first(pods: list[Document], goes: str) -> None:
    plan = pod_plan(a_replica_set(replicas=1), pods)

    assert [surplus["metadata"]["name"] for surplus in plan.surplus] == [goes]


def test_a_pod_is_what_the_template_says_with_owner_and_name() -> None:
    replica_set = a_replica_set()
    replica_set["spec"]["template"]["metadata"]["annotations"] = {"note": "x"}

    made = pod(replica_set, suffix="abcde")

    assert made["metadata"]["name"] == "web-1-abcde"
    assert made["metadata"]["generateName"] == "web-1-"
    assert made["metadata"]["annotations"] == {"note": "x"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-web-1"
    assert made["spec"] == replica_set["spec"]["template"]["spec"]


def status_of(replica_set: Document, pods: list[Document], failure: tuple[str, str] | None = None) -> Any:
    return replica_status(replica_set, pods, failure=failure, now=NOW)


def test_the_status_counts_active_labelled_and_ready_pods() -> None:
    unlabelled = a_pod("c")
    unlabelled["metadata"]["labels"] = {"app": "web"}
    pods = [a_pod("a", is_ready=True), a_pod("b"), unlabelled, deleting(a_pod("d"))]

    status = status_of(a_replica_set(), pods).document

    assert (status["replicas"], status["fullyLabeledReplicas"]) == (3, 2)
    assert (status["readyReplicas"], status["availableReplicas"], status["observedGeneration"]) == (1, 1, 1)


def test_a_ready_pod_is_available_after_the_time_that_the_spec_asks_for() -> None:
    replica_set, young = a_replica_set(), a_pod("a", is_ready=True)
    replica_set["spec"]["minReadySeconds"] = 10
    young["status"]["conditions"][0]["lastTransitionTime"] = STAMP

    status = status_of(replica_set, [young, a_pod("b", is_ready=True)])

    assert (status.document["readyReplicas"], status.document["availableReplicas"]) == (2, 1)
    assert status.next_available == 10.0


def test_a_failure_is_a_condition_that_keeps_its_time() -> None:
    failed = status_of(a_replica_set(), [], ("FailedCreate", "no account")).document
    known = failed["conditions"][0] | {"lastTransitionTime": EARLIER}

    again = status_of(a_replica_set(conditions=[known]), [], ("FailedCreate", "no account")).document

    assert (known["type"], known["status"], known["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    assert again["conditions"] == [known]
    assert status_of(a_replica_set(conditions=[known]), []).document["conditions"] is None


def test_a_pod_without_its_account_is_refused_in_the_words_of_admission() -> None:
    assert account_of({"serviceAccountName": "planner"}) == "planner"
    assert refusal(a_replica_set(), "planner") == (
        'pods "web-1-" is forbidden: error looking up service account team/planner: serviceaccount "planner" not found'
    )
