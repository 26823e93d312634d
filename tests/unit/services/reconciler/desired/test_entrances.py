"""Ways into a Service: what is made of an ingress, and what is said of one that leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.entrances import entrance_cautions, entrances
from shared.api.components import Ingress
from shared.api.platform import Capability, PlatformContext

PLAIN = PlatformContext()
MESH = PlatformContext(capabilities=(Capability.ISTIO,))
CLASS = {"ingressControllerClassName": "nginx"}
GATEWAY = {"useVirtualService": True, "virtualServiceGateway": "mesh/gw"}


def spec_of(**spec: Any) -> Ingress:
    return Ingress.model_validate({"enabled": True, "host": "chat", **spec})


@pytest.mark.rule("workloads 7.7 #3", "workloads 7.7 looked at", "W-38", "workloads 10.9")
@pytest.mark.parametrize(
    ("platform", "spec", "kinds"),
    [
        pytest.param(PLAIN, CLASS, ["Ingress"], id="a class"),
        pytest.param(MESH, CLASS, ["Ingress"], id="a class in a mesh"),
        pytest.param(MESH, GATEWAY, ["VirtualService"], id="a gateway, though the installation has none"),
        pytest.param(MESH, {**CLASS, **GATEWAY}, ["Ingress", "VirtualService"], id="both at once"),
        pytest.param(PLAIN, {**CLASS, **GATEWAY}, ["Ingress"], id="both without a mesh"),
        pytest.param(PLAIN, GATEWAY, [], id="a gateway without a mesh"),
        pytest.param(MESH, {}, [], id="neither"),
    ],
)
def test_makes_what_the_spec_asks_for_and_the_cluster_serves(
    platform: PlatformContext, spec: dict[str, Any], kinds: list[str]
) -> None:
    found = entrances("web", "llm", wanted=spec_of(**spec), own_labels={}, platform=platform)

    assert [each["kind"] for each in found] == kinds


def test_without_an_ingress_nothing_leads_in() -> None:
    assert entrances("web", "llm", wanted=None, own_labels={}, platform=MESH) == []
    assert entrance_cautions("web", None, MESH) == ()


@pytest.mark.rule("workloads 7.7 #3", "W-38")
@pytest.mark.parametrize(
    ("platform", "spec", "words"),
    [
        pytest.param(PLAIN, {"enabled": False}, "", id="switched off"),
        pytest.param(PLAIN, CLASS, "", id="served by a class"),
        pytest.param(MESH, GATEWAY, "", id="served by the mesh"),
        pytest.param(
            PLAIN, {}, "of web is enabled and makes nothing: set ingress.ingressControllerClass", id="nothing"
        ),
        pytest.param(MESH, {"useVirtualService": True}, "is enabled and makes nothing", id="no gateway"),
        pytest.param(PLAIN, GATEWAY, "of web has no effect: the cluster does not serve networking.istio.io", id="away"),
    ],
)
def test_says_of_an_ingress_that_leads_nowhere_what_would_help(
    platform: PlatformContext, spec: dict[str, Any], words: str
) -> None:
    found = entrance_cautions("web", spec_of(**spec), platform)

    assert [words in each.text for each in found] == [True] * bool(words)
