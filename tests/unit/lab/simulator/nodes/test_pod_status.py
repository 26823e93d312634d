"""What a pod's status says, word for word as a kubelet says it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.pod_status import Circumstances, pod_status
from lab.simulator.nodes.references import Missing
from lab.simulator.nodes.stages import Phase, Stage
from tests.unit.lab.simulator.objects import EARLIER, NOW, STAMP, Document, a_pod


def at(phase: Phase, *, restarts: int = 0, **fields: Any) -> Circumstances:
    stage = Stage(phase, 0, None, restarts)
    return replace(Circumstances(stage, None, None, "10.0.0.9", "10.128.0.1", NOW, NOW), **fields)


def fresh(**spec: Any) -> Document:
    return a_pod("web", node="node", **spec) | {"status": {"phase": "Pending"}}


def conditions(status: Document) -> dict[str, tuple[str, str | None]]:
    return {found["type"]: (found["status"], found.get("reason")) for found in status["conditions"]}


def test_a_ready_pod_runs_and_says_where() -> None:
    status = pod_status(fresh(), at(Phase.READY))

    assert (status["phase"], status["hostIP"], status["podIP"]) == ("Running", "10.0.0.9", "10.128.0.1")
    assert status["podIPs"] == [{"ip": "10.128.0.1"}]
    assert set(conditions(status).values()) == {("True", None)}
    assert status["containerStatuses"][0]["state"] == {"running": {"startedAt": STAMP}}
    assert status["containerStatuses"][0]["ready"] is True


def test_a_pod_whose_containers_are_created_waits_without_an_address() -> None:
    status = pod_status(fresh(), at(Phase.CREATING))

    assert status["phase"] == "Pending"
    assert "podIP" not in status
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert conditions(status)["PodReadyToStartContainers"] == ("False", None)


def test_a_running_pod_that_is_not_ready_names_its_containers() -> None:
    containers = [{"name": "main", "image": "a"}, {"name": "side", "image": "b"}]

    status = pod_status(fresh(containers=containers), at(Phase.RUNNING))

    ready = next(found for found in status["conditions"] if found["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == ("ContainersNotReady", "containers with unready status: [main side]")


@pytest.mark.parametrize(
    ("phase", "fault", "state"),
    [
        pytest.param(
            Phase.PULL_BACK_OFF,
            Fault.IMAGE_PULL,
            {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "app:1"'}},
            id="image pull back-off",
        ),
        pytest.param(
            Phase.CRASH_BACK_OFF,
            Fault.CRASH_LOOP,
            {
                "waiting": {
                    "reason": "CrashLoopBackOff",
                    "message": "back-off 20s restarting failed container=main pod=web_team(uid-web)",
                }
            },
            id="crash loop back-off",
        ),
        pytest.param(
            Phase.CRASHED,
            Fault.OUT_OF_MEMORY,
            {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": STAMP, "finishedAt": STAMP}},
            id="out of memory",
        ),
    ],
)
def test_a_fault_shows_in_the_containers_state(phase: Phase, fault: Fault, state: Document) -> None:
    status = pod_status(fresh(), at(phase, restarts=1, fault=fault))

    assert status["containerStatuses"][0]["state"] == state


def test_a_container_that_crashed_remembers_how_it_ended() -> None:
    status = pod_status(fresh(), at(Phase.RUNNING, restarts=2, fault=Fault.CRASH_LOOP))

    container = status["containerStatuses"][0]
    assert container["restartCount"] == 2
    assert container["lastState"]["terminated"]["exitCode"] == 1


def test_a_missing_secret_keeps_the_container_from_being_configured() -> None:
    lacks = Missing("CreateContainerConfigError", 'secret "hf" not found')

    status = pod_status(fresh(), at(Phase.READY, missing=lacks))

    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {
        "waiting": {"reason": "CreateContainerConfigError", "message": 'secret "hf" not found'}
    }
    assert conditions(status)["Ready"] == ("False", "ContainersNotReady")


def test_a_missing_volume_keeps_the_pod_in_creation() -> None:
    status = pod_status(fresh(), at(Phase.READY, missing=Missing("FailedMount", "MountVolume.SetUp failed")))

    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}


def test_init_containers_are_completed_when_the_pod_runs_and_side_cars_run_on() -> None:
    init = [{"name": "load", "image": "l"}, {"name": "proxy", "image": "p", "restartPolicy": "Always"}]

    waiting = pod_status(fresh(initContainers=init), at(Phase.CREATING))
    running = pod_status(fresh(initContainers=init), at(Phase.READY))

    assert conditions(waiting)["Initialized"] == ("False", "ContainersNotInitialized")
    assert waiting["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert [next(iter(status["state"])) for status in running["initContainerStatuses"]] == ["terminated", "running"]


def test_a_pod_on_the_hosts_network_has_the_hosts_address() -> None:
    assert pod_status(fresh(hostNetwork=True), at(Phase.READY))["podIP"] == "10.0.0.9"


def test_a_status_at_rest_stays_as_it_is() -> None:
    first = pod_status(fresh(), at(Phase.READY))
    later = replace(at(Phase.READY), now=NOW + timedelta(hours=1), pod_ip="10.128.0.77")

    assert pod_status(fresh() | {"status": first}, later) == first


def test_conditions_of_others_stay() -> None:
    gate = {"type": "example.com/gate", "status": "True", "lastTransitionTime": EARLIER}
    pod = fresh() | {"status": {"conditions": [gate]}}

    assert gate in pod_status(pod, at(Phase.READY))["conditions"]


@pytest.mark.parametrize(
    ("phase", "said", "reason", "code"),
    [
        pytest.param(Phase.SUCCEEDED, "Succeeded", "PodCompleted", 0, id="well"),
        pytest.param(Phase.FAILED, "Failed", "PodFailed", 1, id="badly"),
    ],
)
def test_a_pod_that_has_ended_says_how(phase: Phase, said: str, reason: str, code: int) -> None:
    status = pod_status(fresh(), at(phase))

    assert status["phase"] == said
    assert conditions(status)["Ready"] == ("False", reason)
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == code
    assert status["containerStatuses"][0]["ready"] is False
