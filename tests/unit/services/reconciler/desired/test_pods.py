"""The pod template."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.backends.noop import NOOP
from services.reconciler.desired.children import component_children
from services.reconciler.desired.component import Surroundings
from services.reconciler.desired.pods import engine, pod_spec, pod_template
from services.reconciler.desired.problems import RenderError
from shared.api.platform import Discovery, DiscoveryBackend, PlatformContext
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component, a_component_manifest, pod_of

BY_ETCD = PlatformContext(discovery=Discovery(backend=DiscoveryBackend.ETCD))


@pytest.mark.rule(
    "workloads 5.8 #1",
    "workloads 5.8 #3",
    "workloads 1.1 Default fsGroup",
    "workloads 1.1 Default pod termination grace",
)
def test_starts_from_the_default_pod() -> None:
    pod = pod_of()

    assert pod["terminationGracePeriodSeconds"] == 60
    assert pod["restartPolicy"] == "Always"
    assert pod["securityContext"] == {"fsGroup": 1000}


@pytest.mark.rule("workloads 5.8 #3", "workloads 12 Merging #7", "workloads 12 Merging #8")
@pytest.mark.parametrize("given", [{}, {"fsGroup": 5}, {"runAsUser": 1}])
def test_a_security_context_of_the_user_is_used_as_it_is(given: dict[str, Any]) -> None:
    assert pod_of(extraPodSpec={"securityContext": given})["securityContext"] == given


@pytest.mark.rule(
    "workloads 5.5 optional scalar/object held by reference (terminationGracePeriodSeconds, "
    "securityContext, affinity, probes, lifecycle, runAsUser…)",
    "workloads 5.8 #2",
    "workloads 12 Merging #3",
)
def test_a_grace_period_of_zero_wins() -> None:
    assert pod_of(extraPodSpec={"terminationGracePeriodSeconds": 0})["terminationGracePeriodSeconds"] == 0


@pytest.mark.rule("workloads 5.8 #2", "workloads 5.8 #5", "workloads 12 Merging #6")
def test_sidecars_stand_before_the_main_container() -> None:
    pod = pod_of(extraPodSpec={"containers": [{"name": "a"}, {"name": "b"}]})

    assert [container["name"] for container in pod["containers"]] == ["a", "b", "main"]


@pytest.mark.rule(
    "W-10",
    "W-20",
    "W-60",
    "workloads 5.9 1",
    "workloads 5.9 2",
    "workloads 5.9 3",
    "workloads 5.9 4",
    "workloads 5.8 #4",
    "workloads 1.1 Planner service account",
)
@pytest.mark.parametrize(
    ("platform", "spec", "accounts", "expected"),
    [
        pytest.param(PLATFORM, {"extraPodSpec": {"serviceAccountName": "mine"}}, (), "mine", id="the user's"),
        pytest.param(PLATFORM, {"componentType": "planner"}, (), "planner-serviceaccount", id="the planner's"),
        pytest.param(
            PLATFORM,
            {"componentType": "planner", "extraPodSpec": {"serviceAccountName": "mine"}},
            (),
            "mine",
            id="the user's before the planner's",
        ),
        pytest.param(PLATFORM, {}, ("x",), "g-k8s-service-discovery", id="the graph's"),
        pytest.param(PLATFORM, {"owned": False}, (), "g-w-k8s-service-discovery", id="of a component without a graph"),
        pytest.param(BY_ETCD, {}, ("b", "a"), "a", id="the smallest of the namespace"),
        pytest.param(BY_ETCD, {}, (), "default", id="default"),
    ],
)
def test_chooses_the_account(
    platform: PlatformContext, spec: dict[str, Any], accounts: tuple[str, ...], expected: str
) -> None:
    pod = pod_of(platform=platform, surroundings=Surroundings(component_accounts=accounts), **spec)

    assert pod["serviceAccountName"] == expected


@pytest.mark.rule("W-19", "OB-07", "workloads 5.8 #7", "workloads 12 Pull secrets #2", "workloads 12 Pull secrets #3")
def test_discovered_pull_secrets_follow_the_users_sorted_and_once() -> None:
    found = Surroundings(pull_secrets={"nvcr.io": ("z", "own", "a", "z"), "other": ("b",)})

    pod = pod_of(
        surroundings=found,
        extraPodSpec={"imagePullSecrets": [{"name": "own"}], "mainContainer": {"image": "nvcr.io/nvidia/x:1"}},
    )

    assert pod["imagePullSecrets"] == [{"name": "own"}, {"name": "a"}, {"name": "z"}]


@pytest.mark.rule("workloads 1.3 nvidia.com/disable-image-pull-secret-discovery", "workloads 5.8 #9")
@pytest.mark.parametrize(
    ("value", "is_discovered"), [("true", False), ("false", True), ("invalid", True), (None, True)]
)
def test_discovery_of_pull_secrets_is_switched_off_by_exactly_true(value: str | None, is_discovered: bool) -> None:
    key = "nvidia.com/disable-image-pull-secret-discovery"

    pod = pod_of(
        surroundings=Surroundings(pull_secrets={"r.io": ("s",)}),
        annotations={} if value is None else {key: value},
        extraPodSpec={"mainContainer": {"image": "r.io/x"}},
    )

    assert ("imagePullSecrets" in pod) is is_discovered


@pytest.mark.rule("workloads 5.8 #9")
@pytest.mark.parametrize("container", [{}, {"image": "elsewhere.io/x"}])
def test_no_image_or_another_registry_finds_no_secret(container: dict[str, Any]) -> None:
    found = Surroundings(pull_secrets={"r.io": ("s",)})

    assert "imagePullSecrets" not in pod_of(surroundings=found, extraPodSpec={"mainContainer": container})


@pytest.mark.rule("workloads 12 Pull secrets #1", "workloads 12 Pull secrets #4")
@pytest.mark.parametrize(
    "found",
    [
        pytest.param(Surroundings(), id="no index"),
        pytest.param(Surroundings(pull_secrets={"r.io": ()}), id="an empty list"),
    ],
)
@pytest.mark.parametrize("own", [None, [], [{"name": "own"}]])
def test_where_nothing_is_discovered_the_users_secrets_stay_alone(found: Surroundings, own: list[Any] | None) -> None:
    overlay = {"mainContainer": {"image": "r.io/x"}, **({} if own is None else {"imagePullSecrets": own})}

    assert pod_of(surroundings=found, extraPodSpec=overlay).get("imagePullSecrets", []) == (own or [])


@pytest.mark.rule("workloads 5.9 4")
def test_a_pod_spec_by_itself_names_no_account_that_nobody_chose() -> None:
    component = a_component(platform=BY_ETCD, surroundings=Surroundings(component_accounts=("a",)))

    assert "serviceAccountName" not in pod_spec(component, BY_ETCD)


@pytest.mark.rule("workloads 12 Backend detection #2", "workloads 12 Backend detection #3", "workloads 6.1 none (2)")
@pytest.mark.parametrize(
    ("kind", "container"),
    [
        pytest.param("frontend", {"command": ["python3", "-m", "dynamo.vllm"]}, id="no worker"),
        pytest.param("planner", {"args": ["python3 -m dynamo.sglang"]}, id="a planner"),
        pytest.param("worker", {}, id="no command"),
    ],
)
def test_runs_no_engine(kind: str, container: dict[str, Any]) -> None:
    assert engine(a_component(componentType=kind, extraPodSpec={"mainContainer": container})) is NOOP


@pytest.mark.rule("W-25", "workloads 6.4 main", "workloads 6.6 #8")
@pytest.mark.parametrize("module", ["vllm", "trtllm"])
def test_a_component_of_several_nodes_never_starts_on_one(module: str) -> None:
    container = {"command": ["python3", "-m", f"dynamo.{module}"], "args": ["--tensor-parallel-size", "16"]}
    manifest = a_component_manifest(
        multinode={"nodeCount": 2},
        resources={"limits": {"gpu": "8"}},
        extraPodSpec={"mainContainer": container},
    )

    made = component_children(manifest, PLATFORM)

    assert made.problem is not None
    assert made.problem.code == "NoMultinodeOrchestrator"
    assert made.manifests == ()


@pytest.mark.rule("workloads 5.10 annotations")
def test_only_pod_metadata_reaches_the_pods_annotations() -> None:
    component = a_component(annotations={"a": "1"}, extraPodMetadata={"annotations": {"b": "2"}})

    assert pod_template(component, PLATFORM)["metadata"]["annotations"] == {"b": "2"}


@pytest.mark.rule("workloads 7.3", "workloads 1.3 nvidia.com/enable-debug-mode")
def test_a_debugger_joins_when_asked_for() -> None:
    pod = pod_of(annotations={"nvidia.com/enable-debug-mode": "true"})

    assert [container["name"] for container in pod["containers"]] == ["main", "debugger"]
    assert pod["shareProcessNamespace"] is True


@pytest.mark.rule("workloads 6.1 #2", "workloads 5 #1")
def test_names_the_part_that_failed() -> None:
    with pytest.raises(RenderError) as error:
        pod_of(backendFramework="sglang", extraPodSpec={"mainContainer": {"command": ["python3", "-m", "dynamo.vllm"]}})

    assert error.value.text == (
        "failed to generate base pod spec: failed to determine backend framework: "
        'backend framework mismatch: detected "vllm" from command but explicitly configured as "sglang"'
    )
