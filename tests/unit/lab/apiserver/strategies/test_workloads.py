"""Workloads get the genuine defaults, and keep what may not change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.documents import Document, dumps, loads
from lab.apiserver.strategies import pods, workloads

FILLERS = (
    workloads.default_deployment,
    workloads.default_replica_set,
    workloads.default_stateful_set,
    workloads.default_daemon_set,
    workloads.default_job,
)
CONTAINERS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b"]), "image": st.sampled_from(["app", "app:1", "host:5000/app", "app@sha256:0"])},
    optional={
        "ports": st.just([{"containerPort": 80}]),
        "livenessProbe": st.just({"httpGet": {"port": 80}}),
        "resources": st.just({"limits": {"nvidia.com/gpu": "1"}}),
    },
)


def a_deployment(**spec: Any) -> Document:
    """Return a valid Deployment."""
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "a", "image": "app:1"}]}}
    return {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template, **spec}}


@settings(max_examples=30)
@given(st.sampled_from(FILLERS), st.lists(CONTAINERS, min_size=1, max_size=3))
def test_filling_in_twice_is_filling_in_once(fill: Any, containers: list[Document]) -> None:
    document = {"spec": {"template": {"spec": {"containers": loads(dumps(containers))}}}}

    fill(document)
    once = dumps(document)
    fill(document)

    assert dumps(document) == once


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("app", "Always"),
        ("app:latest", "Always"),
        ("app:1", "IfNotPresent"),
        ("host:5000/app", "Always"),
        ("host:5000/app:1", "IfNotPresent"),
        ("app@sha256:00", "IfNotPresent"),
    ],
)
def test_only_moving_tags_are_always_pulled(image: str, policy: str) -> None:
    spec: Document = {"containers": [{"name": "a", "image": image}]}

    pods.default_pod_spec(spec)

    assert spec["containers"][0]["imagePullPolicy"] == policy


def test_limits_are_requested_where_nothing_else_is_said() -> None:
    spec: Document = {"containers": [{"name": "a", "resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}]}

    pods.default_pod_spec(spec)

    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "2", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"selector": {}}, "spec.selector", id="no selector"),
        pytest.param(
            {"selector": {"matchLabels": {"app": "y"}}}, "spec.template.metadata.labels", id="a selector of other pods"
        ),
        pytest.param({"replicas": -1}, "spec.replicas", id="negative replicas"),
        pytest.param(
            {"template": {"metadata": {"labels": {"app": "x"}}}}, "spec.template.spec.containers", id="no container"
        ),
    ],
)
def test_a_workload_that_cannot_work_is_refused(change: dict[str, Any], field: str) -> None:
    assert field in [cause.field for cause in workloads.check_workload(a_deployment(**change), None)]


def test_a_selector_never_changes() -> None:
    changed = a_deployment()
    changed["spec"]["selector"] = {"matchLabels": {"app": "x"}, "matchExpressions": []}

    assert [cause.field for cause in workloads.check_workload(changed, a_deployment())] == ["spec.selector"]


def test_a_job_selects_the_pods_that_carry_its_uid() -> None:
    job: Document = {"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {}}}

    workloads.prepare_job(job, None)

    selected = job["spec"]["selector"]["matchLabels"].items()
    assert selected <= job["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("pod", "asked", "grace"),
    [
        pytest.param({"spec": {}}, None, 0, id="not scheduled"),
        pytest.param({"spec": {"nodeName": "n"}}, None, 30, id="as the default says"),
        pytest.param({"spec": {"nodeName": "n", "terminationGracePeriodSeconds": 5}}, None, 5, id="as the pod says"),
        pytest.param({"spec": {"nodeName": "n"}}, 0, 0, id="as the request says"),
        pytest.param({"spec": {"nodeName": "n"}, "status": {"phase": "Failed"}}, None, 0, id="ended already"),
    ],
)
def test_a_pod_gets_time_to_end_while_a_node_may_run_it(pod: Document, asked: int | None, grace: int) -> None:
    assert pods.pod_grace(pod, asked) == grace
