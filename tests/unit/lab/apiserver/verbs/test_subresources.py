"""The scale subresource writes one number, and pods are bound once."""

import pytest

from lab.apiserver.cluster import Cluster
from lab.apiserver.documents import Document, dumps
from lab.apiserver.errors import ApiError
from lab.apiserver.registry.custom import custom_resources
from lab.apiserver.requests.options import WriteOptions
from lab.apiserver.requests.paths import Target
from lab.apiserver.verbs.calls import SYSTEM, Call
from lab.apiserver.verbs.creating import create
from lab.apiserver.verbs.patching import APPLY_PATCH, MERGE_PATCH
from lab.apiserver.verbs.subresources import create_subresource, get_scale, patch_scale
from tests.unit.lab.apiserver.clusters import NAMESPACE, a_call, a_cluster, a_definition, create_widget, parsed


async def _a_scaled_cluster() -> Cluster:
    definition = a_definition()
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"}
    definition["spec"]["versions"][0]["subresources"]["scale"] = paths
    cluster = await a_cluster()
    cluster.catalog.add(custom_resources(definition))
    await create_widget(cluster, size=2)
    return cluster


async def _scale(cluster: Cluster, replicas: object, *, manager: str = "test", force: bool = False) -> Document:
    call = a_call(cluster, "one", subresource="scale", manager=manager, force=force)
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": replicas}}
    return parsed(await patch_scale(cluster, call, dumps(body), APPLY_PATCH))


@pytest.mark.asyncio
async def test_the_scale_shows_and_writes_the_replicas_of_the_object() -> None:
    cluster = await _a_scaled_cluster()
    call = a_call(cluster, "one", subresource="scale")

    await patch_scale(cluster, call, b'{"spec": {"replicas": 5}}', MERGE_PATCH)

    assert parsed(await get_scale(cluster, call.target, ""))["spec"] == {"replicas": 5}


@pytest.mark.asyncio
async def test_an_applied_scale_takes_the_number_only_by_force() -> None:
    cluster = await _a_scaled_cluster()

    with pytest.raises(ApiError, match=r'conflict with "test" using autoscaling/v1: \.spec\.replicas'):
        await _scale(cluster, 7, manager="autoscaler")
    forced = await _scale(cluster, 7, manager="autoscaler", force=True)
    again = await _scale(cluster, 8, manager="autoscaler")

    assert (forced["spec"]["replicas"], again["spec"]["replicas"]) == (7, 8)


@pytest.mark.asyncio
async def test_replicas_are_a_number() -> None:
    cluster = await _a_scaled_cluster()

    with pytest.raises(ApiError) as refused:
        await _scale(cluster, "many", force=True)

    assert refused.value.code == 422


@pytest.mark.asyncio
async def test_a_pod_is_bound_to_one_node_and_stays_there() -> None:
    cluster = await a_cluster()
    pods = cluster.catalog.find("", "v1", "pods")
    assert pods is not None
    spec = {"containers": [{"name": "a", "image": "app:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    await create(cluster, Call(Target(pods, NAMESPACE), SYSTEM, WriteOptions(manager="test")), pod, [])
    binding = Call(Target(pods, NAMESPACE, "p", "binding"), SYSTEM, WriteOptions(manager="scheduler"))

    await create_subresource(cluster, binding, {"target": {"name": "node-1"}})

    with pytest.raises(ApiError, match='already assigned to node "node-1"'):
        await create_subresource(cluster, binding, {"target": {"name": "node-2"}})
