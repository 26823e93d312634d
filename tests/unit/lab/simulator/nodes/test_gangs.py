"""Which pods are scheduled together, and how many of them it takes."""

from typing import Any

import pytest

from lab.simulator.nodes.gangs import Gang, expected_cliques, gang_of, least_members, least_pods
from tests.unit.lab.simulator.objects import Document


def a_pod(scheduler: str | None, *, labels: Document | None = None, annotations: Document | None = None) -> Document:
    spec = {"schedulerName": scheduler} if scheduler else {}
    return {"metadata": {"namespace": "team", "labels": labels or {}, "annotations": annotations or {}}, "spec": spec}


IN_GROUP = {"scheduling.k8s.io/group-name": "g"}
IN_GANG = {"grove.io/podgang": "graph-0"}


@pytest.mark.parametrize(
    ("pod", "gang"),
    [
        pytest.param(a_pod("volcano", annotations=IN_GROUP), Gang("volcano", "team", "g"), id="volcano: a PodGroup"),
        pytest.param(
            a_pod("kai-scheduler", labels=IN_GANG), Gang("kai-scheduler", "team", "graph-0"), id="kai: a gang"
        ),
        pytest.param(a_pod("volcano"), None, id="volcano without a group"),
        pytest.param(
            a_pod(None, labels=IN_GANG, annotations=IN_GROUP), None, id="the default scheduler knows no gangs"
        ),
    ],
)
def test_a_pod_is_in_the_gang_that_its_scheduler_reads(pod: Document, gang: Gang | None) -> None:
    assert gang_of(pod) == gang


def test_a_gang_takes_the_least_of_each_clique() -> None:
    def clique(replicas: int, **spec: Any) -> Document:
        return {"spec": {"replicas": replicas, **spec}}

    assert least_pods([clique(3), clique(4, minAvailable=2), clique(0)]) == 1 + 2 + 0
    assert least_members({"spec": {"minMember": 4}}) == 4


TEMPLATE = {
    "cliques": [{"name": "front"}, {"name": "ldr"}, {"name": "wkr"}],
    "podCliqueScalingGroups": [{"name": "worker", "cliqueNames": ["ldr", "wkr"], "minAvailable": 2}],
}


@pytest.mark.parametrize(
    ("labels", "replicas", "expected"),
    [
        pytest.param(IN_GANG, {}, 5, id="the first gang: lone cliques and the least of each group"),
        pytest.param(IN_GANG, {"graph-0-worker": 0}, 1, id="less where a group was scaled down"),
        pytest.param(
            {
                "grove.io/podgang": "graph-0-worker-0",
                "grove.io/base-podgang": "graph-0",
                "grove.io/podcliquescalinggroup": "graph-0-worker",
            },
            {"graph-0-worker": 3},
            2,
            id="beyond the least: one replica of the group",
        ),
    ],
)
def test_a_gang_has_the_cliques_that_its_set_says(labels: Document, replicas: dict[str, int], expected: int) -> None:
    pod, pod_clique_set = a_pod("kai-scheduler", labels=labels), {"spec": {"template": TEMPLATE}}

    assert expected_cliques(pod, pod_clique_set, replicas) == expected
