"""Quotas refuse what they have no room for, in the genuine words, and their status tells what is used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document
from lab.apiserver.errors import ApiError
from lab.apiserver.quotas.controller import Quotas
from lab.apiserver.quotas.usage import Amount, amount, is_under, unspecified, usage_of
from lab.apiserver.requests.options import DeleteOptions, WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.schemas.quantities import parse_quantity
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.deleting import delete
from tests.unit.lab.apiserver.clusters import NAMESPACE, a_cluster, create_widget, parsed

GPU = "nvidia.com/gpu"


def a_pod(
    name: str = "one", *, requests: Document | None = None, limits: Document | None = None, **spec: Any
) -> Document:
    """Return a pod with one container."""
    resources = {"requests": requests or {}, "limits": limits or {}}
    container = {"name": "main", "image": "image:1", "resources": resources}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }


def a_quota(name: str = "small", **hard: str) -> Document:
    """Return a quota; in names of resources, two underscores stand for a slash and one for a dot."""
    limits = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": limits}}


def a_call(cluster: Cluster, plural: str, name: str = "", **options: Any) -> Call:
    """Return a call about a core kind in the default namespace."""
    resource = cluster.catalog.find("", "v1", plural)
    assert resource is not None
    return Call(Target(resource, NAMESPACE, name), SYSTEM, WriteOptions(**{"manager": "test", **options}))


async def a_limited_cluster(*quotas: Document) -> tuple[Cluster, Quotas]:
    """Return a cluster with quotas whose status is known."""
    cluster = await a_cluster()
    controller = Quotas(cluster)
    for quota in quotas:
        await create(cluster, a_call(cluster, "resourcequotas"), quota, [])
    await controller.settle_all()
    return cluster, controller


async def create_pod(cluster: Cluster, pod: Document, **options: Any) -> Document:
    """Create a pod."""
    return parsed(await create(cluster, a_call(cluster, "pods", **options), pod, []))


def used(cluster: Cluster, name: str = "small") -> Document:
    """Return what the status of a quota says is used."""
    quotas = cluster.store.collection("", "resourcequotas")
    record = quotas.get(f"{NAMESPACE}/{name}") if quotas is not None else None
    assert record is not None
    found: Document = record.document()["status"]["used"]
    return found


@pytest.mark.asyncio
async def test_refuses_a_pod_beyond_the_quota_in_the_genuine_words() -> None:
    cluster, _ = await a_limited_cluster(a_quota("gpus", requests_nvidia_com__gpu="2"))
    await create_pod(cluster, a_pod("first", limits={GPU: "2"}))

    with pytest.raises(ApiError) as refused:
        await create_pod(cluster, a_pod("second", limits={GPU: "1"}))

    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    assert refused.value.message == (
        'pods "second" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, '
        "used: requests.nvidia.com/gpu=2, limited: requests.nvidia.com/gpu=2"
    )
    assert used(cluster, "gpus") == {"requests.nvidia.com/gpu": "2"}


@pytest.mark.asyncio
async def test_what_is_used_falls_when_a_pod_goes() -> None:
    cluster, controller = await a_limited_cluster(a_quota(pods="1", requests_memory="2Gi"))
    await create_pod(cluster, a_pod("first", requests={"memory": "1536Mi"}))
    before = used(cluster)

    await delete(cluster, a_call(cluster, "pods", "first"), DeleteOptions())
    await controller.settle_all()

    assert before == {"pods": "1", "requests.memory": "1536Mi"}
    assert used(cluster) == {"pods": "0", "requests.memory": "0"}


@pytest.mark.asyncio
async def test_a_quota_counts_what_was_there_before_it() -> None:
    cluster = await a_cluster()
    await create_widget(cluster)
    controller = Quotas(cluster)

    await create(cluster, a_call(cluster, "resourcequotas"), a_quota(count__widgets_lab_example_com="1"), [])
    await controller.settle_all()

    assert used(cluster) == {"count/widgets.lab.example.com": "1"}
    with pytest.raises(ApiError, match="exceeded quota: small, requested: count/widgets"):
        await create_widget(cluster, "two")


@pytest.mark.asyncio
async def test_a_dry_run_is_checked_and_not_charged() -> None:
    cluster, _ = await a_limited_cluster(a_quota(pods="1"))

    await create_pod(cluster, a_pod(), dry_run=True)

    assert used(cluster) == {"pods": "0"}


@pytest.mark.asyncio
async def test_nothing_is_charged_where_another_quota_refuses() -> None:
    cluster, _ = await a_limited_cluster(a_quota("a", pods="5"), a_quota("b", pods="0"))

    with pytest.raises(ApiError, match="exceeded quota: b"):
        await create_pod(cluster, a_pod())

    assert used(cluster, "a") == {"pods": "0"}


@pytest.mark.asyncio
async def test_a_name_that_is_taken_is_not_charged() -> None:
    cluster, _ = await a_limited_cluster(a_quota(pods="5"))
    await create_pod(cluster, a_pod())

    with pytest.raises(ApiError, match="already exists"):
        await create_pod(cluster, a_pod())

    assert used(cluster) == {"pods": "1"}


@pytest.mark.asyncio
async def test_a_quota_that_nobody_has_counted_yet_refuses() -> None:
    cluster = await a_cluster()
    await create(cluster, a_call(cluster, "resourcequotas"), a_quota(pods="1"), [])

    with pytest.raises(ApiError, match="status unknown for quota: small, resources: pods"):
        await create_pod(cluster, a_pod())


@pytest.mark.asyncio
async def test_a_limited_amount_must_be_stated() -> None:
    cluster, _ = await a_limited_cluster(a_quota(requests_cpu="4"))

    with pytest.raises(ApiError) as refused:
        await create_pod(cluster, a_pod())

    assert refused.value.message == (
        'pods "one" is forbidden: failed quota: small: must specify requests.cpu for: main'
    )


def test_names_every_container_that_states_too_little() -> None:
    pod = a_pod()
    pod["spec"]["containers"].append({"name": "also", "resources": {"requests": {"cpu": "1"}}})

    assert unspecified(pod, ["requests.cpu", "limits.memory", "pods"]) == (
        "limits.memory for: also,main; requests.cpu for: main"
    )


def test_a_pod_uses_the_most_that_it_ever_needs() -> None:
    pod = a_pod(requests={"cpu": "1", GPU: "1"}, limits={"cpu": "2", GPU: "1"})
    pod["spec"]["initContainers"] = [
        {"name": "early", "resources": {"requests": {"cpu": "3"}}},
        {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}},
    ]

    found = {name: str(value) for name, value in usage_of("", "pods", pod).items()}

    assert found == {
        "count/pods": "1",
        "pods": "1",
        "requests.cpu": "3500m",
        "cpu": "3500m",
        "limits.cpu": "2",
        f"requests.{GPU}": "1",
    }


def test_a_pod_that_has_ended_is_only_counted() -> None:
    ended = {**a_pod(requests={"cpu": "1"}), "status": {"phase": "Failed"}}

    assert set(usage_of("", "pods", ended)) == {"count/pods"}


@pytest.mark.parametrize(
    ("group", "plural", "spec", "expected"),
    [
        pytest.param("apps", "deployments", {}, {"count/deployments.apps": "1"}, id="any kind is counted"),
        pytest.param(
            "",
            "services",
            {"type": "LoadBalancer", "ports": [1, 2]},
            {"count/services": "1", "services": "1", "services.loadbalancers": "1", "services.nodeports": "2"},
            id="a load balancer takes node ports",
        ),
        pytest.param(
            "",
            "services",
            {"type": "NodePort", "ports": [1]},
            {"count/services": "1", "services": "1", "services.nodeports": "1"},
            id="node ports",
        ),
        pytest.param(
            "",
            "persistentvolumeclaims",
            {"resources": {"requests": {"storage": "1Ti"}}},
            {"count/persistentvolumeclaims": "1", "persistentvolumeclaims": "1", "requests.storage": "1Ti"},
            id="a claim asks for storage",
        ),
    ],
)
def test_counts_other_kinds(group: str, plural: str, spec: Document, expected: Document) -> None:
    assert {name: str(value) for name, value in usage_of(group, plural, {"spec": spec}).items()} == expected


@pytest.mark.parametrize(
    ("scope", "pod", "expected"),
    [
        pytest.param({"scopes": ["Terminating"]}, a_pod(activeDeadlineSeconds=5), True, id="has an end"),
        pytest.param({"scopes": ["NotTerminating"]}, a_pod(activeDeadlineSeconds=5), False, id="has no end"),
        pytest.param(
            {"scopes": ["BestEffort"]}, {**a_pod(), "status": {"qosClass": "BestEffort"}}, True, id="best effort"
        ),
        pytest.param({"scopes": ["NotBestEffort"]}, {**a_pod(), "status": {"qosClass": "Burstable"}}, True, id="not"),
        pytest.param({"scopes": ["Unheard"]}, a_pod(), False, id="an unknown scope counts nothing"),
        pytest.param(
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
                }
            },
            a_pod(priorityClassName="high"),
            True,
            id="priority",
        ),
        pytest.param(
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["high"]}]
                }
            },
            a_pod(priorityClassName="high"),
            False,
            id="another priority",
        ),
        pytest.param(
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
            a_pod(),
            True,
            id="no priority",
        ),
        pytest.param({"scopes": ["PriorityClass"]}, a_pod(), False, id="any priority"),
    ],
)
def test_a_quota_with_scopes_counts_only_such_pods(scope: Document, pod: Document, *, expected: bool) -> None:
    quota = {"spec": {"hard": {}, **scope}}

    assert is_under(quota, "", "pods", pod) is expected
    assert not is_under(quota, "apps", "deployments", pod)


@given(st.decimals(min_value=0, max_value=10**12, places=3), st.booleans())
def test_an_amount_is_written_so_that_it_reads_the_same(value: Decimal, is_binary: bool) -> None:
    written = str(Amount(value, is_binary))

    assert parse_quantity(written) == value


@pytest.mark.parametrize("text", ["0", "500m", "1", "4k", "16Gi", "1536Mi", "1500m", "1n"])
def test_a_canonical_quantity_stays_as_it_is(text: str) -> None:
    assert str(amount(text)) == text


def test_what_is_no_quantity_counts_as_nothing() -> None:
    assert amount("many") == Amount()
