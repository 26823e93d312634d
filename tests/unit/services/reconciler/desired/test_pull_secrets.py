"""Which registry an image comes from."""

from __future__ import annotations

import pytest

from services.reconciler.desired.pull_secrets import registry_host


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
