"""Where the replicas of services stand once Grove has made them."""

from __future__ import annotations

import pytest

from services.reconciler.desired.grove.scales import Scale, scales_of
from shared.core.resources import POD_CLIQUE_SCALING_GROUPS, POD_CLIQUES, Ref
from tests.unit.services.reconciler.desired.builders import a_graph, a_worker
from tests.unit.services.reconciler.desired.grove.builders import a_wide_service, made

SERVICES = {"Web": a_worker(replicas=2), "Big": a_wide_service(replicas=0), "free": a_worker()}
SCALES = (
    Scale("Big", Ref(POD_CLIQUE_SCALING_GROUPS, "llm", "g-0-big"), 0),
    Scale("Web", Ref(POD_CLIQUES, "llm", "g-0-web"), 2),
    Scale("free", Ref(POD_CLIQUES, "llm", "g-0-free"), None),
)


@pytest.mark.rule("workloads 8.7 #1", "workloads 8.8 #1")
def test_a_clique_counts_pods_and_a_scaling_group_counts_groups_of_them() -> None:
    assert made(SERVICES).scales == SCALES


def test_the_view_of_a_graph_says_the_same_as_its_rendering() -> None:
    assert scales_of("llm", "g", a_graph(SERVICES)["spec"]) == SCALES


@pytest.mark.rule("W-11")
def test_only_a_rendering_knows_the_number_of_a_deployment_configuration() -> None:
    text = '{"w":{"ServiceArgs":{"workers":4}}}'
    services = {"w": a_worker(envs=[{"name": "DYN_DEPLOYMENT_CONFIG", "value": text}])}

    assert [each.replicas for each in made(services).scales] == [4]
    assert [each.replicas for each in scales_of("llm", "g", a_graph(services)["spec"])] == [None]
