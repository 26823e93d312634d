"""Labels of pods and what wins among them."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.component import component_of
from services.reconciler.desired.metadata import object_labels, overridden_labels, pod_labels, service_selector
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component, a_component_manifest

METRICS = "nvidia.com/metrics-enabled"


@pytest.mark.rule(
    "workloads 1.2 nvidia.com/selector",
    "workloads 1.2 nvidia.com/dynamo-graph-deployment-name",
    "workloads 1.2 nvidia.com/dynamo-component",
    "workloads 1.2 nvidia.com/dynamo-namespace",
    "workloads 1.2 nvidia.com/dynamo-component-type",
    "workloads 1.2 nvidia.com/dynamo-base-model-hash",
    "workloads 1.2 nvidia.com/metrics-enabled",
    "workloads 5.10 #1",
)
def test_pods_carry_what_they_are_part_of() -> None:
    component = a_component(serviceName="Worker", modelRef={"name": "Qwen/Qwen3-0.6B"})

    assert pod_labels(component) == {
        "nvidia.com/selector": "g-w",
        "nvidia.com/dynamo-graph-deployment-name": "g",
        "nvidia.com/dynamo-component": "Worker",
        "nvidia.com/dynamo-namespace": "llm-g",
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-base-model-hash": "fb68f5a6",
        "nvidia.com/metrics-enabled": "true",
    }


@pytest.mark.rule("workloads 1.2 nvidia.com/dynamo-component-type")
def test_a_component_without_a_type_has_no_label_of_it() -> None:
    assert "nvidia.com/dynamo-component-type" not in pod_labels(a_component(componentType=""))


@pytest.mark.rule("W-20")
def test_pods_of_a_component_without_a_graph_carry_all_that_is_selected_by() -> None:
    component = a_component(owned=False)

    assert pod_labels(component)["nvidia.com/dynamo-graph-deployment-name"] == "g-w"
    assert pod_labels(component).items() >= service_selector(component).items()


@pytest.mark.rule("W-21")
@pytest.mark.parametrize(
    "key",
    [
        "nvidia.com/selector",
        "nvidia.com/dynamo-component",
        "nvidia.com/dynamo-component-type",
        "nvidia.com/dynamo-namespace",
        "nvidia.com/dynamo-graph-deployment-name",
    ],
)
def test_labels_that_are_selected_by_cannot_be_overridden(key: str) -> None:
    plain, changed = a_component(), a_component(extraPodMetadata={"labels": {key: "mine"}})

    assert pod_labels(changed)[key] == pod_labels(plain)[key]
    assert overridden_labels(changed) == (key,)
    assert overridden_labels(plain) == ()


@pytest.mark.rule("workloads 5.10 labels", "workloads 12 Merging #9", "workloads 2.3 extraPodMetadata")
def test_other_computed_labels_may_be_overridden_also_with_an_empty_value() -> None:
    assert pod_labels(a_component(extraPodMetadata={"labels": {METRICS: ""}}))[METRICS] == ""


@pytest.mark.rule("workloads 5.10 labels", "workloads 7.1 #11")
def test_metadata_wins_over_the_specs_labels() -> None:
    manifest = a_component_manifest(labels={"a": "metadata"})
    manifest["spec"]["labels"] = {"a": "spec", "b": "spec"}

    assert object_labels(component_of(manifest, PLATFORM)) == {"a": "metadata", "b": "spec"}


@pytest.mark.rule("workloads 1.3 nvidia.com/enable-metrics", "workloads 1.2 nvidia.com/metrics-enabled")
@pytest.mark.parametrize(
    ("annotations", "is_marked"),
    [({}, True), ({"nvidia.com/enable-metrics": "false"}, False), ({"nvidia.com/enable-metrics": "False"}, True)],
)
def test_metrics_are_on_unless_exactly_false(annotations: dict[str, Any], is_marked: bool) -> None:
    assert (METRICS in pod_labels(a_component(annotations=annotations))) is is_marked


@pytest.mark.rule("workloads 1.2 nvidia.com/dynamo-sub-component-type", "workloads 2.3 subComponentType")
def test_the_sub_type_is_a_label_only() -> None:
    assert pod_labels(a_component(subComponentType="decode"))["nvidia.com/dynamo-sub-component-type"] == "decode"
