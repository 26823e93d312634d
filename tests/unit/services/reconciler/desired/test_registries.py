"""What is read of a registry secret: for which registries it is, and nothing else."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.pull_secrets import registry_host, registry_of
from services.reconciler.desired.registries import by_registry, registries_of
from shared.core.errors import InvalidObjectError


def a_secret(content: bytes) -> dict[str, Any]:
    data = {".dockerconfigjson": base64.b64encode(content).decode()}
    return {"metadata": {"name": "s", "namespace": "llm"}, "type": "kubernetes.io/dockerconfigjson", "data": data}


def for_registries(*entries: str) -> dict[str, Any]:
    credentials = {"username": "me", "password": "hunter2", "auth": "bWU6aHVudGVyMg=="}
    return a_secret(orjson.dumps({"auths": dict.fromkeys(entries, credentials)}))


@pytest.mark.rule("PS-02", "PS-T1", "PS-T2", "PS-T3", "PS-T4", "PS-T5", "TB-25", "W-19", "workloads 5.8 #9")
@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("nvcr.io", "nvcr.io"),
        ("gitlab-master.example.com:5005", "gitlab-master.example.com:5005"),
        ("gitlab-master.example.com:5005/registry", "gitlab-master.example.com:5005"),
        ("https://host:5005/registry", "host:5005"),
        ("https://gitlab-master.example.com", "gitlab-master.example.com"),
        ("Registry.Example.COM", "registry.example.com"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("localhost", "localhost"),
    ],
)
def test_an_entry_is_for_the_registry_at_its_address(entry: str, host: str) -> None:
    assert registries_of(for_registries(entry)) == (host,)


@pytest.mark.rule("W-19", "PS-08")
@pytest.mark.parametrize("image", ["nginx", "nginx:latest", "nvidia/cuda:12", "docker.io/library/nginx"])
def test_images_of_docker_hub_find_its_secret_whatever_both_are_called(image: str) -> None:
    assert registries_of(for_registries("https://index.docker.io/v1/")) == (registry_host(image),)


def test_a_secret_for_several_registries_is_listed_once_for_each() -> None:
    assert registries_of(for_registries("nvcr.io/b", "a.io", "nvcr.io/a", "")) == ("a.io", "nvcr.io")


@pytest.mark.parametrize("content", [b"{}", b'{"auths": {}}'])
def test_a_secret_without_entries_is_for_no_registry(content: bytes) -> None:
    assert registries_of(a_secret(content)) == ()


@pytest.mark.rule("W-19", "TB-25", "PS-04")
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param({"metadata": {"name": "s"}}, id="without data"),
        pytest.param({"data": {".dockerconfigjson": "%%%"}}, id="not base64"),
        pytest.param(a_secret(b"hunter2"), id="not JSON"),
        pytest.param(a_secret(b'["hunter2"]'), id="a list"),
        pytest.param(a_secret(b'{"auths": ["hunter2"]}'), id="entries in a list"),
        pytest.param(a_secret(b'{"auths": null}'), id="entries that are null"),
    ],
)
def test_a_secret_that_cannot_be_read_is_refused_without_a_word_of_it(secret: dict[str, Any]) -> None:
    with pytest.raises(InvalidObjectError) as refused:
        registries_of(secret)

    assert "hunter2" not in str(refused.value)


@given(st.binary(max_size=40))
def test_no_content_breaks_more_than_its_own_secret(content: bytes) -> None:
    try:
        hosts = registries_of(a_secret(content))
    except InvalidObjectError:
        return
    assert hosts == ()


@pytest.mark.rule("OB-07", "PS-01", "workloads 12 Pull secrets #3")
def test_names_are_listed_by_registry_each_once_and_in_order() -> None:
    assert by_registry({"b": ("nvcr.io", "a.io"), "a": ("nvcr.io",), "c": ()}) == {"a.io": ["b"], "nvcr.io": ["a", "b"]}


@given(st.text(max_size=30))
def test_the_registry_at_an_address_is_found_again_at_itself(address: str) -> None:
    assert registry_of(registry_of(address)) == registry_of(address)
