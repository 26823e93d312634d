"""The instance view: one instance for each pod, however many slices name it."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.discovery.endpoints.instances import Instance, instances, record
from shared.core import labels
from shared.core.json import Manifest
from shared.ports.passes import Entry
from shared.runtime.partitions.views.entries import entry_of_manifest


def an_endpoint(pod: str = "p1", *, ready: bool | None = True, kind: str = "Pod") -> dict[str, Any]:
    """Return one endpoint of a slice."""
    target = {"kind": kind, "name": pod, "uid": f"uid-{pod}"}
    return {"addresses": ["10.0.0.1"], "conditions": {"ready": ready}, "nodeName": "n1", "targetRef": target}


def a_slice(*endpoints: dict[str, Any], name: str = "s1", component: str = "web") -> Entry:
    """Return a slice of a component's Service."""
    own = {labels.GRAPH_NAME: "chat", labels.COMPONENT: component}
    manifest: Manifest = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": "team", "resourceVersion": "1", "labels": own},
        "endpoints": list(endpoints),
    }
    return entry_of_manifest(manifest, epoch="")[0]


def test_lists_the_pods_of_each_component() -> None:
    found = instances([a_slice(an_endpoint("p2"), an_endpoint("p1", ready=False)), a_slice(component="api")])

    assert found == [
        Instance("web", "p1", "uid-p1", "10.0.0.1", "n1", False),
        Instance("web", "p2", "uid-p2", "10.0.0.1", "n1", True),
    ]


def test_a_pod_in_two_slices_is_one_instance_and_ready_when_any_says_so() -> None:
    one, other = a_slice(an_endpoint(ready=False)), a_slice(an_endpoint(ready=True), name="s2")

    assert instances([one, other]) == instances([other, one]) == instances([other])


def test_what_is_no_pod_is_left_out() -> None:
    bare: dict[str, Any] = {"addresses": [], "conditions": {}}

    assert instances([a_slice(an_endpoint(kind="Node"), bare)]) == []


def test_an_endpoint_without_an_address_or_a_word_on_readiness_does_not_serve() -> None:
    endpoint = an_endpoint(ready=None) | {"addresses": []}

    assert instances([a_slice(endpoint)]) == [Instance("web", "p1", "uid-p1", "", "n1", False)]


ENDPOINTS = st.lists(st.builds(an_endpoint, st.sampled_from(("p1", "p2", "p3")), ready=st.booleans()), max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.lists(ENDPOINTS, max_size=3), st.randoms(use_true_random=False))
def test_equal_views_have_equal_bytes(endpoints: list[list[dict[str, Any]]], dice: Any) -> None:
    slices = [a_slice(*each, name=f"s{number}") for number, each in enumerate(endpoints)]
    before = record(instances(slices))
    dice.shuffle(slices)

    assert record(instances(slices)) == before


def test_the_record_is_readable() -> None:
    assert orjson.loads(record(instances([a_slice(an_endpoint())]))) == {
        "v": 1,
        "components": {"web": [{"pod": "p1", "uid": "uid-p1", "address": "10.0.0.1", "node": "n1", "ready": True}]},
    }
