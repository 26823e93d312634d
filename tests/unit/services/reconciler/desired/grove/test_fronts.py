"""What stands in front of the services of a graph in Grove mode."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.platform import Capability, IngressDefaults, Istio
from shared.core import labels
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_service, a_worker
from tests.unit.services.reconciler.desired.grove.builders import GROVE, a_wide_service, objects

ETCD = {"annotations": {labels.DISCOVERY_BACKEND: "etcd"}}


def service_names(**graph: Any) -> set[str]:
    """Return the names of the Services of a graph with a frontend, a worker and a helper."""
    found = objects({"Frontend": a_service("frontend"), "W": a_worker(), "x": a_service("")}, **graph)
    return {name for kind, name in found if kind == "Service"}


@pytest.mark.rule("workloads 8.6 #1")
def test_every_service_has_one_where_discovery_is_by_kubernetes() -> None:
    assert service_names() == {"g-frontend", "g-w", "g-x"}


@pytest.mark.rule("workloads 8.6 #1")
def test_only_frontends_have_one_otherwise() -> None:
    assert service_names(**ETCD) == {"g-frontend"}


@pytest.mark.rule("workloads 8.6 #1", "W-36", "workloads 10.2")
def test_a_service_is_in_front_of_its_own_pods_and_leads_discovery_to_its_graph() -> None:
    found = objects({"Decode": a_worker(), "Prefill": a_worker()})["Service", "g-decode"]

    assert found["spec"] == {
        "selector": {
            "nvidia.com/dynamo-component": "Decode",
            "nvidia.com/dynamo-component-type": "worker",
            "nvidia.com/dynamo-namespace": "llm-g",
        },
        "ports": [{"name": "system", "port": 9090, "protocol": "TCP", "targetPort": "system"}],
    }
    assert found["metadata"]["labels"] == {
        "nvidia.com/dynamo-component": "Decode",
        "nvidia.com/dynamo-graph-deployment-name": "g",
        "nvidia.com/dynamo-discovery-backend": "kubernetes",
        "nvidia.com/dynamo-discovery-enabled": "true",
    }
    assert "annotations" not in found["metadata"]


@pytest.mark.rule("workloads 8.6 #1")
def test_a_frontend_carries_both_labels_of_discovery() -> None:
    found = objects({"Frontend": a_service("frontend")})["Service", "g-frontend"]

    assert found["metadata"]["labels"][labels.DISCOVERY_ENABLED] == "true"
    assert found["spec"]["ports"][0]["port"] == 8000


@pytest.mark.rule("W-36", "workloads 8.6 #1")
def test_of_several_nodes_only_the_leader_answers() -> None:
    found = objects({"big": a_wide_service()})["Service", "g-big"]

    assert found["spec"]["selector"]["role"] == "leader"


@pytest.mark.rule("workloads 8.6 #2")
def test_a_frontend_gets_the_ways_in_that_the_installation_has() -> None:
    platform = PLATFORM.with_capabilities([Capability.GROVE, Capability.ISTIO]).model_copy(
        update={"ingress": IngressDefaults(class_name="nginx"), "istio": Istio(gateway="istio-system/gw")}
    )

    found = objects({"Frontend": a_service("frontend"), "w": a_worker()}, platform=platform)

    assert {key for key in found if key[0] in ("Ingress", "VirtualService")} == {
        ("Ingress", "g-frontend"),
        ("VirtualService", "g-frontend"),
    }
    assert found["Ingress", "g-frontend"]["spec"]["rules"][0]["host"] == "g.local"
    assert all(each["metadata"]["ownerReferences"][0]["name"] == "g" for each in found.values())


@pytest.mark.rule("workloads 8.6 #2")
def test_a_frontends_own_ingress_is_taken_and_that_of_others_is_not() -> None:
    ingress = {"enabled": True, "host": "mine", "ingressControllerClassName": "nginx"}

    found = objects({"f": a_service("frontend", ingress=ingress), "w": a_worker(ingress=ingress)}, platform=GROVE)

    assert [name for kind, name in found if kind == "Ingress"] == ["g-f"]
    assert found["Ingress", "g-f"]["spec"]["rules"][0]["host"] == "mine.local"
