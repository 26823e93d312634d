"""Deployments of single-node components."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.deployments import deployment, strategy
from services.reconciler.desired.pods import pod_template
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component

STRATEGY = "nvidia.com/deployment-strategy"
SURGE = "nvidia.com/deployment-rolling-update-max-surge"
UNAVAILABLE = "nvidia.com/deployment-rolling-update-max-unavailable"


def rolling(surge: int | str, unavailable: int | str) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


@pytest.mark.rule(
    "workloads 7.2 spec.strategy",
    "workloads 7.2 #1",
    "workloads 1.3 nvidia.com/deployment-strategy",
    "workloads 1.3 nvidia.com/deployment-rolling-update-max-surge, …-max-unavailable",
)
@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({}, rolling("25%", "25%"), id="default"),
        pytest.param({SURGE: "50%"}, rolling("50%", "25%"), id="surge alone"),
        pytest.param({UNAVAILABLE: "10%"}, rolling("25%", "10%"), id="unavailable alone"),
        pytest.param({SURGE: "1", UNAVAILABLE: "0"}, rolling(1, 0), id="whole numbers"),
        pytest.param({SURGE: ""}, rolling("25%", "25%"), id="empty"),
        pytest.param({STRATEGY: "Recreate", SURGE: "1"}, {"type": "Recreate"}, id="recreate has no parameters"),
        pytest.param({STRATEGY: "recreate"}, rolling("25%", "25%"), id="exact text only"),
    ],
)
def test_replaces_pods_as_annotated(annotations: dict[str, str], expected: dict[str, Any]) -> None:
    assert strategy(annotations) == expected


@pytest.mark.rule("workloads 1.3 nvidia.com/deployment-strategy", "workloads 7.1 #11")
def test_pod_metadata_wins_over_the_components_annotations() -> None:
    component = a_component(
        annotations={STRATEGY: "Recreate", "a": "1"}, extraPodMetadata={"annotations": {STRATEGY: "RollingUpdate"}}
    )

    made = deployment(component, PLATFORM)

    assert made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert made["metadata"]["annotations"] == {STRATEGY: "RollingUpdate", "a": "1"}


@pytest.mark.rule("workloads 7.2 spec.replicas", "workloads 2.3 replicas", "workloads 4.8 #1")
@pytest.mark.parametrize("replicas", [0, 1, 5])
def test_carries_the_wanted_replicas(replicas: int) -> None:
    assert deployment(a_component(replicas=replicas), PLATFORM)["spec"]["replicas"] == replicas


@pytest.mark.rule("workloads 7.2 spec.replicas", "workloads 4.8 #1")
def test_leaves_replicas_open_when_nobody_asks_for_a_number() -> None:
    assert "replicas" not in deployment(a_component(), PLATFORM)["spec"]


@pytest.mark.rule(
    "workloads 7.2 name / namespace", "workloads 7.2 spec.template", "workloads 7.1 #10", "workloads 7.1 #11"
)
def test_is_named_as_its_component_and_runs_the_component_s_pods() -> None:
    component = a_component(labels={"team": "a"}, annotations={"note": "1"})

    made = deployment(component, PLATFORM)

    assert made["metadata"] == {
        "name": "g-w",
        "namespace": "llm",
        "labels": {"team": "a"},
        "annotations": {"note": "1"},
    }
    assert made["spec"]["template"] == pod_template(component, PLATFORM)


@pytest.mark.rule("workloads 7.2 spec.selector.matchLabels")
def test_its_selector_matches_its_template() -> None:
    made = deployment(a_component(extraPodMetadata={"labels": {"nvidia.com/selector": "other"}}), PLATFORM)

    selector = made["spec"]["selector"]["matchLabels"]

    assert selector == {"nvidia.com/selector": "g-w"}
    assert made["spec"]["template"]["metadata"]["labels"].items() >= selector.items()


@pytest.mark.rule(
    "workloads 10.10",
    "workloads 7.1 #11",
    "workloads 1.2 nvidia.com/dynamo-base-model-hash",
    "workloads 1.3 #1",
    "workloads 2.3 modelRef",
)
def test_a_model_reference_marks_deployment_and_pods() -> None:
    made = deployment(a_component(modelRef={"name": "Qwen/Qwen3-0.6B"}), PLATFORM)

    assert made["metadata"]["labels"]["nvidia.com/dynamo-base-model-hash"] == "fb68f5a6"
    assert made["metadata"]["annotations"]["nvidia.com/dynamo-base-model"] == "Qwen/Qwen3-0.6B"
    assert made["spec"]["template"]["metadata"]["labels"]["nvidia.com/dynamo-base-model-hash"] == "fb68f5a6"
