"""Compute resources of the main container."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.problems import RenderError
from tests.unit.services.reconciler.desired.builders import container_of

MAIN = {"mainContainer": {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "claims": [{"name": "own"}]}}}


def resources_of(**spec: Any) -> Any:
    return container_of(**spec).get("resources")


@pytest.mark.rule(
    "workloads 5.6 cpu, memory",
    "workloads 5.6 gpu",
    "workloads 5.6 custom",
    "workloads 5.6 claims",
    "workloads 5.6 #2",
    "workloads 1.1 Default GPU resource name",
    "workloads 2.3 resources.requests, resources.limits",
    "workloads 2.3 resources.claims",
    "workloads 12 Resources #1",
    "workloads 12 Resources #2",
)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"limits": {"gpu": "1"}}, {"limits": {"nvidia.com/gpu": "1"}}, id="gpu"),
        pytest.param(
            {"limits": {"gpu": "2", "gpuType": "gpu.intel.com/xe"}}, {"limits": {"gpu.intel.com/xe": "2"}}, id="gpuType"
        ),
        pytest.param({"limits": {"gpu": "0"}}, {"limits": {"nvidia.com/gpu": "0"}}, id="no gpu is a limit too"),
        pytest.param(
            {"limits": {"custom": {"a/b": "1"}}, "requests": {"custom": {"c/d": "2"}}},
            {"limits": {"a/b": "1"}, "requests": {"c/d": "2"}},
            id="custom keys on both sides",
        ),
        pytest.param({"limits": {"cpu": ""}}, None, id="an empty text is skipped"),
        pytest.param({"requests": {"cpu": "1000m"}}, {"requests": {"cpu": "1"}}, id="canonical form"),
        pytest.param({"claims": [{"name": "x"}]}, {"claims": [{"name": "x"}]}, id="claims"),
    ],
)
def test_maps_the_fields_of_a_component(given: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert resources_of(resources=given) == expected


@pytest.mark.rule("W-16", "workloads 5.6 gpu")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"requests": {"gpu": "1", "gpuType": "amd.com/gpu"}, "limits": {"gpu": "2"}},
            {"requests": {"amd.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "2", "amd.com/gpu": "1"}},
            id="its own type",
        ),
        pytest.param(
            {"requests": {"gpu": "2"}, "limits": {"gpu": "2", "gpuType": "amd.com/gpu"}},
            {"requests": {"amd.com/gpu": "2"}, "limits": {"amd.com/gpu": "2"}},
            id="the type of the limits",
        ),
        pytest.param(
            {"requests": {"gpu": "2"}},
            {"requests": {"nvidia.com/gpu": "2"}, "limits": {"nvidia.com/gpu": "2"}},
            id="without a limit it is one, which the API demands",
        ),
    ],
)
def test_requested_gpus_reach_the_pod(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert resources_of(resources=given) == expected


@pytest.mark.rule(
    "workloads 5.3 #5",
    "workloads 5.6 #1",
    "workloads 5.6 claims",
    "workloads 12 Resources #4",
    "workloads 12 Resources #5",
)
def test_a_component_wins_over_its_container_key_by_key() -> None:
    found = resources_of(extraPodSpec=MAIN, resources={"limits": {"cpu": "4"}, "claims": [{"name": "b"}]})

    assert found == {"limits": {"cpu": "4", "memory": "1Gi"}, "claims": [{"name": "own"}, {"name": "b"}]}


@pytest.mark.rule("workloads 5.6 #2", "workloads 12 Resources #3")
@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"limits": {"cpu": "fast"}}, "parse limits cpu quantity"),
        ({"limits": {"memory": "much"}}, "parse limits memory quantity"),
        ({"limits": {"gpu": "all"}}, "parse limits gpu quantity"),
        ({"requests": {"custom": {"a/b": "?"}}}, "parse requests a/b quantity"),
    ],
)
def test_a_bad_quantity_is_named_by_its_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(RenderError) as error:
        resources_of(resources=given)

    assert error.value.text.startswith(f"failed to generate base pod spec: failed to get resources config: {key}: ")
    assert error.value.code == "QuantityInvalid"
