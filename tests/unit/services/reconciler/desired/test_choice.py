"""What runs a graph, by what the cluster offers and what the graph says."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.rendering import rendering
from shared.api.platform import Capability
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_worker

GROVE, LWS = Capability.GROVE, Capability.LWS
ENABLE = "nvidia.com/enable-grove"
OFF, ON = {ENABLE: "false"}, {ENABLE: "true"}
COMMAND = {"mainContainer": {"command": ["python3", "-m", "dynamo.sglang"], "args": ["--model-path", "m"]}}
SMALL = a_worker(extraPodSpec=COMMAND)
WIDE = a_worker(extraPodSpec=COMMAND, multinode={"nodeCount": 2})
WORKLOADS = {"Deployment", "LeaderWorkerSet", "PodCliqueSet"}


@pytest.mark.rule("workloads 3.1 #9")
@pytest.mark.parametrize(
    ("annotations", "offers", "services", "workloads"),
    [
        pytest.param(
            {},
            (GROVE,),
            {"a": SMALL, "b": WIDE},
            {"PodCliqueSet"},
            marks=pytest.mark.rule("workloads 3.4 not false"),
            id="Grove runs the whole graph",
        ),
        pytest.param(
            ON,
            (GROVE, LWS),
            {"a": SMALL},
            {"PodCliqueSet"},
            marks=pytest.mark.rule("workloads 3.4 not false", "workloads 1.3 nvidia.com/enable-grove"),
            id="Grove comes before LeaderWorkerSet",
        ),
        pytest.param(
            {},
            (LWS,),
            {"a": SMALL},
            {"Deployment"},
            marks=pytest.mark.rule("workloads 3.4 not false (2)"),
            id="one node is a Deployment",
        ),
        pytest.param(
            {},
            (LWS,),
            {"a": SMALL, "b": WIDE},
            {"Deployment", "LeaderWorkerSet"},
            marks=pytest.mark.rule("workloads 3.4 not false (3)"),
            id="several nodes are LeaderWorkerSets, the rest Deployments",
        ),
        pytest.param(
            OFF,
            (GROVE,),
            {"a": SMALL},
            {"Deployment"},
            marks=pytest.mark.rule("workloads 3.4 false", "workloads 1.3 nvidia.com/enable-grove"),
            id="Grove refused",
        ),
        pytest.param(
            {ENABLE: "FALSE"},
            (GROVE, LWS),
            {"b": WIDE},
            {"LeaderWorkerSet"},
            marks=pytest.mark.rule("workloads 3.4 false (2)", "workloads 1.3 nvidia.com/enable-grove"),
            id="Grove refused in another case, several nodes",
        ),
    ],
)
def test_the_cluster_and_the_annotation_choose_the_orchestrator(
    annotations: dict[str, str], offers: tuple[Capability, ...], services: dict[str, Any], workloads: set[str]
) -> None:
    found = rendering(a_graph(services, annotations=annotations), PLATFORM.with_capabilities(offers))

    assert {each["kind"] for each in found.manifests} & WORKLOADS == workloads
    assert found.problems == ()


@pytest.mark.rule("workloads 3.4 #1")
@pytest.mark.parametrize(
    ("annotations", "offers"),
    [
        pytest.param({}, (), marks=pytest.mark.rule("workloads 3.4 not false (4)"), id="nothing is there"),
        pytest.param(OFF, (GROVE,), marks=pytest.mark.rule("workloads 3.4 false (3)"), id="Grove is there and refused"),
    ],
)
def test_nothing_is_made_of_a_graph_whose_gangs_nothing_can_start(
    annotations: dict[str, str], offers: tuple[Capability, ...]
) -> None:
    graph = a_graph({"a": SMALL, "b": WIDE}, annotations=annotations)

    found = rendering(graph, PLATFORM.with_capabilities(offers))

    assert [problem.text for problem in found.problems] == [
        "failed to reconcile Dynamo components deployments: no multinode orchestrator available"
    ]
    assert found.manifests == ()
