"""Laying a partial container or pod spec over the default one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.merging import CONTAINER, POD_SPEC, merged

MANIFESTS = st.dictionaries(
    st.sampled_from(["image", "command", "tty", "resources", "securityContext", "restartPolicy"]),
    st.one_of(st.text(max_size=3), st.booleans(), st.lists(st.text(max_size=2), max_size=2), st.just({"a": "1"})),
    max_size=5,
)


@pytest.mark.rule(
    "workloads 5.5 #1",
    "workloads 5.5 string, bool, number (plain)",
    "workloads 5.5 optional scalar/object held by reference (terminationGracePeriodSeconds, "
    "securityContext, affinity, probes, lifecycle, runAsUser…)",
    "workloads 5.5 list (command, args, ports, env, volumes, containers, tolerations, volumeMounts, envFrom…)",
    "workloads 5.5 map (nodeSelector, resources.limits, resources.requests, overhead)",
    "workloads 5.5 nested plain struct (resources)",
)
@pytest.mark.parametrize(
    ("base", "override", "expected"),
    [
        pytest.param({"image": "a"}, {"image": "b"}, {"image": "b"}, id="a plain value wins"),
        pytest.param({"image": "a"}, {"image": ""}, {"image": "a"}, id="an empty text clears nothing"),
        pytest.param({"tty": True}, {"tty": False}, {"tty": True}, id="false clears nothing"),
        pytest.param({"image": "a"}, {"image": None}, {"image": "a"}, id="null is absent"),
        pytest.param({"args": ["a"]}, {"args": ["b", "c"]}, {"args": ["b", "c"]}, id="a list is replaced whole"),
        pytest.param({"args": ["a"]}, {"args": []}, {"args": ["a"]}, id="an empty list keeps the base"),
        pytest.param(
            {"livenessProbe": {"periodSeconds": 5, "exec": {}}},
            {"livenessProbe": {"tcpSocket": {"port": 1}}},
            {"livenessProbe": {"tcpSocket": {"port": 1}}},
            id="a probe is replaced whole",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1"}}},
            {"resources": {"limits": {"cpu": "2", "x": ""}}},
            {"resources": {"limits": {"cpu": "2", "memory": "1Gi", "x": ""}, "requests": {"cpu": "1"}}},
            id="resources are joined by key, also with an empty value",
        ),
    ],
)
def test_overrides_a_container_with_non_zero_values(
    base: dict[str, Any], override: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merged(base, override, CONTAINER) == expected


@pytest.mark.rule(
    "workloads 5.5 optional scalar/object held by reference (terminationGracePeriodSeconds, "
    "securityContext, affinity, probes, lifecycle, runAsUser…)",
    "workloads 5.5 map (nodeSelector, resources.limits, resources.requests, overhead)",
    "workloads 12 Merging #10",
)
@pytest.mark.parametrize(
    ("base", "override", "expected"),
    [
        pytest.param(
            {"terminationGracePeriodSeconds": 60},
            {"terminationGracePeriodSeconds": 0},
            {"terminationGracePeriodSeconds": 0},
            id="an optional number may be zero",
        ),
        pytest.param({}, {"hostNetwork": False}, {}, id="a plain zero is left out"),
        pytest.param(
            {},
            {"enableServiceLinks": False},
            {"enableServiceLinks": False},
            id="an optional false is given",
        ),
        pytest.param({"securityContext": {"fsGroup": 1}}, {"securityContext": {}}, {"securityContext": {}}, id="{}"),
        pytest.param(
            {"nodeSelector": {"a": "1", "b": "1"}},
            {"nodeSelector": {"b": "2"}},
            {"nodeSelector": {"a": "1", "b": "2"}},
            id="a node selector is joined",
        ),
    ],
)
def test_overrides_a_pod_spec_by_kind_of_field(
    base: dict[str, Any], override: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merged(base, override, POD_SPEC) == expected


@given(base=MANIFESTS, override=MANIFESTS)
def test_laying_the_same_over_it_twice_changes_nothing(base: dict[str, Any], override: dict[str, Any]) -> None:
    once = merged(base, override, CONTAINER)

    assert merged(once, override, CONTAINER) == once


@given(base=MANIFESTS)
def test_nothing_laid_over_it_changes_nothing(base: dict[str, Any]) -> None:
    assert merged(base, {}, CONTAINER) == base
