"""What a Deployment's status says, word for word as Kubernetes' deployment controller says it."""

from datetime import timedelta

import pytest

from lab.simulator.controllers.deployment_status import ReplicaSets, deployment_status, seconds_to_deadline
from lab.simulator.controllers.rollouts import ReplicaSetState, rollout
from tests.unit.lab.simulator.objects import EARLIER, NOW, STAMP, Document, a_deployment


def a_state(replicas: int, observed: int, available: int, name: str = "web-1") -> ReplicaSetState:
    return ReplicaSetState(name, EARLIER, replicas, observed, available, available, 1, None)


def status_of(deployment: Document, sets: ReplicaSets) -> Document:
    return deployment_status(deployment, rollout(deployment), sets=sets, now=NOW)


def said(status: Document, kind: str) -> tuple[str, str, str]:
    found = next(found for found in status["conditions"] if found["type"] == kind)
    return found["status"], found["reason"], found["message"]


def with_status(deployment: Document, status: Document) -> Document:
    return deployment | {"status": {field: value for field, value in status.items() if value is not None}}


def test_a_new_rollout_says_which_replica_set_it_created() -> None:
    status = status_of(a_deployment(), ReplicaSets(a_state(3, 0, 0), [], is_new_created=True))

    assert said(status, "Progressing") == ("True", "NewReplicaSetCreated", 'Created new replica set "web-1"')
    assert said(status, "Available") == (
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
    )
    assert (status["observedGeneration"], status["unavailableReplicas"], status["replicas"]) == (1, 3, None)


def test_new_pods_are_progress() -> None:
    status = status_of(a_deployment(), ReplicaSets(a_state(3, 3, 1), []))

    assert said(status, "Progressing") == ("True", "ReplicaSetUpdated", 'ReplicaSet "web-1" is progressing.')


def test_a_complete_rollout_is_available_and_has_progressed() -> None:
    status = status_of(a_deployment(), ReplicaSets(a_state(3, 3, 3), []))

    assert said(status, "Available") == (
        "True",
        "MinimumReplicasAvailable",
        "Deployment has minimum availability.",
    )
    assert said(status, "Progressing") == (
        "True",
        "NewReplicaSetAvailable",
        'ReplicaSet "web-1" has successfully progressed.',
    )
    assert status["unavailableReplicas"] is None


def test_a_deployment_without_replicas_is_complete_at_once() -> None:
    status = status_of(a_deployment(0), ReplicaSets(a_state(0, 0, 0), []))

    assert said(status, "Progressing")[1] == "NewReplicaSetAvailable"
    assert said(status, "Available")[0] == "True"


def test_a_status_at_rest_stays_as_it_is() -> None:
    deployment, sets = a_deployment(), ReplicaSets(a_state(3, 3, 3), [])
    first = status_of(deployment, sets)

    later = deployment_status(
        with_status(deployment, first), rollout(deployment), sets=sets, now=NOW + timedelta(hours=1)
    )

    assert later == first


def test_losing_a_pod_later_does_not_begin_the_rollout_again() -> None:
    deployment = a_deployment()
    complete = with_status(deployment, status_of(deployment, ReplicaSets(a_state(3, 3, 3), [])))

    status = status_of(complete, ReplicaSets(a_state(3, 3, 0), []))

    assert said(status, "Progressing")[1] == "NewReplicaSetAvailable"
    assert said(status, "Available")[1] == "MinimumReplicasUnavailable"


def test_a_condition_keeps_its_transition_time_while_its_status_stays() -> None:
    deployment = a_deployment()
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetCreated", "message": ""}
    progressing |= {"lastTransitionTime": EARLIER, "lastUpdateTime": EARLIER}

    status = status_of(with_status(deployment, {"conditions": [progressing]}), ReplicaSets(a_state(3, 3, 3), []))

    found = next(found for found in status["conditions"] if found["type"] == "Progressing")
    assert (found["lastTransitionTime"], found["lastUpdateTime"]) == (EARLIER, STAMP)


def test_a_rollout_that_stands_still_past_its_deadline_has_timed_out() -> None:
    deployment = a_deployment()
    progressing = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": ""}
    progressing |= {"lastTransitionTime": EARLIER, "lastUpdateTime": EARLIER}
    stuck = with_status(deployment, {"conditions": [progressing], "replicas": 3, "updatedReplicas": 3})

    status = status_of(stuck, ReplicaSets(a_state(3, 3, 0), []))

    assert said(status, "Progressing") == (
        "False",
        "ProgressDeadlineExceeded",
        'ReplicaSet "web-1" has timed out progressing.',
    )


@pytest.mark.parametrize(
    ("reason", "updated", "seconds"),
    [
        pytest.param("ReplicaSetUpdated", STAMP, 601.0, id="from the last progress on"),
        pytest.param("ReplicaSetUpdated", EARLIER, 1.0, id="soon when it is over already"),
        pytest.param("NewReplicaSetAvailable", STAMP, None, id="never when the rollout is complete"),
        pytest.param("ProgressDeadlineExceeded", STAMP, None, id="never when it was declared stuck"),
    ],
)
def test_looks_again_when_the_deadline_is_over(reason: str, updated: str, seconds: float | None) -> None:
    progressing = {"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": updated}

    assert seconds_to_deadline(with_status(a_deployment(), {"conditions": [progressing]}), NOW) == seconds


def test_a_paused_deployment_says_so() -> None:
    status = status_of(a_deployment(paused=True), ReplicaSets(a_state(3, 3, 3), []))

    assert said(status, "Progressing") == ("Unknown", "DeploymentPaused", "Deployment is paused")


def test_a_replica_set_that_cannot_make_pods_shows_in_the_deployment() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no account"}

    status = status_of(a_deployment(), ReplicaSets(a_state(3, 0, 0), [], failure=failure))

    assert said(status, "ReplicaFailure") == ("True", "FailedCreate", "no account")


def test_old_pods_count_as_replicas_but_not_as_updated() -> None:
    status = status_of(a_deployment(), ReplicaSets(a_state(1, 1, 1), [a_state(3, 3, 3, "web-0")]))

    assert (status["replicas"], status["updatedReplicas"], status["readyReplicas"]) == (4, 1, 4)


def test_a_rollout_that_was_over_before_it_was_written_names_the_new_replica_set() -> None:
    deployment = a_deployment()
    complete = with_status(deployment, status_of(deployment, ReplicaSets(a_state(3, 3, 3), [])))
    new, old = a_state(3, 3, 3, "web-2"), a_state(0, 0, 0)

    status = status_of(complete, ReplicaSets(new, [old], is_new_created=True))

    assert said(status, "Progressing")[2] == 'ReplicaSet "web-2" has successfully progressed.'
