"""Which pods of a StatefulSet come and go, and what its status says."""

from typing import Any

import pytest

from lab.simulator.controllers.stateful_sets import (
    Members,
    claims_of,
    members,
    revision_of,
    stateful_pod,
    stateful_set_status,
)
from tests.unit.lab.simulator.objects import Document


def a_stateful_set(replicas: int = 3, **spec: Any) -> Document:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "main", "image": "app:1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "team", "uid": "uid-db", "generation": 2},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template,
            **spec,
        },
    }


def a_member(number: int, *, ready: bool = True, revision: str | None = None, **metadata: Any) -> Document:
    pod = stateful_pod(a_stateful_set(), number)
    labels = pod["metadata"]["labels"] | ({"controller-revision-hash": revision} if revision else {})
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    status = {"phase": "Running", "conditions": conditions}
    return {**pod, "metadata": {**pod["metadata"], "labels": labels, **metadata}, "status": status}


def names(plan: Members) -> list[str]:
    return [pod["metadata"]["name"] for pod in plan.surplus]


@pytest.mark.parametrize(
    ("pods", "policy", "missing"),
    [
        pytest.param([], "OrderedReady", (0,), id="the first one alone"),
        pytest.param([a_member(0, ready=False)], "OrderedReady", (), id="nothing while it is not ready"),
        pytest.param([a_member(0)], "OrderedReady", (1,), id="then the next one"),
        pytest.param([a_member(0), a_member(2)], "OrderedReady", (1,), id="a gap is filled"),
        pytest.param([a_member(0, ready=False)], "Parallel", (1, 2), id="all at once where the policy says so"),
    ],
)
def test_pods_are_made_in_the_order_of_the_policy(pods: list[Document], policy: str, missing: tuple[int, ...]) -> None:
    assert members(a_stateful_set(podManagementPolicy=policy), pods).missing == missing


def test_the_last_pod_goes_first() -> None:
    plan = members(a_stateful_set(1), [a_member(number) for number in range(3)])

    assert names(plan) == ["db-2"]


def test_a_pod_that_has_ended_is_replaced() -> None:
    ended = a_member(0) | {"status": {"phase": "Failed"}}

    assert names(members(a_stateful_set(1), [ended])) == ["db-0"]


@pytest.mark.parametrize(
    ("strategy", "gone"),
    [
        pytest.param({"type": "RollingUpdate"}, ["db-2"], id="the last one of the old revision goes"),
        pytest.param({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}, [], id="not below the partition"),
        pytest.param({"type": "OnDelete"}, [], id="none by itself"),
    ],
)
def test_a_new_template_replaces_one_pod_after_the_other(strategy: Document, gone: list[str]) -> None:
    pods = [a_member(number, revision="db-old") for number in range(3)]

    assert names(members(a_stateful_set(updateStrategy=strategy), pods)) == gone


def test_a_roll_out_waits_for_the_pod_that_was_replaced() -> None:
    pods = [a_member(0, revision="db-old"), a_member(1, revision="db-old"), a_member(2, ready=False)]

    assert members(a_stateful_set(podManagementPolicy="Parallel"), pods) == Members((), ())


def test_a_pod_mounts_its_own_claims() -> None:
    spec = {"accessModes": ["ReadWriteOnce"]}
    with_claims = a_stateful_set(volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": spec}])

    pod, (claim,) = stateful_pod(with_claims, 1), claims_of(with_claims, 1)

    assert (pod["metadata"]["name"], pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db-1", "db")
    assert pod["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}]
    assert (claim["metadata"]["name"], claim["metadata"]["labels"]) == ("data-db-1", {"app": "db"})
    assert "ownerReferences" not in claim["metadata"]


def test_the_current_revision_follows_when_all_pods_are_new_and_ready() -> None:
    new = revision_of(a_stateful_set())
    before = a_stateful_set() | {"status": {"currentRevision": "db-old"}}

    during = stateful_set_status(before, [a_member(0, revision="db-old"), a_member(1), a_member(2)])
    after = stateful_set_status(before, [a_member(number) for number in range(3)])

    assert (during["currentRevision"], during["updatedReplicas"], during["currentReplicas"]) == ("db-old", 2, 1)
    assert (after["currentRevision"], after["updateRevision"], after["readyReplicas"]) == (new, new, 3)
    assert after["observedGeneration"] == 2
