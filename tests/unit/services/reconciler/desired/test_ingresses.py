"""Ingresses: the default one of a frontend, and what a spec asks for."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.ingresses import default_ingress, host, ingress
from shared.api.components import Ingress
from shared.api.platform import IngressDefaults, Istio, PlatformContext

LABELS = {"nvidia.com/dynamo-graph-deployment-name": "web"}
OPTIONS = PlatformContext(
    ingress=IngressDefaults(class_name="nginx", tls_secret_name="tls-cert", host_suffix="example.com"),
    istio=Istio(gateway="istio-system/gw"),
)


def made(**spec: Any) -> Any:
    wanted = Ingress.model_validate({"enabled": True, "host": "chat", "ingressControllerClassName": "nginx", **spec})
    return ingress("web-frontend", "llm", wanted=wanted, own_labels=LABELS)


@pytest.mark.rule("workloads 10.9", "workloads 7.7 rule", "workloads 7.7 name", "workloads 12 Ingress #1")
def test_leads_from_the_host_to_the_http_port_of_the_service() -> None:
    wanted = Ingress.model_validate(default_ingress("web", OPTIONS))

    assert ingress("web-frontend", "llm", wanted=wanted, own_labels=LABELS) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web-frontend", "namespace": "llm", "labels": LABELS},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": "web.example.com",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web-frontend", "port": {"number": 8000}}},
                            }
                        ]
                    },
                }
            ],
            "tls": [{"hosts": ["web.example.com"], "secretName": "tls-cert"}],
        },
    }


@pytest.mark.rule("workloads 7.7 kept when", "workloads 12 Ingress #1")
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"enabled": False}, id="switched off"),
        pytest.param({"ingressControllerClassName": None}, id="no class"),
        pytest.param({"ingressControllerClassName": ""}, id="an empty class"),
    ],
)
def test_nothing_is_made_that_no_class_would_serve(spec: dict[str, Any]) -> None:
    assert made(**spec) is None


@pytest.mark.rule("workloads 7.7 #2", "workloads 12 Ingress #1", "workloads 1.1 Default ingress host suffix")
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, "chat.local", id="neither"),
        pytest.param({"hostPrefix": "dev-"}, "dev-chat.local", id="a prefix"),
        pytest.param({"hostSuffix": "example.com"}, "chat.example.com", id="a suffix"),
        pytest.param({"hostSuffix": ""}, "chat.", id="a suffix that is empty counts"),
        pytest.param({"hostPrefix": "a.", "hostSuffix": "b"}, "a.chat.b", id="both"),
    ],
)
def test_the_host_has_prefix_and_suffix(spec: dict[str, Any], expected: str) -> None:
    assert host(Ingress.model_validate({"host": "chat", **spec})) == expected


@pytest.mark.rule("workloads 7.7 TLS", "workloads 12 Ingress #1")
@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param({"secretName": "own"}, [{"hosts": ["chat.local"], "secretName": "own"}], id="a secret"),
        pytest.param({}, [{"hosts": ["chat.local"]}], id="the controller's own certificate"),
    ],
)
def test_tls_is_for_the_host(tls: Any, expected: Any) -> None:
    assert made(tls=tls)["spec"].get("tls") == expected


@pytest.mark.rule("W-40", "workloads 7.7 ingress annotations, labels")
def test_carries_labels_and_annotations_of_the_spec_below_the_platform_s_own() -> None:
    found = made(
        labels={"team": "a", "nvidia.com/dynamo-graph-deployment-name": "other"}, annotations={"example.com/x": "1"}
    )

    assert found["metadata"]["labels"] == {"team": "a", **LABELS}
    assert found["metadata"]["annotations"] == {"example.com/x": "1"}
