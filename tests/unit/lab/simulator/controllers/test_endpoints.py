"""Which EndpointSlices a Service has."""

import pytest

from lab.simulator.controllers.endpoints import endpoint_slices, is_same, selects, wants_slices
from tests.unit.lab.simulator.objects import STAMP, a_pod, a_service


def test_a_ready_pod_is_a_ready_endpoint() -> None:
    (slice_,) = endpoint_slices(a_service(), [a_pod("a", is_ready=True, node="n", ip="10.0.0.1")])

    assert slice_["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "targetRef": {"kind": "Pod", "namespace": "team", "name": "a", "uid": "uid-a"},
            "nodeName": "n",
        }
    ]
    assert slice_["ports"] == [{"name": "http", "protocol": "TCP", "port": 8000}]


def test_the_slice_carries_the_labels_that_say_whose_it_is() -> None:
    (slice_,) = endpoint_slices(a_service(clusterIP="None"), [])

    assert slice_["metadata"]["labels"] == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "service.kubernetes.io/headless": "",
    }
    assert slice_["metadata"]["ownerReferences"][0]["uid"] == "uid-service"


def test_an_unready_pod_is_an_endpoint_that_is_not_ready() -> None:
    pod = a_pod("a", ip="10.0.0.1")

    (slice_,) = endpoint_slices(a_service(), [pod])
    (publishing,) = endpoint_slices(a_service(publishNotReadyAddresses=True), [pod])

    assert slice_["endpoints"][0]["conditions"]["ready"] is False
    assert publishing["endpoints"][0]["conditions"] == {"ready": True, "serving": False, "terminating": False}


def test_a_pod_on_its_way_out_is_terminating_and_not_ready() -> None:
    pod = a_pod("a", is_ready=True, ip="10.0.0.1")
    pod["metadata"]["deletionTimestamp"] = STAMP

    (slice_,) = endpoint_slices(a_service(), [pod])

    assert slice_["endpoints"][0]["conditions"] == {"ready": False, "serving": True, "terminating": True}


def test_a_pod_without_an_address_is_no_endpoint_yet() -> None:
    (slice_,) = endpoint_slices(a_service(), [a_pod("a")])

    assert slice_["endpoints"] == []


def test_a_named_target_port_is_each_pods_own() -> None:
    containers = [{"name": "main", "ports": [{"name": "api", "containerPort": 9000}]}]
    pod = a_pod("a", ip="10.0.0.1", containers=containers)

    (slice_,) = endpoint_slices(a_service(ports=[{"name": "http", "port": 80, "targetPort": "api"}]), [pod])

    assert slice_["ports"] == [{"name": "http", "protocol": "TCP", "port": 9000}]


def test_more_than_a_hundred_endpoints_are_several_slices() -> None:
    pods = [a_pod(f"pod-{number:03}", ip=f"10.0.0.{number}") for number in range(150)]

    assert [len(slice_["endpoints"]) for slice_ in endpoint_slices(a_service(), pods)] == [100, 50]


def test_the_order_of_pods_does_not_matter() -> None:
    pods = [a_pod("a", ip="10.0.0.1"), a_pod("b", ip="10.0.0.2")]

    assert endpoint_slices(a_service(), pods) == endpoint_slices(a_service(), pods[::-1])


def test_a_slice_that_says_what_is_wanted_is_left_alone() -> None:
    (wanted,) = endpoint_slices(a_service(), [a_pod("a", ip="10.0.0.1")])
    (other,) = endpoint_slices(a_service(), [a_pod("b", ip="10.0.0.2")])

    assert is_same(wanted, wanted)
    assert not is_same(wanted, other)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        pytest.param({}, True, id="a selector asks for slices"),
        pytest.param({"selector": None}, False, id="without a selector somebody else writes them"),
        pytest.param({"type": "ExternalName"}, False, id="an external name has none"),
    ],
)
def test_slices_are_made_for_services_with_a_selector(spec: dict[str, object], wanted: bool) -> None:
    assert wants_slices(a_service(**spec)) is wanted


def test_a_service_selects_by_all_its_labels() -> None:
    assert selects(a_service(), a_pod())
    assert not selects(a_service(selector={"app": "web", "tier": "x"}), a_pod())
