"""The rules that a component obeys wherever its spec stands, with their exact texts."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.components import ComponentSpec
from shared.api.validation.components import judge_component

AUTOSCALING_IS_DEPRECATED = (
    "spec.autoscaling is deprecated and ignored. Use DynamoGraphDeploymentScalingAdapter with HPA, KEDA, or Planner "
    "for autoscaling instead. See docs/kubernetes/autoscaling.md"
)
NO_HOST = "spec.ingress.host is required when ingress is enabled"
NO_MOUNT_POINT = "spec.volumeMounts[0].mountPoint is required when useAsCompilationCache is false"
NO_SIZE = "spec.sharedMemory.size is required when disabled is false"
COMPLETE = {
    "replicas": 3,
    "ingress": {"enabled": True, "host": "example.com"},
    "volumeMounts": [
        {"name": "cache", "mountPoint": "/cache"},
        {"name": "compilation", "useAsCompilationCache": True},
    ],
    "sharedMemory": {"size": "1Gi"},
}


@pytest.mark.rule(
    "T-SH-1",
    "T-SH-2",
    "T-SH-3",
    "T-SH-4",
    "T-SH-5",
    "T-SH-6",
    "T-SH-7",
    "T-SH-8",
    "T-SH-9",
    "T-SH-10",
    "workloads 2.5 replicas < 0",
    "workloads 2.5 ingress enabled, no host",
    "workloads 2.5 volume mount without mount point and not compile cache",
    "workloads 2.5 sharedMemory set, not disabled, zero size",
)
@pytest.mark.rule("SH-01", "SH-02", "SH-03", "SH-04")
@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(COMPLETE, (), id="T-SH-1"),
        pytest.param({"replicas": -1}, ("spec.replicas must be non-negative",), id="T-SH-2"),
        pytest.param({"ingress": {"enabled": True, "host": ""}}, (NO_HOST,), id="T-SH-3"),
        pytest.param({"ingress": {"enabled": False, "host": ""}}, (), id="T-SH-4"),
        pytest.param({"volumeMounts": [{"name": "data"}]}, (NO_MOUNT_POINT,), id="T-SH-5"),
        pytest.param({"volumeMounts": [{"name": "data", "mountPoint": "/data"}]}, (), id="T-SH-6"),
        pytest.param({"volumeMounts": [{"name": "cache", "useAsCompilationCache": True}]}, (), id="T-SH-7"),
        pytest.param({"sharedMemory": {"disabled": False}}, (NO_SIZE,), id="T-SH-8"),
        pytest.param({"sharedMemory": {"disabled": False, "size": "2Gi"}}, (), id="T-SH-9"),
        pytest.param({"sharedMemory": {"disabled": True}}, (), id="T-SH-10"),
        pytest.param({}, (), id="SH-01 accepts absent replicas"),
        pytest.param({"replicas": 0}, (), id="SH-01 accepts no replicas"),
        pytest.param({"sharedMemory": {"size": "0"}}, (NO_SIZE,), id="SH-04 refuses a size of zero"),
        pytest.param({"sharedMemory": {"size": 0}}, (NO_SIZE,), id="SH-04 refuses the number zero"),
        pytest.param({"sharedMemory": {"size": "-1Gi"}}, (), id="SH-04 accepts a negative size"),
        pytest.param(
            {"replicas": -1, "sharedMemory": {}, "autoscaling": {}},
            ("spec.replicas must be non-negative",),
            id="the first violation is the only one",
        ),
    ],
)
def test_a_component_is_judged_by_the_shared_rules(spec: dict[str, Any], errors: tuple[str, ...]) -> None:
    verdict = judge_component(ComponentSpec.parse(spec), "spec")

    assert (verdict.errors, verdict.warnings) == (errors, ())


@pytest.mark.rule("T-SH-11", "workloads 2.5 #2")
def test_a_violation_names_the_path_of_the_component() -> None:
    verdict = judge_component(ComponentSpec(replicas=-1), "spec.services[main]")

    assert verdict.message == "spec.services[main].replicas must be non-negative"


@pytest.mark.rule("T-SH-12", "T-SH-13", "SH-W1", "workloads 2.3 autoscaling")
@pytest.mark.parametrize(
    ("spec", "warnings"),
    [
        pytest.param({"replicas": 3}, (), id="T-SH-12"),
        pytest.param(
            {"replicas": 3, "autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 10}},
            (AUTOSCALING_IS_DEPRECATED,),
            id="T-SH-13",
        ),
        pytest.param({"autoscaling": {}}, (AUTOSCALING_IS_DEPRECATED,), id="whatever its content"),
    ],
)
def test_autoscaling_is_accepted_with_a_warning(spec: dict[str, Any], warnings: tuple[str, ...]) -> None:
    verdict = judge_component(ComponentSpec.parse(spec), "spec")

    assert (verdict.is_accepted, verdict.warnings) == (True, warnings)
