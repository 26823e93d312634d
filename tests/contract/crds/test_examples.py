"""The examples and the base objects are accepted by schema and rules, and fit the laptop that they are shown on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml

from shared.api.crds import DEFINITIONS, crd
from shared.api.graphs import Graph
from shared.api.platform import PlatformContext
from shared.api.validation.graphs import judge_graph
from shared.core.resources import GRAPHS

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
MULTINODE = sorted((ROOT / "examples" / "multinode").glob("*.yaml"))
SMALL = [pytest.param(path, id=path.stem) for path in EXAMPLES]
ALL = [*SMALL, *(pytest.param(path, id=f"multinode {path.stem}") for path in MULTINODE)]
NODES, GPUS_PER_NODE = 2, 8


def graph_of(path: Path) -> dict[str, Any]:
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    found: dict[str, Any] = next(each for each in documents if each["kind"] == GRAPHS.kind)
    return found


def test_there_are_five_examples_and_one_over_several_nodes_for_each_back_end() -> None:
    assert [path.stem for path in EXAMPLES] == ["aggregated", "disaggregated-planner", "sglang", "trtllm", "vllm"]
    assert [path.stem for path in MULTINODE] == ["sglang", "trtllm", "vllm"]


@pytest.mark.parametrize("path", ALL)
def test_an_example_says_what_it_shows(path: Path) -> None:
    comment = path.read_text(encoding="utf-8").partition("apiVersion:")[0]

    assert comment.startswith("# ")
    assert "It shows" in comment


@pytest.mark.parametrize("path", ALL)
def test_an_example_is_accepted_by_schema_and_rules(path: Path) -> None:
    document = graph_of(path)
    definition = next(each for each in DEFINITIONS if each.resource == GRAPHS)

    jsonschema.validate(document, crd(definition)["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    verdict = judge_graph(Graph.parse(document), namespace="demo")

    assert (verdict.errors, verdict.warnings) == ((), ())


@pytest.mark.parametrize("path", SMALL)
def test_an_example_fits_two_nodes(path: Path) -> None:
    services = list((Graph.parse(graph_of(path)).spec.services or {}).values())
    gpus = [
        int(each.resources.limits.gpu or 0) * (1 if each.replicas is None else each.replicas)
        for each in services
        if each.resources is not None and each.resources.limits is not None
    ]

    assert not any(each.is_multinode for each in services)
    assert 0 < sum(gpus) <= NODES * GPUS_PER_NODE


def test_the_demo_shows_four_components_with_a_planner() -> None:
    document = graph_of(ROOT / "examples" / "disaggregated-planner.yaml")
    graph = Graph.parse(document)
    kinds = {(each.component_type, each.sub_component_type) for each in (graph.spec.services or {}).values()}

    assert (graph.metadata.name, "namespace" in document["metadata"]) == ("chat", False)
    assert kinds == {("frontend", ""), ("planner", ""), ("worker", "prefill"), ("worker", "decode")}


def test_the_base_objects_fit_the_defaults_of_the_platform() -> None:
    text = (ROOT / "charts" / "platform" / "files" / "base.yaml").read_text(encoding="utf-8")
    names = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(text)}

    assert names == {
        ("Namespace", "dynamo-system"),
        ("ClusterRole", PlatformContext().planner.cluster_role_name),
        ("ClusterRole", "dynamo-discovery"),
        ("ValidatingWebhookConfiguration", "dynamo-validating"),
    }
