"""Kinds of add-ons: what their definitions refuse, count and scale, on the fake and on a served API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.errors import ConflictError, InvalidObjectError, NotFoundError
from shared.core.json import Manifest, member
from shared.core.objects import generation_of, ref_of, uid_of
from shared.core.resources import (
    CUSTOM_RESOURCE_DEFINITIONS,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    Ref,
    Resource,
)
from shared.testing.cluster import FakeCluster
from shared.testing.eventually import eventually
from tests.contract.kube.clusters import UnderTest

pytestmark = pytest.mark.asyncio

OURS = GRAPH_CHILDREN
CRDS = Path(__file__).resolve().parents[3] / "lab" / "crds"
DEFINITIONS = {
    LEADER_WORKER_SETS: CRDS / "lws" / "leaderworkersets.yaml",
    POD_GROUPS: CRDS / "lws" / "podgroups.yaml",
    POD_CLIQUE_SETS: CRDS / "grove" / "podcliquesets.yaml",
    POD_CLIQUES: CRDS / "grove" / "podcliques.yaml",
}
CONTAINER = {"name": "main", "image": "a"}


@pytest_asyncio.fixture
async def installed(under_test: UnderTest) -> AsyncIterator[UnderTest]:
    """A cluster with the add-ons, which others that share it are rid of afterwards."""
    cluster = under_test.cluster
    if isinstance(cluster, FakeCluster):
        for resource in DEFINITIONS:
            cluster.serve(resource)
        yield under_test
        return
    made = [
        await cluster.apply(yaml.safe_load(path.read_text(encoding="utf-8")), manager=OURS)
        for path in DEFINITIONS.values()
    ]
    for resource in DEFINITIONS:
        await eventually(partial(is_served, under_test, resource), within=timedelta(seconds=10))
    yield under_test
    for definition in made:
        await cluster.delete(ref_of(definition), uid=uid_of(definition))


async def is_served(under_test: UnderTest, resource: Resource) -> bool:
    """Return whether a kind can be listed."""
    try:
        await under_test.cluster.list(resource)
    except NotFoundError:
        return False
    return True


def an_object(under_test: UnderTest, resource: Resource, **spec: Any) -> Manifest:
    """Return an object of the test's namespace."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "chat", "namespace": under_test.namespace},
        "spec": spec,
    }


def a_clique(name: str, **spec: Any) -> dict[str, Any]:
    """Return a clique of a set."""
    own = {"roleName": name, "replicas": 1, "minAvailable": 1, "podSpec": {"containers": [CONTAINER]}}
    return {"name": name, "spec": own | spec}


def a_set(under_test: UnderTest, *cliques: dict[str, Any], order: str = "AnyOrder") -> Manifest:
    """Return a set of cliques."""
    template = {"cliqueStartupType": f"CliqueStartupType{order}", "cliques": list(cliques)}
    return an_object(under_test, POD_CLIQUE_SETS, replicas=1, template=template)


def a_leader_worker_set(under_test: UnderTest, *, size: int, image: str = "a") -> Manifest:
    """Return a set of leaders and workers."""
    pods = {"spec": {"containers": [{**CONTAINER, "image": image}]}}
    template = {"size": size, "leaderTemplate": pods, "workerTemplate": pods}
    return an_object(under_test, LEADER_WORKER_SETS, replicas=1, leaderWorkerTemplate=template)


async def test_the_size_of_a_group_never_changes(installed: UnderTest) -> None:
    await installed.cluster.apply(a_leader_worker_set(installed, size=2), manager=OURS)

    with pytest.raises(InvalidObjectError, match="immutable"):
        await installed.cluster.apply(a_leader_worker_set(installed, size=3), manager=OURS)

    again = await installed.cluster.apply(a_leader_worker_set(installed, size=2, image="b"), manager=OURS)
    assert generation_of(again) == 2


@pytest.mark.parametrize(
    ("order", "cliques"),
    [
        pytest.param("AnyOrder", [a_clique("a")], id="one less"),
        pytest.param("AnyOrder", [a_clique("a"), a_clique("b", roleName="c")], id="another role"),
        pytest.param("AnyOrder", [a_clique("a"), a_clique("b", startsAfter=["a"])], id="another start"),
        pytest.param("Explicit", [a_clique("a"), a_clique("b")], id="another order of starting"),
    ],
)
async def test_of_a_set_of_cliques_names_roles_and_starts_never_change(
    installed: UnderTest, order: str, cliques: list[dict[str, Any]]
) -> None:
    await installed.cluster.apply(a_set(installed, a_clique("a"), a_clique("b")), manager=OURS)

    with pytest.raises(InvalidObjectError, match=r"spec\.template"):
        await installed.cluster.apply(a_set(installed, *cliques, order=order), manager=OURS)


async def test_cliques_may_be_reordered_and_counted_anew_where_none_waits_for_another(installed: UnderTest) -> None:
    await installed.cluster.apply(a_set(installed, a_clique("a"), a_clique("b")), manager=OURS)

    after = await installed.cluster.apply(a_set(installed, a_clique("b"), a_clique("a", replicas=2)), manager=OURS)

    assert [each["name"] for each in after["spec"]["template"]["cliques"]] == ["b", "a"]


async def test_a_clique_is_scaled_without_its_owner(installed: UnderTest) -> None:
    ref = Ref(POD_CLIQUES, installed.namespace, "chat")
    spec = {"roleName": "a", "replicas": 1, "minAvailable": 1, "podSpec": {"containers": [CONTAINER]}}
    await installed.cluster.apply(an_object(installed, POD_CLIQUES, **spec), manager="grove")
    scaling = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 0},
    ]

    scale = await installed.cluster.patch(ref, scaling, manager=OURS, subresource="scale")

    assert member(scale, "spec", "replicas") == 0
    assert generation_of(await installed.cluster.get(ref) or {}) == 2
    with pytest.raises(ConflictError):
        await installed.cluster.patch(ref, scaling, manager=OURS, subresource="scale")


async def test_a_status_without_a_subresource_counts_as_a_change_of_the_object(installed: UnderTest) -> None:
    manifest = an_object(installed, POD_GROUPS, minMember=2)
    await installed.cluster.apply(manifest, manager=OURS)

    after = await installed.cluster.apply({**manifest, "status": {"phase": "Running"}}, manager=OURS)

    assert (member(after, "status", "phase"), generation_of(after)) == ("Running", 2)


async def test_an_add_on_that_is_not_installed_is_not_found(under_test: UnderTest) -> None:
    assert await under_test.cluster.get(Ref(POD_CLIQUE_SETS, under_test.namespace, "chat")) is None
    with pytest.raises(NotFoundError):
        await under_test.cluster.apply(a_leader_worker_set(under_test, size=2), manager=OURS)
    assert await under_test.cluster.get(Ref(CUSTOM_RESOURCE_DEFINITIONS, "", "x.grove.io")) is None
