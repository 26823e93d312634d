"""What we render for the recorded manifests against what the reference made of them, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.rendering import render
from shared.api.platform import Etcd, Nats, PlatformContext
from tests.conformance import Conformance
from tests.parity import scope
from tests.parity.comparison import accepted, applied, by_key, compare, recorded

KINDS = ("Deployment", "DynamoComponentDeployment", "Service")
PLATFORM = PlatformContext(
    nats=Nats(address="nats://dynamo-platform-nats.dynamo-system.svc.cluster.local:4222"),
    etcd=Etcd(address="dynamo-platform-etcd.dynamo-system.svc.cluster.local:2379"),
)


def rendered(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    graphs = [document for document in documents if document["kind"] == "DynamoGraphDeployment"]
    return [manifest for graph in graphs for manifest in render(graph, PLATFORM)]


def made_by_reference(conformance: Conformance, path: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    objects = recorded(conformance, "A-plain", path)
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


def test_each_accepted_deviation_says_why_and_what_it_changes() -> None:
    assert [entry for entry in accepted() if not (entry["why"] and entry["effect"])] == []
