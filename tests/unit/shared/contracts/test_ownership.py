"""The ownership digest: drift is what takes a field of ours away, and nothing else looks like it."""

from typing import Any

import pytest

from shared.contracts.ownership import FINALIZERS, GRAPH_CHILDREN, MANAGER_PREFIX, RBAC, STATUS, ownership_digest
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.testing.cluster import FakeCluster

OURS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "one", "namespace": "default", "labels": {"a": "1"}},
    "spec": {"ports": [{"port": 80}], "type": "ClusterIP"},
}


async def applied(cluster: FakeCluster, manager: str = GRAPH_CHILDREN, **spec: Any) -> Manifest:
    return await cluster.apply({**OURS, "spec": {**OURS["spec"], **spec}}, manager=manager)  # type: ignore[dict-item]  # a mapping


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "managed",
    [
        pytest.param({"manager": "kubectl", "fieldsV1": {"f:x": {}}}, id="a foreign manager"),
        pytest.param({"manager": STATUS, "subresource": "status", "fieldsV1": {"f:status": {}}}, id="our status"),
        pytest.param({"manager": FINALIZERS, "fieldsV1": {"f:metadata": {}}}, id="our finalizer"),
        pytest.param({"manager": GRAPH_CHILDREN, "subresource": "scale", "fieldsV1": {}}, id="a subresource"),
    ],
)
async def test_what_others_own_does_not_change_it(managed: dict[str, Any]) -> None:
    answer = await applied(FakeCluster())
    others = {
        **answer,
        "metadata": {**answer["metadata"], "managedFields": [*answer["metadata"]["managedFields"], managed]},
    }

    assert ownership_digest(others) == ownership_digest(answer)


@pytest.mark.asyncio
async def test_a_value_of_a_foreign_field_does_not_change_it() -> None:
    cluster = FakeCluster()
    answer = await applied(cluster)

    edited = cluster.edit(ref_of(answer), lambda live: live["metadata"]["labels"].update(b="2"))

    assert ownership_digest(edited) == ownership_digest(answer)


@pytest.mark.asyncio
async def test_whoever_changes_a_field_of_ours_changes_it() -> None:
    cluster = FakeCluster()
    answer = await applied(cluster)

    edited = cluster.edit(ref_of(answer), lambda live: live["metadata"]["labels"].update(a="2"))
    repaired = await applied(cluster)

    assert ownership_digest(edited) != ownership_digest(answer)
    assert ownership_digest(repaired) == ownership_digest(answer)


@pytest.mark.asyncio
async def test_values_do_not_enter_it() -> None:
    assert ownership_digest(await applied(FakeCluster(), type="ClusterIP")) == ownership_digest(
        await applied(FakeCluster(), type="NodePort")
    )


@pytest.mark.asyncio
async def test_the_owner_counts() -> None:
    answer = await applied(FakeCluster())
    adopted = {**answer, "metadata": {**answer["metadata"], "ownerReferences": [{"uid": "u"}]}}

    assert ownership_digest(adopted) != ownership_digest(answer)


@pytest.mark.asyncio
async def test_it_does_not_depend_on_the_order_of_managers() -> None:
    answer = await applied(FakeCluster())
    entries = [*answer["metadata"]["managedFields"], {"manager": RBAC, "fieldsV1": {"f:x": {}}}]

    first = {**answer, "metadata": {**answer["metadata"], "managedFields": entries}}
    second = {**answer, "metadata": {**answer["metadata"], "managedFields": entries[::-1]}}

    assert ownership_digest(first) == ownership_digest(second)


def test_all_our_managers_begin_alike() -> None:
    assert all(each.startswith(MANAGER_PREFIX) for each in (GRAPH_CHILDREN, FINALIZERS, STATUS, RBAC))
