"""Which pods of a PodClique come and go, what they look like, and what the clique's status says."""

from typing import Any

import pytest

from lab.simulator.controllers.grove.clique_status import clique_status
from lab.simulator.controllers.grove.cliques import Surroundings, clique_pod, index_of, pod_plan
from lab.simulator.controllers.grove.sets import lone_cliques
from tests.unit.lab.simulator.controllers.grove.objects import a_clique, a_set, name_of
from tests.unit.lab.simulator.objects import NOW, Document

ALONE = Surroundings(None, {})


def a_pod_clique(replicas: int = 2, image: str = "app:1") -> Document:
    (clique,) = lone_cliques(a_set(a_clique("front", replicas, image=image)))
    clique["metadata"] |= {"uid": "uid-front", "generation": 4}
    return clique


def a_pod(index: int, *, ready: bool = True, image: str = "app:1", **metadata: Any) -> Document:
    pod = clique_pod(a_pod_clique(image=image), ALONE, index=index, suffix=f"pod{index}")
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    spec = {**pod["spec"], "nodeName": "node"}
    return {**pod, "metadata": {**pod["metadata"], **metadata}, "spec": spec, "status": status}


LEAVING: Document = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("pods", "missing", "gone"),
    [
        pytest.param([], (0, 1), [], id="all at first"),
        pytest.param([a_pod(1)], (0,), [], id="the lowest index that is free"),
        pytest.param([a_pod(0), a_pod(1, **LEAVING)], (), [], id="none while its index is still held"),
        pytest.param([a_pod(0), a_pod(1), a_pod(2)], (), ["graph-0-front-pod2"], id="one too many goes"),
        pytest.param([a_pod(0, image="old"), a_pod(1)], (), ["graph-0-front-pod0"], id="an old one goes alone"),
        pytest.param([a_pod(0, image="old"), a_pod(1, ready=False)], (), [], id="but not while another is away"),
        pytest.param(
            [a_pod(0, image="old", ready=False), a_pod(1, ready=False)],
            (),
            ["graph-0-front-pod0"],
            id="unless it serves nobody",
        ),
    ],
)
def test_pods_come_and_go_by_index(pods: list[Document], missing: tuple[int, ...], gone: list[str]) -> None:
    plan = pod_plan(a_pod_clique(), pods)

    assert plan.missing == missing
    assert [name_of(pod) for pod in plan.surplus] == gone


def test_a_pod_is_found_by_its_clique_and_found_again_by_its_index() -> None:
    clique = a_pod_clique()

    pod = clique_pod(clique, Surroundings(None, {"graph-0-wkr": 2}), index=1, suffix="abcde")

    assert (name_of(pod), pod["spec"]["hostname"], pod["spec"]["subdomain"]) == (
        "graph-0-front-abcde",
        "graph-0-front-1",
        "graph-0",
    )
    assert index_of(clique, pod) == 1
    assert pod["metadata"]["labels"]["grove.io/podclique"] == "graph-0-front"
    assert pod["metadata"]["labels"]["role"] == "front"
    assert pod["metadata"]["annotations"] == {"note": "front"}
    assert pod["spec"]["initContainers"][0]["args"] == ["--podcliques=graph-0-wkr:2"]
    assert [each["name"] for each in pod["spec"]["containers"][0]["env"]][-1] == "GROVE_PCLQ_POD_INDEX"


def test_a_clique_counts_its_pods() -> None:
    pods = [a_pod(0), a_pod(1, ready=False, image="old"), a_pod(2, **LEAVING)]

    status = clique_status(a_pod_clique(), pods, NOW)

    counted = ("replicas", "readyReplicas", "scheduledReplicas", "updatedReplicas", "observedGeneration")
    assert [status[field] for field in counted] == [2, 1, 2, 1, 4]
    assert {found["type"]: found["status"] for found in status["conditions"]} == {
        "PodCliqueScheduled": "True",
        "MinAvailableBreached": "False",
    }


def test_a_clique_that_is_scaled_to_nothing_lacks_nothing() -> None:
    status = clique_status(a_pod_clique(0), [], NOW)

    assert {found["type"]: found["status"] for found in status["conditions"]}["MinAvailableBreached"] == "False"
