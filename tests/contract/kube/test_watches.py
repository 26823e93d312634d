"""Informers: what a follower sees on the fake and on a served API."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from shared.core.objects import name_of, uid_of, version_of
from shared.core.resources import CONFIG_MAPS, DEPLOYMENTS, Resource
from shared.ports.cluster import Absent, Bookmark, Observation, Observed, Snapshot
from tests.contract.kube.clusters import UnderTest, first

pytestmark = pytest.mark.asyncio

OURS = "dynamo-reconciler-children"
UNKNOWN = Resource("nowhere.example.com", "v1", "things", "Thing")


def is_change(change: str, name: str) -> Callable[[Observation], bool]:
    """Return a question for one change of one object."""
    return lambda seen: isinstance(seen, Observed) and (seen.change, name_of(seen.manifest)) == (change, name)


async def test_the_first_observation_is_a_complete_snapshot(under_test: UnderTest) -> None:
    for name in ("a", "b", "c"):
        await under_test.cluster.create(under_test.config_map(name), manager=OURS)

    seen = await first(under_test.follow(CONFIG_MAPS), lambda _: True)

    assert isinstance(seen, Snapshot)
    assert {"a", "b", "c"} <= {name_of(item) for item in seen.items}
    assert {item["kind"] for item in seen.items} == {"ConfigMap"}


async def test_changes_follow_the_snapshot_in_order(under_test: UnderTest) -> None:
    seen = under_test.follow(CONFIG_MAPS)
    await first(seen, lambda found: isinstance(found, Snapshot))

    created = await under_test.cluster.create(under_test.config_map("a", x="1"), manager=OURS)
    changed = await under_test.cluster.apply(under_test.config_map("a", x="2"), manager=OURS)
    await under_test.cluster.delete(under_test.ref_of_config_map("a"), uid=uid_of(created))
    added = await first(seen, is_change("added", "a"))
    modified = await first(seen, is_change("modified", "a"))
    deleted = await first(seen, is_change("deleted", "a"))

    assert isinstance(added, Observed)
    assert added.manifest == created
    assert isinstance(modified, Observed)
    assert modified.manifest == changed
    assert isinstance(deleted, Observed)
    assert deleted.manifest["data"] == {"x": "2"}
    assert version_of(deleted.manifest) > version_of(changed)


async def test_nothing_holds_a_snapshot_that_was_taken(under_test: UnderTest) -> None:
    follower = under_test.follow(CONFIG_MAPS)
    snapshot = await anext(follower)
    await under_test.cluster.create(under_test.config_map("a"), manager=OURS)
    await first(follower, is_change("added", "a"))

    assert isinstance(snapshot, Snapshot)
    assert sys.getrefcount(snapshot) == 2  # this function and the question


async def test_a_follower_resumes_behind_a_version(under_test: UnderTest) -> None:
    first_one = await under_test.cluster.create(under_test.config_map("a"), manager=OURS)
    await under_test.cluster.create(under_test.config_map("b"), manager=OURS)

    seen = await first(
        under_test.follow(CONFIG_MAPS, resume_from=version_of(first_one)),
        lambda _: True,
    )

    assert is_change("added", "b")(seen)


async def test_a_version_from_the_future_gives_a_snapshot(under_test: UnderTest) -> None:
    seen = await first(under_test.follow(CONFIG_MAPS, resume_from=10**12), lambda _: True)

    assert isinstance(seen, Snapshot)


async def test_an_object_that_leaves_the_selection_is_deleted_for_its_follower(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.deployment("frontend"), manager=OURS)
    seen = under_test.follow(DEPLOYMENTS, label_selector="app=frontend")
    await first(seen, lambda found: isinstance(found, Snapshot))
    operation = {"op": "replace", "path": "/metadata/labels/app", "value": "other"}

    changed = await under_test.cluster.patch(under_test.ref_of_deployment(), [operation], manager=OURS)

    gone = await first(seen, is_change("deleted", "frontend"))
    assert isinstance(gone, Observed)
    assert gone.manifest["metadata"]["labels"] == {"app": "frontend"}
    assert version_of(gone.manifest) == version_of(changed)


async def test_the_last_finalizer_taken_away_shows_as_one_deletion(under_test: UnderTest) -> None:
    held = under_test.config_map("a")
    held["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    created = await under_test.cluster.create(held, manager=OURS)
    await under_test.cluster.delete(under_test.ref_of_config_map("a"), uid=uid_of(created))
    seen = under_test.follow(CONFIG_MAPS)
    await first(seen, lambda found: isinstance(found, Snapshot))

    operation = {"op": "remove", "path": "/metadata/finalizers"}
    await under_test.cluster.patch(under_test.ref_of_config_map("a"), [operation], manager=OURS)

    gone = await first(seen, lambda found: not isinstance(found, Bookmark))
    assert is_change("deleted", "a")(gone)
    assert isinstance(gone, Observed)
    assert gone.manifest["metadata"]["finalizers"] == ["nvidia.com/finalizer"]


async def test_metadata_alone_keeps_its_kind(under_test: UnderTest) -> None:
    seen = under_test.follow(CONFIG_MAPS, metadata_only=True)
    await first(seen, lambda found: isinstance(found, Snapshot))

    await under_test.cluster.create(under_test.config_map("a", secret="value"), manager=OURS)

    added = await first(seen, is_change("added", "a"))
    assert isinstance(added, Observed)
    assert (added.manifest["kind"], "data" in added.manifest) == ("ConfigMap", False)


async def test_a_resource_that_is_not_served_is_absent(under_test: UnderTest) -> None:
    seen = await first(under_test.follow(UNKNOWN), lambda _: True)

    assert isinstance(seen, Absent)
