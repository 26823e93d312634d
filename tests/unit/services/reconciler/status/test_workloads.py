"""Whether a Deployment is ready, and if not, why."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.status.workloads import blocker, is_ready, replica_status, workload
from tests.unit.services.reconciler.status.builders import READY, a_set, a_workload

APPLIED = 2


@pytest.mark.rule(
    "W-54",
    "workloads 7.3 #3",
    "workloads 12 Deployment readiness #2",
    "workloads 12 Deployment readiness #3",
    "workloads 12 Deployment readiness #4",
    "workloads 12 Deployment readiness #5",
)
@pytest.mark.parametrize(
    ("observed", "ready"),
    [
        pytest.param({}, True, id="all there"),
        pytest.param({"is_paused": True}, False, id="paused"),
        pytest.param({"desired": 0, "updated": 0, "available": 0, "is_available": False}, True, id="none wanted"),
        pytest.param({"desired": 0, "observed_generation": 1}, True, id="none wanted, not observed"),
        pytest.param({"observed_generation": 1}, False, id="controller lags"),
        pytest.param({"generation": 1, "observed_generation": 1}, False, id="older than what we applied"),
        pytest.param({"generation": 1, "observed_generation": 1, "desired": 0}, False, id="older, none wanted"),
        pytest.param({"generation": 9, "observed_generation": 9}, True, id="newer than what we applied"),
        pytest.param({"updated": 1}, False, id="roll-out in progress"),
        pytest.param({"available": 1}, False, id="one missing"),
        pytest.param({"replicas": 3, "updated": 3, "available": 3}, True, id="more than wanted"),
        pytest.param({"is_available": False}, False, id="condition false or absent"),
        pytest.param({"trouble": "ProgressDeadlineExceeded"}, True, id="trouble that is over"),
    ],
)
def test_is_ready_when_what_we_applied_runs_at_full_strength(observed: dict[str, Any], ready: bool) -> None:
    assert is_ready(a_workload(**observed), APPLIED) is ready


@pytest.mark.parametrize(
    ("observed", "code", "is_terminal"),
    [
        pytest.param({"is_paused": True}, "DeploymentPaused", True, id="paused"),
        pytest.param({"observed_generation": 1}, "GenerationNotObserved", False, id="lagging"),
        pytest.param({"updated": 1}, "RolloutInProgress", False, id="rolling out"),
        pytest.param({"available": 0}, "ReplicasUnavailable", False, id="not available"),
        pytest.param({"available": 0, "trouble": "FailedCreate"}, "FailedCreate", False, id="pods are refused"),
        pytest.param(
            {"available": 0, "trouble": "ProgressDeadlineExceeded"},
            "ProgressDeadlineExceeded",
            True,
            id="no progress",
        ),
    ],
)
def test_names_what_blocks_and_what_would_unblock_it(observed: dict[str, Any], code: str, is_terminal: bool) -> None:
    found = blocker(a_workload(**observed), APPLIED)

    assert found is not None
    assert (found.code, found.is_terminal) == (code, is_terminal)
    assert found.message.startswith("Deployment llm/g-w: ")
    assert found.remedy


def test_nothing_blocks_what_is_ready() -> None:
    assert blocker(READY, APPLIED) is None


@pytest.mark.rule("W-48", "workloads 2.4 Deployment")
def test_reports_all_counters() -> None:
    assert replica_status([a_workload(ready=1, available=0, updated=3, replicas=4)]) == {
        "componentKind": "Deployment",
        "componentName": "g-w",
        "replicas": 4,
        "updatedReplicas": 3,
        "readyReplicas": 1,
        "availableReplicas": 0,
    }


@pytest.mark.parametrize(
    ("conditions", "trouble"),
    [
        pytest.param([], "", id="none"),
        pytest.param([{"type": "Progressing", "status": "True"}], "", id="progress"),
        pytest.param(
            [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
            "ProgressDeadlineExceeded",
            id="no progress",
        ),
        pytest.param(
            [{"type": "Progressing", "status": "False"}], "ProgressDeadlineExceeded", id="no progress, no reason"
        ),
        pytest.param(
            [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}], "FailedCreate", id="failure"
        ),
        pytest.param([{"type": "ReplicaFailure", "status": "True"}], "ReplicaFailure", id="failure without a reason"),
    ],
)
def test_reads_what_keeps_the_controller_from_making_pods(conditions: list[Any], trouble: str) -> None:
    assert workload({"status": {"conditions": conditions}}).trouble == trouble


def test_reads_a_deployment() -> None:
    manifest = {
        "metadata": {"name": "g-w", "namespace": "llm", "generation": 2},
        "spec": {"replicas": 2},
        "status": {
            "observedGeneration": 2,
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 2,
            "availableReplicas": 2,
            "conditions": [{"type": "Available", "status": "True"}],
        },
    }

    assert workload(manifest) == READY


def test_a_deployment_that_nobody_acted_on_wants_one_replica_and_has_none() -> None:
    found = workload({"metadata": {"name": "g-w", "namespace": "llm", "generation": 1}})

    assert (found.desired, found.replicas, found.observed_generation, found.is_available) == (1, 0, 0, False)


@pytest.mark.rule("workloads 7.4 #5", "workloads 12 LWS #1")
@pytest.mark.parametrize(
    ("fields", "ready"),
    [
        pytest.param({}, True, id="1 ready of 1"),
        pytest.param({"ready": 0}, False, id="none ready"),
        pytest.param({"is_available": False}, False, id="condition false or absent"),
        pytest.param({"desired": 0, "ready": 0, "is_available": False}, True, id="none wanted"),
        pytest.param({"ready": 2}, True, id="more than wanted"),
        pytest.param({"observed_generation": 1}, False, id="a controller that tells of an older generation"),
        pytest.param({"generation": 1}, False, id="older than what we applied"),
    ],
)
def test_a_set_is_ready_when_its_groups_are(fields: dict[str, Any], ready: bool) -> None:
    observed = a_set(**fields).observed

    assert observed is not None
    assert is_ready(observed, APPLIED) is ready


def test_reads_a_leader_worker_set() -> None:
    manifest = {
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "g-w-0", "namespace": "llm", "generation": 2},
        "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2}},
        "status": {
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "conditions": [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "False"}],
        },
    }

    assert workload(manifest) == a_set().observed


def test_nothing_observed_is_no_count() -> None:
    assert replica_status([]) is None
