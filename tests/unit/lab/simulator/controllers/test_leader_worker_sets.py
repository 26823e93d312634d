"""Which pods of a LeaderWorkerSet come and go, and what its status says."""

from collections.abc import Iterable
from typing import Any

import pytest

from lab.simulator.controllers.leader_worker_set_status import leader_worker_set_status
from lab.simulator.controllers.leader_worker_sets import Step, groups, member, services, step, with_variables
from tests.unit.lab.simulator.objects import NOW, Document


def a_set(replicas: int = 1, size: int = 2, *, image: str = "app:1", **spec: Any) -> Document:
    def template(role: str) -> Document:
        return {
            "metadata": {"labels": {"role": role}},
            "spec": {"containers": [{"name": "main", "image": image, "env": [{"name": "OWN", "value": "1"}]}]},
        }

    parts = {"size": size, "leaderTemplate": template("leader"), "workerTemplate": template("worker")}
    policy = {"restartPolicy": spec.pop("restartPolicy")} if "restartPolicy" in spec else {}
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "tp", "namespace": "team", "uid": "uid-tp", "generation": 3},
        "spec": {"replicas": replicas, "leaderWorkerTemplate": {**parts, **policy}, **spec},
    }


def running(
    document: Document, places: Iterable[tuple[int, int]], *, ready: bool = True, **status: Any
) -> list[Document]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    state = {"phase": "Running", "conditions": conditions, **status}
    return [member(document, *place) | {"status": state} for place in places]


def named(plan: Step) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in plan.surplus)


WHOLE = [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("policy", "present", "is_ready", "missing"),
    [
        pytest.param("LeaderCreated", [], True, ((0, 0),), id="the leader first"),
        pytest.param("LeaderCreated", [(0, 0)], False, ((0, 1), (0, 2)), id="workers once the leader is there"),
        pytest.param("LeaderReady", [(0, 0)], False, (), id="or once it is ready"),
        pytest.param("LeaderReady", [(0, 0)], True, ((0, 1), (0, 2)), id="which it is now"),
    ],
)
def test_a_group_begins_with_its_leader(
    policy: str, present: list[tuple[int, int]], is_ready: bool, missing: tuple[tuple[int, int], ...]
) -> None:
    document = a_set(size=3, startupPolicy=policy)

    assert step(document, running(document, present, ready=is_ready)).missing == missing


@pytest.mark.parametrize(
    ("policy", "gone"),
    [
        pytest.param("RecreateGroupOnPodRestart", ["tp-0", "tp-0-1"], id="the whole group"),
        pytest.param("None", [], id="nothing but the kubelet's restart"),
    ],
)
def test_a_container_that_was_restarted_costs_what_the_policy_says(policy: str, gone: list[str]) -> None:
    document = a_set(restartPolicy=policy)
    pods = running(document, WHOLE[:1]) + running(document, WHOLE[1:], containerStatuses=[{"restartCount": 1}])

    assert named(step(document, pods)) == gone


def test_a_group_is_made_again_only_when_all_of_it_is_gone() -> None:
    document = a_set()
    (leaving,) = running(document, [(0, 1)])
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert step(document, [leaving]) == Step((), ())
    assert step(document, []).missing == ((0, 0),)


def test_groups_beyond_the_number_of_replicas_go() -> None:
    document = a_set(1)

    assert named(step(document, running(document, [*WHOLE, (1, 0), (1, 1)]))) == ["tp-1", "tp-1-1"]


def test_a_new_template_replaces_one_serving_group_at_a_time_the_last_one_first() -> None:
    old, new = a_set(2), a_set(2, image="app:2")
    pods = running(old, [*WHOLE, (1, 0), (1, 1)])

    assert named(step(new, pods)) == ["tp-1", "tp-1-1"]
    assert named(step(new, running(old, WHOLE) + running(new, [(1, 0), (1, 1)], ready=False))) == []


def test_a_member_knows_its_leader_and_its_place() -> None:
    pod = member(a_set(size=2), 0, 1)

    assert (pod["metadata"]["name"], pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("tp-0-1", "tp-0-1", "tp")
    assert [each["name"] for each in pod["spec"]["containers"][0]["env"]] == [
        "LWS_LEADER_ADDRESS",
        "LWS_GROUP_SIZE",
        "LWS_WORKER_INDEX",
        "OWN",
    ]
    assert pod["spec"]["containers"][0]["env"][0]["value"] == "tp-0.tp.team"
    assert pod["metadata"]["labels"]["role"] == "worker"
    assert pod["metadata"]["annotations"]["leaderworkerset.sigs.k8s.io/leader-name"] == "tp-0"


def test_each_group_has_a_service_of_its_own_where_the_policy_says_so() -> None:
    shared, split = a_set(2), a_set(2, networkConfig={"subdomainPolicy": "UniquePerReplica"})

    assert [service["metadata"]["name"] for service in services(shared)] == ["tp"]
    assert [service["metadata"]["name"] for service in services(split)] == ["tp-0", "tp-1"]
    assert member(split, 1, 0)["spec"]["subdomain"] == "tp-1"


def test_a_variable_that_a_container_sets_itself_stays() -> None:
    spec = {"containers": [{"name": "main", "env": [{"name": "A", "value": "own"}]}]}

    assert with_variables(spec, {"A": "given", "B": "given"})["containers"][0]["env"] == [
        {"name": "B", "value": "given"},
        {"name": "A", "value": "own"},
    ]


def conditions(document: Document, pods: list[Document]) -> dict[str, str]:
    status = leader_worker_set_status(document, groups(document, pods), NOW)
    return {found["type"]: found["status"] for found in status["conditions"]}


def test_a_set_is_available_when_all_groups_are_ready() -> None:
    document = a_set()

    status = leader_worker_set_status(document, groups(document, running(document, WHOLE)), NOW)

    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (1, 1, 1)
    assert conditions(document, running(document, WHOLE)) == {"Available": "True"}
    assert conditions(document, running(document, WHOLE, ready=False)) == {"Progressing": "True"}


def test_a_set_that_was_available_says_that_it_is_updating() -> None:
    known = [{"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    new = a_set(image="app:2") | {"status": {"conditions": known}}

    assert conditions(new, running(a_set(), WHOLE)) == {
        "Available": "False",
        "Progressing": "True",
        "UpdateInProgress": "True",
    }
