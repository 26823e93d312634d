"""VirtualServices of Istio."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.ingresses import default_ingress
from services.reconciler.desired.virtual_services import virtual_service
from shared.api.components import Ingress
from tests.unit.services.reconciler.desired.test_ingresses import LABELS, OPTIONS


def made(**spec: Any) -> Any:
    wanted = Ingress.model_validate(
        {"enabled": True, "host": "chat", "useVirtualService": True, "virtualServiceGateway": "mesh/gw", **spec}
    )
    return virtual_service("web-frontend", "llm", wanted=wanted, own_labels=LABELS)


@pytest.mark.rule("workloads 10.9", "workloads 7.7 rule", "workloads 12 Ingress #2")
def test_leads_from_the_gateway_to_the_http_port_of_the_service() -> None:
    wanted = Ingress.model_validate(default_ingress("web", OPTIONS))

    assert virtual_service("web-frontend", "llm", wanted=wanted, own_labels=LABELS) == {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "web-frontend", "namespace": "llm", "labels": LABELS},
        "spec": {
            "hosts": ["web.example.com"],
            "gateways": ["istio-system/gw"],
            "http": [
                {
                    "match": [{"uri": {"prefix": "/"}}],
                    "route": [{"destination": {"host": "web-frontend", "port": {"number": 8000}}}],
                }
            ],
        },
    }


@pytest.mark.rule("workloads 7.7 kept when", "workloads 12 Ingress #2")
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"enabled": False}, id="ingress switched off"),
        pytest.param({"useVirtualService": False}, id="not asked for"),
        pytest.param({"virtualServiceGateway": ""}, id="no gateway"),
    ],
)
def test_nothing_is_made_without_a_gateway_that_is_asked_for(spec: dict[str, Any]) -> None:
    assert made(**spec) is None


@pytest.mark.rule("W-40", "workloads 7.7 TLS")
def test_carries_labels_and_annotations_and_leaves_tls_to_the_gateway() -> None:
    found = made(labels={"team": "a"}, annotations={"example.com/x": "1"}, tls={"secretName": "own"})

    assert found["metadata"]["labels"] == {"team": "a", **LABELS}
    assert found["metadata"]["annotations"] == {"example.com/x": "1"}
    assert set(found["spec"]) == {"hosts", "gateways", "http"}
