"""Which registry an image comes from, and which pull secrets its pods get."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.pull_secrets import DISABLE, registry_host
from shared.core import labels
from tests.unit.services.reconciler.desired.builders import pod_of


@pytest.mark.rule(
    "PS-T1",
    "PS-T2",
    "PS-T3",
    "PS-T4",
    "PS-T5",
    "TB-25",
    "W-19",
    "workloads 5.8 nvcr.io/nvidia/x:1.0",
    "workloads 5.8 gitlab-master.example.com:5005/registry",
    "workloads 5.8 https://host:5005/registry",
    "workloads 5.8 frontend-image",
    "workloads 5.8 nginx:latest",
    "workloads 5.8 empty",
    "workloads 5.8 #10",
)
@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("nvcr.io/nvidia/x:1.0", "nvcr.io"),
        ("gitlab-master.example.com:5005/registry", "gitlab-master.example.com:5005"),
        ("https://host.example:5005/registry", "host.example:5005"),
        ("https://gitlab-master.example.com", "gitlab-master.example.com"),
        ("localhost/x", "localhost"),
        ("Registry.Example.COM/x", "registry.example.com"),
        ("nginx:latest", "docker.io"),
        ("nginx", "docker.io"),
        ("nvidia/cuda", "docker.io"),
        ("docker.io/nvidia/cuda", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io/x", "docker.io"),
        ("", ""),
    ],
)
def test_finds_the_registry_of_an_image(image: str, host: str) -> None:
    assert registry_host(image) == host


NVCR = Surroundings(pull_secrets={"nvcr.io": ("two", "one", "one"), "docker.io": ("hub",)})


def names(surroundings: Surroundings = NVCR, **spec: Any) -> list[str]:
    """Return the pull secrets of the pods of a component."""
    pod = {"mainContainer": {"image": "nvcr.io/nvidia/x:1"}, **spec.pop("extraPodSpec", {})}
    found = pod_of(surroundings=surroundings, extraPodSpec=pod, **spec)
    return [each["name"] for each in found.get("imagePullSecrets", [])]


@pytest.mark.rule(
    "workloads 12 Pull secrets #1", "workloads 5.8 #9", "workloads 1.3 nvidia.com/disable-image-pull-secret-discovery"
)
@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({DISABLE: "true"}, [], id="turned off"),
        pytest.param({DISABLE: "false"}, ["one", "two"], id="false"),
        pytest.param({DISABLE: "invalid"}, ["one", "two"], id="invalid"),
        pytest.param({}, ["one", "two"], id="absent"),
    ],
)
def test_only_the_exact_annotation_turns_discovery_off(annotations: dict[str, str], expected: list[str]) -> None:
    assert names(annotations=annotations) == expected


@pytest.mark.rule("workloads 12 Pull secrets #1", "workloads 12 Pull secrets #4", "PS-06")
def test_a_namespace_without_secrets_adds_none() -> None:
    assert names(NOTHING) == []


@pytest.mark.rule("workloads 12 Pull secrets #2", "workloads 5.8 #7", "workloads 5.8 #8")
def test_a_secret_that_the_user_lists_is_not_repeated() -> None:
    assert names(extraPodSpec={"imagePullSecrets": [{"name": "own"}, {"name": "two"}]}) == ["own", "two", "one"]


@pytest.mark.rule("workloads 12 Pull secrets #3", "OB-07", "TB-25")
def test_discovered_secrets_come_once_and_in_order() -> None:
    assert names() == ["one", "two"]


@pytest.mark.rule("workloads 12 Pull secrets #4")
@pytest.mark.parametrize("given", [None, []])
def test_a_list_that_is_null_or_empty_is_as_none(given: object) -> None:
    assert names(extraPodSpec={"imagePullSecrets": given}) == ["one", "two"]


@pytest.mark.rule("PS-07", "workloads 5.8 #9")
def test_images_of_sidecars_and_components_without_an_image_find_none() -> None:
    sidecar = {"name": "s", "image": "nvcr.io/x"}

    assert names(extraPodSpec={"containers": [sidecar], "mainContainer": {}}) == []
    assert names(extraPodSpec={"containers": [sidecar], "mainContainer": {"image": "quay.io/x"}}) == []


@pytest.mark.rule("W-60", "workloads 5.9 4")
def test_the_account_with_the_smallest_name_is_taken_of_those_that_are_marked() -> None:
    marked = Surroundings(component_accounts=("b", "a"))

    assert pod_of(surroundings=marked, annotations={labels.DISCOVERY_BACKEND: "etcd"})["serviceAccountName"] == "a"
    assert pod_of(annotations={labels.DISCOVERY_BACKEND: "etcd"})["serviceAccountName"] == "default"
