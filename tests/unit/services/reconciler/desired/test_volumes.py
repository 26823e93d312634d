"""Volumes and mounts."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.problems import RenderError
from tests.unit.services.reconciler.desired.builders import container_of, environment_of, pod_of

VLLM = {"mainContainer": {"command": ["python3", "-m", "dynamo.vllm"]}}
SHARED = {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}
AT_SHARED = {"name": "shared-memory", "mountPath": "/dev/shm"}


def claim(name: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": name}}


@pytest.mark.rule(
    "workloads 5.3 #8",
    "workloads 5.7 volumeMounts[] entry",
    "workloads 5.8 #6",
    "workloads 2.3 volumeMounts[]",
    "workloads 12 Volumes #1",
)
def test_claims_follow_the_users_volumes_and_shared_memory_comes_last() -> None:
    pod = pod_of(
        extraPodSpec={
            "volumes": [{"name": "own", "emptyDir": {}}],
            "mainContainer": {"volumeMounts": [{"name": "own", "mountPath": "/own"}]},
        },
        volumeMounts=[{"name": "b", "mountPoint": "/b"}, {"name": "a", "mountPoint": "/a"}],
    )

    assert pod["volumes"] == [{"name": "own", "emptyDir": {}}, claim("b"), claim("a"), SHARED]
    assert [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]] == ["/own", "/b", "/a", "/dev/shm"]


@pytest.mark.rule("W-17", "workloads 5.7 #1")
def test_a_claim_mounted_twice_is_one_volume() -> None:
    pod = pod_of(volumeMounts=[{"name": "a", "mountPoint": "/x"}, {"name": "a", "mountPoint": "/y"}])

    assert pod["volumes"] == [claim("a"), SHARED]
    assert len(pod["containers"][0]["volumeMounts"]) == 3


@pytest.mark.rule("W-17")
def test_a_claim_named_twice_for_one_path_is_mounted_once() -> None:
    pod = pod_of(volumeMounts=[{"name": "a", "mountPoint": "/x"}, {"name": "a", "mountPoint": "/x"}])

    assert [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]] == ["/x", "/dev/shm"]


@pytest.mark.rule("W-17")
def test_a_volume_that_the_user_lists_is_not_listed_again() -> None:
    own = {"name": "a", "emptyDir": {}}

    pod = pod_of(extraPodSpec={"volumes": [own]}, volumeMounts=[{"name": "a", "mountPoint": "/x"}])

    assert pod["volumes"] == [own, SHARED]


@pytest.mark.rule(
    "workloads 5.7 sharedMemory unset",
    "workloads 5.7 sharedMemory.disabled: true",
    "workloads 5.7 sharedMemory.size non-zero",
    "workloads 1.1 Default shared memory",
    "workloads 2.3 sharedMemory",
    "workloads 12 Volumes #5",
)
@pytest.mark.parametrize(
    ("given", "volume"),
    [
        pytest.param(None, SHARED, id="default"),
        pytest.param({}, SHARED, id="nothing said"),
        pytest.param({"disabled": True}, None, id="disabled"),
        pytest.param({"disabled": True, "size": "1Gi"}, None, id="disabled with a size"),
        pytest.param(
            {"size": "1024Mi"},
            {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
            id="sized",
        ),
    ],
)
def test_shared_memory_is_there_unless_switched_off(given: Any, volume: Any) -> None:
    pod = pod_of(**({} if given is None else {"sharedMemory": given}))

    assert pod.get("volumes") == (None if volume is None else [volume])
    assert pod["containers"][0].get("volumeMounts") == (None if volume is None else [AT_SHARED])


def test_what_the_user_mounts_at_the_place_of_shared_memory_stays() -> None:
    mount = {"name": "mine", "mountPath": "/dev/shm"}

    pod = pod_of(extraPodSpec={"volumes": [{"name": "mine"}], "mainContainer": {"volumeMounts": [mount]}})

    assert pod["volumes"] == [{"name": "mine"}]
    assert pod["containers"][0]["volumeMounts"] == [mount]


@pytest.mark.rule(
    "workloads 5.7 empty name",
    "workloads 5.7 not a cache, empty mountPoint",
    "workloads 5.7 cache, empty mountPoint, other backend incl. noop",
    "workloads 12 Volumes #2",
    "workloads 12 Volumes #3",
    "workloads 12 Volumes #4",
)
@pytest.mark.parametrize(
    ("mount", "spec", "message"),
    [
        pytest.param({"mountPoint": "/x"}, {}, "volumeMount.name is required when volumeMounts is set", id="no name"),
        pytest.param(
            {"name": "a"},
            {},
            "volumeMount.mountPoint is required when useAsCompilationCache is false",
            id="no mount point",
        ),
        pytest.param(
            {"name": "a", "useAsCompilationCache": True},
            {"backendFramework": "sglang"},
            "volumeMount with useAsCompilationCache=true requires an explicit mountPoint for backend framework sglang "
            "(no default available)",
            id="no default cache for SGLang",
        ),
        pytest.param(
            {"name": "a", "useAsCompilationCache": True},
            {"componentType": "frontend"},
            "volumeMount with useAsCompilationCache=true requires an explicit mountPoint for backend framework noop "
            "(no default available)",
            id="no default cache without an engine",
        ),
    ],
)
def test_an_incomplete_mount_is_refused(mount: dict[str, Any], spec: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError) as error:
        pod_of(volumeMounts=[mount], **spec)

    assert error.value.text == f"failed to generate base pod spec: {message}"


@pytest.mark.rule(
    "W-18",
    "workloads 5.7 cache, empty mountPoint, backend vLLM",
    "workloads 1.1 Default vLLM compile-cache mount",
    "workloads 5.7 #2",
    "workloads 12 Volumes #4",
)
@pytest.mark.parametrize(
    ("mount", "path"),
    [
        pytest.param({"name": "c", "useAsCompilationCache": True}, "/root/.cache/vllm", id="default place"),
        pytest.param({"name": "c", "useAsCompilationCache": True, "mountPoint": "/c"}, "/c", id="own place"),
    ],
)
def test_vllm_is_told_where_its_cache_is(mount: dict[str, Any], path: str) -> None:
    container = container_of(extraPodSpec=VLLM, volumeMounts=[mount])

    assert {"name": "c", "mountPath": path} in container["volumeMounts"]
    assert container["env"][-1] == {"name": "VLLM_CACHE_ROOT", "value": path}


@pytest.mark.rule("W-13")
def test_the_users_own_cache_variable_wins_and_stands_once() -> None:
    container = container_of(
        extraPodSpec=VLLM,
        envs=[{"name": "VLLM_CACHE_ROOT", "value": "/mine"}],
        volumeMounts=[{"name": "c", "useAsCompilationCache": True}],
    )

    assert environment_of(container)["VLLM_CACHE_ROOT"] == "/mine"
    assert [entry["name"] for entry in container["env"]].count("VLLM_CACHE_ROOT") == 1


def test_an_unreadable_size_of_shared_memory_is_refused() -> None:
    with pytest.raises(RenderError, match="parse sharedMemory size quantity"):
        pod_of(sharedMemory={"size": "big"})
