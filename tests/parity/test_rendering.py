"""What we render for the recorded manifests against what the reference made of them, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.rendering import render
from shared.api.platform import (
    Discovery,
    DiscoveryBackend,
    Etcd,
    IngressDefaults,
    Istio,
    ModelExpress,
    Nats,
    PlatformContext,
    Prometheus,
)
from tests.conformance import Conformance
from tests.parity import scope
from tests.parity.comparison import accepted, applied, by_key, compare, recorded

KINDS = ("Deployment", "DynamoComponentDeployment", "Service")
PLATFORM = PlatformContext(
    nats=Nats(address="nats://dynamo-platform-nats.dynamo-system.svc.cluster.local:4222"),
    etcd=Etcd(address="dynamo-platform-etcd.dynamo-system.svc.cluster.local:2379"),
)


WITH_OPTIONS = PLATFORM.model_copy(
    update={
        "ingress": IngressDefaults(class_name="nginx", tls_secret_name="tls-cert", host_suffix="example.com"),
        "istio": Istio(gateway="istio-system/gw"),
        "model_express": ModelExpress(url="http://model-express:8001"),
        "prometheus": Prometheus(endpoint="http://prometheus:9090"),
    }
)
WITH_ETCD = PLATFORM.model_copy(update={"discovery": Discovery(backend=DiscoveryBackend.ETCD)})


def rendered(documents: list[dict[str, Any]], platform: PlatformContext = PLATFORM) -> list[dict[str, Any]]:
    graphs = [document for document in documents if document["kind"] == "DynamoGraphDeployment"]
    return [manifest for graph in graphs for manifest in render(graph, platform)]


def made_by_reference(
    conformance: Conformance, path: str, cluster: str = "A-plain"
) -> dict[tuple[str, str, str], dict[str, Any]]:
    objects = recorded(conformance, cluster, path)
    return {
        key: {name: value for name, value in manifest.items() if name != "status"}
        for key, manifest in objects.items()
        if key[1] in KINDS
    }


def test_the_list_of_manifests_is_complete(conformance: Conformance) -> None:
    assert tuple(scope.found(conformance)) == scope.SINGLE_NODE
    assert len(scope.SINGLE_NODE) == 29


@pytest.mark.parametrize("path", scope.SINGLE_NODE)
def test_renders_what_the_reference_makes(conformance: Conformance, path: str) -> None:
    ours = by_key(rendered(applied(conformance, path)))

    result = compare(conformance, made_by_reference(conformance, path), ours)

    assert result.differences == ()
    assert result.compared > 100


@pytest.mark.parametrize(
    ("cluster", "platform", "path"),
    [
        *(pytest.param("D-options", WITH_OPTIONS, path, id=f"options {path}") for path in scope.WITH_OPTIONS),
        *(pytest.param("F-etcd", WITH_ETCD, path, id=f"etcd {path}") for path in scope.WITH_ETCD),
    ],
)
def test_renders_the_same_on_other_installations(
    conformance: Conformance, cluster: str, platform: PlatformContext, path: str
) -> None:
    ours = by_key(rendered(applied(conformance, path), platform))

    result = compare(conformance, made_by_reference(conformance, path, cluster), ours)

    assert result.differences == ()
    assert result.compared > 100


def test_each_accepted_deviation_says_why_and_what_it_changes() -> None:
    assert [entry for entry in accepted() if not (entry["why"] and entry["effect"])] == []
