"""Which tree of objects a graph becomes."""

from __future__ import annotations

import pytest

from services.reconciler.desired.graphs import graph_children
from services.reconciler.desired.grove.choice import Mode, mode_of
from services.reconciler.desired.rendering import rendering
from shared.api.platform import Capability
from shared.core import labels
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_worker
from tests.unit.services.reconciler.desired.grove.builders import GROVE, a_wide_service

ALLOWED: dict[str, str] = {}
REFUSED = {labels.ENABLE_GROVE: "false"}
NO_ORCHESTRATOR = "failed to reconcile Dynamo components deployments: no multinode orchestrator available"


def kinds(annotations: dict[str, str], offers: list[Capability], *, wide: bool) -> set[str]:
    """Return the kinds of all objects of a graph with a single-node service and perhaps a wide one."""
    services = {"web": a_worker(), **({"big": a_wide_service()} if wide else {})}
    found = rendering(a_graph(services, annotations=annotations), PLATFORM.with_capabilities(offers))
    return {each["kind"] for each in found.manifests} - {"Service"}


@pytest.mark.rule("workloads 3.4 not false", "workloads 1.4 #1")
@pytest.mark.parametrize("offers", [[Capability.GROVE], [Capability.GROVE, Capability.LWS]])
@pytest.mark.parametrize("wide", [False, True])
def test_grove_runs_every_graph_where_it_is_installed(offers: list[Capability], wide: bool) -> None:
    assert kinds(ALLOWED, offers, wide=wide) == {"PodCliqueSet"}


@pytest.mark.parametrize(
    ("annotations", "offers", "wide", "found"),
    [
        pytest.param(
            ALLOWED,
            [],
            False,
            {"DynamoComponentDeployment", "Deployment"},
            id="no grove, one node",
            marks=pytest.mark.rule("workloads 3.4 not false (2)"),
        ),
        pytest.param(
            ALLOWED,
            [Capability.LWS],
            True,
            {"DynamoComponentDeployment", "Deployment", "LeaderWorkerSet", "PodGroup"},
            id="no grove, several nodes, lws",
            marks=pytest.mark.rule("workloads 3.4 not false (3)"),
        ),
        pytest.param(
            REFUSED,
            [Capability.GROVE, Capability.LWS],
            False,
            {"DynamoComponentDeployment", "Deployment"},
            id="grove refused, one node",
            marks=pytest.mark.rule("workloads 3.4 false"),
        ),
        pytest.param(
            REFUSED,
            [Capability.GROVE, Capability.LWS],
            True,
            {"DynamoComponentDeployment", "Deployment", "LeaderWorkerSet", "PodGroup"},
            id="grove refused, several nodes, lws",
            marks=pytest.mark.rule("workloads 3.4 false (2)"),
        ),
    ],
)
def test_without_grove_each_component_runs_itself(
    annotations: dict[str, str], offers: list[Capability], wide: bool, found: set[str]
) -> None:
    assert kinds(annotations, offers, wide=wide) == found


@pytest.mark.parametrize(
    ("annotations", "offers"),
    [
        pytest.param(ALLOWED, [], id="nothing", marks=pytest.mark.rule("workloads 3.4 not false (4)")),
        pytest.param(REFUSED, [Capability.GROVE], id="refused", marks=pytest.mark.rule("workloads 3.4 false (3)")),
    ],
)
def test_nothing_starts_several_nodes_without_an_orchestrator(
    annotations: dict[str, str], offers: list[Capability]
) -> None:
    graph = a_graph({"big": a_wide_service()}, annotations=annotations)

    found = graph_children(graph, PLATFORM.with_capabilities(offers))

    assert [problem.text for problem in found.problems] == [NO_ORCHESTRATOR]


@pytest.mark.rule("workloads 1.3 nvidia.com/enable-grove")
@pytest.mark.parametrize(
    ("value", "mode"),
    [
        ("false", Mode.COMPONENTS),
        ("False", Mode.COMPONENTS),
        ("FALSE", Mode.COMPONENTS),
        ("true", Mode.GROVE),
        ("", Mode.GROVE),
        (" false", Mode.GROVE),
        ("no", Mode.GROVE),
    ],
)
def test_only_false_in_any_case_refuses_grove(value: str, mode: Mode) -> None:
    assert mode_of({labels.ENABLE_GROVE: value}, GROVE) is mode
