"""The debugger beside a component's process, and what became of the reference's debug Deployments."""

from __future__ import annotations

import pytest

from services.reconciler.desired.children import component_children
from services.reconciler.desired.debuggers import debugger
from shared.core.json import canonical
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component_manifest, pod_of

ENABLE = "nvidia.com/enable-debug-mode"


@pytest.mark.rule("workloads 7.3 #1", "workloads 1.1 Debugger image")
def test_the_debugger_is_a_shell_that_may_look_into_its_neighbours() -> None:
    assert debugger(PLATFORM) == {
        "name": "debugger",
        "image": "python:3.12-slim",
        "command": ["sleep", "infinity"],
        "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
        "resources": {
            "requests": {"cpu": "100m", "memory": "100Mi"},
            "limits": {"cpu": "1", "memory": "1000Mi"},
        },
        "stdin": True,
        "tty": True,
    }


@pytest.mark.rule("workloads 1.1 Debugger image")
def test_the_installation_names_another_image() -> None:
    platform = PLATFORM.with_settings({"debugger.image": "registry.example/debugger:1"})

    assert debugger(platform)["image"] == "registry.example/debugger:1"


@pytest.mark.rule("workloads 7.3 #1", "workloads 1.3 nvidia.com/enable-debug-mode")
@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param("true", ["main", "debugger"], id="exactly true"),
        pytest.param("True", ["main"], id="another case"),
        pytest.param("", ["main"], id="empty"),
    ],
)
def test_it_joins_when_the_annotation_is_exactly_true(value: str, names: list[str]) -> None:
    pod = pod_of(annotations={ENABLE: value})

    assert [container["name"] for container in pod["containers"]] == names
    assert pod.get("shareProcessNamespace", False) is (len(names) == 2)


@pytest.mark.rule(
    "W-30",
    "workloads 1.2 nvidia.com/dynamo-deployment-target-type",
    "workloads 1.3 nvidia.com/enable-stealing-traffic-debug-mode",
    "workloads 1.3 nvidia.com/enable-debug-pod-receive-production-traffic",
    "workloads 7.1 #10",
)
@pytest.mark.parametrize(
    "annotation",
    ["nvidia.com/enable-stealing-traffic-debug-mode", "nvidia.com/enable-debug-pod-receive-production-traffic"],
)
def test_no_annotation_makes_a_second_deployment_or_service(annotation: str) -> None:
    plain = component_children(a_component_manifest(), PLATFORM)
    debugged = component_children(a_component_manifest(annotations={annotation: "true"}), PLATFORM)

    keys = [[(each["kind"], each["metadata"]["name"]) for each in found.manifests] for found in (plain, debugged)]

    assert keys[0] == keys[1]
    assert b"dynamo-deployment-target-type" not in canonical(list(debugged.manifests))
