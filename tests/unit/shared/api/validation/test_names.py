"""Names that cannot become object names are refused while their author looks."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_graph

FORM = "the name must consist of letters, digits and '-', start with a letter and end with a letter or digit"


def a_graph(services: dict[str, Any], name: str = "chat") -> Graph:
    return Graph.parse({"metadata": {"name": name}, "spec": {"services": services}})


@pytest.mark.rule("workloads W-04")
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


@pytest.mark.rule("workloads W-04")
def test_a_combined_name_must_fit_a_label() -> None:
    graph = a_graph({"short": {}, "W" * 23: {}}, name="g" * 40)

    message = judge_graph(graph, namespace="team-a").message

    name = f"{'g' * 40}-{'w' * 23}"
    assert message == f"spec.services[{'W' * 23}]: name {name} has 64 characters, at most 63 are possible"


@pytest.mark.rule("workloads W-09")
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
