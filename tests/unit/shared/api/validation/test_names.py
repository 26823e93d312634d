"""Names that cannot become object names are refused while their author looks."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_graph
from shared.api.validation.names import grove_name_violations
from shared.core import labels

FORM = "the name must consist of letters, digits and '-', start with a letter and end with a letter or digit"


def a_graph(services: dict[str, Any], name: str = "chat") -> Graph:
    return Graph.parse({"metadata": {"name": name}, "spec": {"services": services}})


@pytest.mark.rule("W-04")
@pytest.mark.parametrize("service", ["a_b", "a.b", "9lives", "-a", "a-", "a b"])
def test_a_service_name_that_is_no_object_name_is_refused(service: str) -> None:
    assert judge_graph(a_graph({service: {}}), namespace="team-a").message == f"spec.services[{service}]: {FORM}"


@pytest.mark.parametrize("service", ["a", "VllmDecodeWorker", "decode-2"])
def test_an_ordinary_service_name_is_accepted(service: str) -> None:
    assert judge_graph(a_graph({service: {}}), namespace="team-a").is_accepted


@pytest.mark.rule("OB-05")
def test_services_that_differ_only_in_case_are_refused_with_all_names() -> None:
    verdict = judge_graph(a_graph({"worker": {}, "Worker": {}}), namespace="team-a")

    assert verdict.message == "spec.services: [Worker worker] differ only in case, so their objects would collide"


@pytest.mark.rule("TB-12")
def test_adapters_of_one_name_are_refused_with_the_name() -> None:
    adapter = {"scalingAdapter": {"enabled": True}}

    verdict = judge_graph(a_graph({"worker": adapter, "Worker": adapter}), namespace="team-a")

    assert verdict.message == "spec.services: scaling adapter name chat-worker is used by more than one service"


@pytest.mark.rule("W-04")
def test_a_combined_name_must_fit_a_label() -> None:
    graph = a_graph({"short": {}, "W" * 23: {}}, name="g" * 40)

    message = judge_graph(graph, namespace="team-a").message

    name = f"{'g' * 40}-{'w' * 23}"
    assert message == f"spec.services[{'W' * 23}]: name {name} has 64 characters, at most 63 are possible"


@pytest.mark.rule("W-09")
@pytest.mark.parametrize(
    ("component", "accepted"),
    [
        pytest.param({}, False, id="own namespace"),
        pytest.param({"globalDynamoNamespace": True}, True, id="the namespace that all graphs share"),
    ],
)
def test_the_dynamo_namespace_must_fit_a_label(component: dict[str, Any], accepted: bool) -> None:
    verdict = judge_graph(a_graph({"main": component}, name="g" * 33), namespace="n" * 30)

    assert verdict.is_accepted is accepted


def test_a_graph_without_a_name_yet_is_not_judged_by_its_length() -> None:
    assert judge_graph(a_graph({"main": {}}, name=""), namespace="n" * 63).is_accepted


TOO_LONG = "exceeds 45-character limit required for pod naming. Shorten the graph's or the service's name by "


@pytest.mark.rule("W-46")
@pytest.mark.rule("workloads 8.5 name length: set + clique ≤ 45, set + group + clique ≤ 45 characters")
@pytest.mark.parametrize(
    ("graph", "service", "component", "excess"),
    [
        pytest.param("g" * 20, "w" * 25, {}, 0, id="set and clique that fit"),
        pytest.param("g" * 20, "W" * 26, {}, 1, id="set and clique"),
        pytest.param("g" * 21, "w" * 10, {"multinode": {"nodeCount": 2}}, 0, id="set, group and clique that fit"),
        pytest.param("g" * 24, "w" * 10, {"multinode": {"nodeCount": 2}}, 3, id="set, group and clique"),
    ],
)
def test_names_that_grove_would_refuse_are_counted(
    graph: str, service: str, component: dict[str, Any], excess: int
) -> None:
    found = grove_name_violations(a_graph({service: component}, name=graph))

    text = f"spec.services[{service}]: combined resource name length {45 + excess} {TOO_LONG}{excess} characters"
    assert [each.startswith(text) for each in found] == [True] * bool(excess)


@pytest.mark.rule("W-46")
@pytest.mark.parametrize(
    ("annotations", "count"),
    [
        pytest.param({}, 1, id="Grove, where the cluster has it"),
        pytest.param({labels.ENABLE_GROVE: "True"}, 1, id="Grove, as anybody may say"),
        pytest.param({labels.ENABLE_GROVE: "False"}, 0, id="never Grove"),
    ],
)
def test_a_new_graph_is_warned_of_them_unless_it_never_runs_on_grove(annotations: dict[str, str], count: int) -> None:
    metadata = {"name": "g" * 30, "annotations": annotations}
    graph = Graph.parse({"metadata": metadata, "spec": {"services": {"w" * 20: {}}}})

    verdict = judge_graph(graph, namespace="team-a")

    assert verdict.is_accepted
    assert len(verdict.warnings) == count
