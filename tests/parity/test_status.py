"""The status that we compute once every workload is ready against the one that the reference reported."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.children import component_children
from services.reconciler.desired.graphs import graph_children
from services.reconciler.status.components import ComponentFacts, component_status
from services.reconciler.status.graphs import GraphFacts, component_state, expected_components, graph_status
from services.reconciler.status.workloads import workload
from tests.conformance import Conformance
from tests.parity import scope
from tests.parity.comparison import applied, by_key, compare, recorded
from tests.parity.test_rendering import PLATFORM
from tests.unit.services.reconciler.status.builders import condition

GENERATION = 1


def made_ready(deployment: dict[str, Any]) -> dict[str, Any]:
    count = deployment["spec"].get("replicas", 1)
    status = {
        "observedGeneration": GENERATION,
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": count,
        "availableReplicas": count,
        "conditions": [{"type": "Available", "status": "True"}],
    }
    return {**deployment, "metadata": {**deployment["metadata"], "generation": GENERATION}, "status": status}


def with_status(component: dict[str, Any]) -> dict[str, Any]:
    deployment = next(
        child for child in component_children(component, PLATFORM).manifests if child["kind"] == "Deployment"
    )
    facts = ComponentFacts(
        namespace=component["metadata"]["namespace"],
        name=component["metadata"]["name"],
        generation=GENERATION,
        workload=workload(made_ready(deployment)),
        applied_generation=GENERATION,
    )
    metadata = {**component["metadata"], "generation": GENERATION}
    return {**component, "metadata": metadata, "status": component_status(facts)}


def rolled_up(graph: dict[str, Any]) -> list[dict[str, Any]]:
    children = graph_children(graph, PLATFORM)
    components = [with_status(component) for component in children.manifests]
    states = {state.name: state for state in map(component_state, components)}
    facts = GraphFacts(
        namespace=graph["metadata"]["namespace"],
        name=graph["metadata"]["name"],
        generation=GENERATION,
        components=expected_components(children.manifests, dict.fromkeys(states, GENERATION), states),
        problems=children.problems,
    )
    return [*components, {**graph, "status": graph_status(facts)}]


def statuses(objects: dict[tuple[str, str, str], dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        key: {"status": manifest["status"]}
        for key, manifest in objects.items()
        if key[1] in ("DynamoGraphDeployment", "DynamoComponentDeployment")
    }


@pytest.mark.parametrize("path", scope.SINGLE_NODE)
def test_reports_what_the_reference_reports(conformance: Conformance, path: str) -> None:
    graphs = [document for document in applied(conformance, path) if document["kind"] == "DynamoGraphDeployment"]
    ours = by_key(manifest for graph in graphs for manifest in rolled_up(graph))

    result = compare(conformance, statuses(recorded(conformance, "A-plain", path)), statuses(ours))

    assert result.differences == ()
    assert result.compared > 20


@pytest.mark.parametrize("path", scope.MULTINODE)
def test_fails_a_graph_that_nothing_can_start_in_the_same_words(conformance: Conformance, path: str) -> None:
    (graph,) = (document for document in applied(conformance, path) if document["kind"] == "DynamoGraphDeployment")
    *_, ours = rolled_up(graph)
    (reference,) = (
        each for each in recorded(conformance, "A-plain", path).values() if each["kind"] == "DynamoGraphDeployment"
    )

    assert ours["status"]["state"] == reference["status"]["state"]
    assert condition(ours["status"], "Ready") == condition(reference["status"], "Ready")
