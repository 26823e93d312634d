"""Which services have a scaling adapter, and with how many replicas it begins."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.adapters import scaling_adapters
from shared.core import labels
from tests.unit.services.reconciler.desired.builders import NAMESPACE, a_graph, a_worker

ENABLED = {"enabled": True}


def adapters(services: dict[str, Any]) -> dict[str, int]:
    """Return the first replicas of each adapter by name."""
    found = scaling_adapters(a_graph(services))
    return {seed["metadata"]["name"]: seed["spec"]["replicas"] for seed in found.seeds}


@pytest.mark.rule("workloads 3.3 #1", "SA-02", "SA-03", "SA-04", "SA-05")
def test_an_adapter_names_its_graph_and_its_service_and_belongs_to_the_graph() -> None:
    found = scaling_adapters(a_graph({"Decode": a_worker(replicas=3, scalingAdapter=ENABLED)}))

    (manifest,), (seed,) = found.manifests, found.seeds
    assert manifest["metadata"] | {"ownerReferences": []} == {
        "name": "g-decode",
        "namespace": NAMESPACE,
        "labels": {labels.GRAPH_NAME: "g", labels.COMPONENT: "Decode"},
        "ownerReferences": [],
    }
    assert [each["uid"] for each in manifest["metadata"]["ownerReferences"]] == ["graph-uid"]
    assert manifest["spec"] == {"dgdRef": {"name": "g", "serviceName": "Decode"}}
    assert seed == {**manifest, "spec": {**manifest["spec"], "replicas": 3}}


@pytest.mark.rule(
    "SA-T1", "SA-T2", "SA-T3", "SA-T5", "SA-T6", "SA-01", "workloads 12 DGD #4", "workloads 4.8 #1", "TB-12", "SA-T7"
)
@pytest.mark.parametrize(
    ("services", "expected"),
    [
        pytest.param(
            {"Frontend": a_worker(replicas=2, scalingAdapter=ENABLED), "w": a_worker(replicas=3)},
            {"g-frontend": 2},
            id="only where it is enabled, with the name in lower case",
        ),
        pytest.param({"w": a_worker(scalingAdapter=ENABLED)}, {"g-w": 1}, id="one replica where none are given"),
        pytest.param({"w": a_worker(replicas=0, scalingAdapter=ENABLED)}, {"g-w": 0}, id="zero is kept"),
        pytest.param({"w": a_worker(scalingAdapter={"enabled": False})}, {}, id="disabled"),
        pytest.param({"w": a_worker(scalingAdapter={})}, {}, id="off by default"),
        pytest.param({"w": None}, {}, id="a service that is null"),
        pytest.param(
            {name: a_worker(scalingAdapter=ENABLED) for name in ("b", "a")}, {"g-a": 1, "g-b": 1}, id="several"
        ),
        pytest.param(
            {name: a_worker(scalingAdapter=ENABLED) for name in ("Decode", "decode")}, {}, id="names that collide"
        ),
    ],
)
def test_services_that_enable_one_have_an_adapter(services: dict[str, Any], expected: dict[str, int]) -> None:
    assert adapters(services) == expected
