"""Single objects: what guarded writes do on the fake and on a served API."""

from __future__ import annotations

import pytest

from shared.contracts.ownership import GRAPH_CHILDREN, STATUS, ownership_digest
from shared.core.errors import AlreadyExistsError, ConflictError, InvalidObjectError, NotFoundError
from shared.core.json import member
from shared.core.objects import generation_of, is_deleting, name_of, uid_of, version_of
from shared.core.resources import CONFIG_MAPS, NAMESPACES, NODES, Ref
from shared.ports.cluster import Selection
from tests.contract.kube.clusters import UnderTest

pytestmark = pytest.mark.asyncio

OURS = GRAPH_CHILDREN


async def test_an_object_that_does_not_exist_is_none(under_test: UnderTest) -> None:
    assert await under_test.cluster.get(under_test.ref_of_config_map()) is None


async def test_create_stores_uid_version_and_answer(under_test: UnderTest) -> None:
    created = await under_test.cluster.create(under_test.config_map(a="1"), manager=OURS)

    assert uid_of(created)
    assert version_of(created) > 0
    assert await under_test.cluster.get(under_test.ref_of_config_map()) == created


async def test_create_of_a_name_that_is_taken_is_refused(under_test: UnderTest) -> None:
    await under_test.cluster.create(under_test.config_map(), manager=OURS)

    with pytest.raises(AlreadyExistsError):
        await under_test.cluster.create(under_test.config_map(), manager=OURS)


async def test_create_in_a_namespace_that_does_not_exist_is_refused(under_test: UnderTest) -> None:
    manifest = under_test.config_map()
    manifest["metadata"]["namespace"] = "nowhere"

    with pytest.raises(NotFoundError):
        await under_test.cluster.create(manifest, manager=OURS)


async def test_apply_creates_and_the_same_apply_again_changes_nothing(under_test: UnderTest) -> None:
    created = await under_test.cluster.apply(under_test.deployment(), manager=OURS)

    again = await under_test.cluster.apply(under_test.deployment(), manager=OURS)

    assert again == created


async def test_generation_counts_changes_of_the_spec_only(under_test: UnderTest) -> None:
    created = await under_test.cluster.apply(under_test.deployment(), manager=OURS)
    labelled = under_test.deployment()
    labelled["metadata"]["labels"]["tier"] = "front"

    after_label = await under_test.cluster.apply(labelled, manager=OURS)
    after_image = await under_test.cluster.apply(under_test.deployment(image="frontend:2"), manager=OURS)

    assert [generation_of(item) for item in (created, after_label, after_image)] == [1, 1, 2]
    assert version_of(created) < version_of(after_label) < version_of(after_image)


async def test_apply_removes_what_its_manager_leaves_out(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.config_map(kept="1", dropped="2"), manager=OURS)

    after = await under_test.cluster.apply(under_test.config_map(kept="1"), manager=OURS)

    assert after["data"] == {"kept": "1"}


async def test_apply_keeps_what_other_managers_own(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.config_map(shared="1", theirs="2"), manager="somebody")
    await under_test.cluster.apply(under_test.config_map(shared="1", ours="3"), manager=OURS)

    after = await under_test.cluster.apply(under_test.config_map(), manager=OURS)

    assert after["data"] == {"shared": "1", "theirs": "2"}


async def test_another_whole_set_under_one_manager_removes_the_first(under_test: UnderTest) -> None:
    """The first apply trap: two concerns that share a manager undo each other, so each concern has its own."""
    ref = under_test.ref_of_config_map()
    finalizer = under_test.config_map()
    finalizer["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    await under_test.cluster.apply(finalizer, manager=OURS)

    await under_test.cluster.apply(under_test.config_map(a="1"), manager=OURS)

    stored = await under_test.cluster.get(ref)
    assert not member(stored, "metadata", "finalizers")


async def test_two_managers_keep_their_sets_side_by_side(under_test: UnderTest) -> None:
    finalizer = under_test.config_map()
    finalizer["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    await under_test.cluster.apply(finalizer, manager="dynamo-reconciler-finalizer")

    after = await under_test.cluster.apply(under_test.config_map(a="1"), manager=OURS)

    assert member(after, "metadata", "finalizers") == ["nvidia.com/finalizer"]
    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    await under_test.cluster.patch(under_test.ref_of_config_map(), patch, manager=OURS)


async def test_apply_with_a_uid_never_makes_a_deleted_object_anew(under_test: UnderTest) -> None:
    """The second apply trap: without the uid the object would come back, empty."""
    ref = under_test.ref_of_config_map()
    created = await under_test.cluster.apply(under_test.config_map(a="1"), manager=OURS)
    await under_test.cluster.delete(ref, uid=uid_of(created))
    guarded = under_test.config_map(a="2")
    guarded["metadata"]["uid"] = uid_of(created)

    with pytest.raises(ConflictError):
        await under_test.cluster.apply(guarded, manager=OURS)

    assert await under_test.cluster.get(ref) is None


async def test_apply_with_the_uid_of_a_predecessor_is_a_conflict(under_test: UnderTest) -> None:
    ref = under_test.ref_of_config_map()
    old = await under_test.cluster.create(under_test.config_map(), manager=OURS)
    await under_test.cluster.delete(ref, uid=uid_of(old))
    new = await under_test.cluster.create(under_test.config_map(), manager=OURS)
    guarded = under_test.config_map(a="2")
    guarded["metadata"]["uid"] = uid_of(old)

    with pytest.raises(ConflictError):
        await under_test.cluster.apply(guarded, manager=OURS)

    assert await under_test.cluster.get(ref) == new


async def test_apply_with_an_old_version_is_a_conflict(under_test: UnderTest) -> None:
    created = await under_test.cluster.apply(under_test.config_map(a="1"), manager=OURS)
    await under_test.cluster.apply(under_test.config_map(a="2"), manager=OURS)
    guarded = under_test.config_map(a="3")
    guarded["metadata"]["resourceVersion"] = created["metadata"]["resourceVersion"]

    with pytest.raises(ConflictError):
        await under_test.cluster.apply(guarded, manager=OURS)


async def test_apply_without_force_stops_at_a_field_of_another_manager(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.config_map(a="1"), manager="somebody")

    with pytest.raises(ConflictError):
        await under_test.cluster.apply(under_test.config_map(a="2"), manager=OURS, force=False)


async def test_dry_run_answers_and_stores_nothing(under_test: UnderTest) -> None:
    created = await under_test.cluster.apply(under_test.config_map(a="1"), manager=OURS)

    answer = await under_test.cluster.apply(under_test.config_map(a="2"), manager=OURS, dry_run=True)

    assert answer["data"] == {"a": "2"}
    assert await under_test.cluster.get(under_test.ref_of_config_map()) == created


async def test_whoever_changes_a_field_of_ours_changes_our_ownership_digest(under_test: UnderTest) -> None:
    ours = await under_test.cluster.apply(under_test.deployment(), manager=OURS)

    theirs = await under_test.cluster.patch(
        under_test.ref_of_deployment(), [{"op": "replace", "path": "/spec/replicas", "value": 5}], manager="somebody"
    )
    repaired = await under_test.cluster.apply(under_test.deployment(), manager=OURS)

    assert ownership_digest(theirs) != ownership_digest(ours)
    assert ownership_digest(repaired) == ownership_digest(ours)
    assert repaired["spec"]["replicas"] == 1


async def test_fields_of_others_leave_our_ownership_digest_alone(under_test: UnderTest) -> None:
    ours = await under_test.cluster.apply(under_test.deployment(), manager=OURS)

    operation = {"op": "add", "path": "/metadata/annotations", "value": {"somebody/seen": "true"}}
    theirs = await under_test.cluster.patch(under_test.ref_of_deployment(), [operation], manager="somebody")

    assert ownership_digest(theirs) == ownership_digest(ours)


async def test_a_changed_container_of_ours_is_merged_by_its_name(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.deployment(), manager=OURS)
    sidecar = {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "proxy", "image": "proxy:1"}}
    await under_test.cluster.patch(under_test.ref_of_deployment(), [sidecar], manager="somebody")

    after = await under_test.cluster.apply(under_test.deployment(image="frontend:2"), manager=OURS)

    containers = after["spec"]["template"]["spec"]["containers"]
    assert {item["name"]: item["image"] for item in containers} == {"main": "frontend:2", "proxy": "proxy:1"}


async def test_status_and_spec_are_written_separately(under_test: UnderTest) -> None:
    created = await under_test.cluster.apply(under_test.deployment(), manager=OURS)
    status = under_test.deployment(replicas=9)
    status["status"] = {"replicas": 1}

    after = await under_test.cluster.apply(status, manager=STATUS, subresource="status")
    again = await under_test.cluster.apply({**under_test.deployment(), "status": {"replicas": 7}}, manager=OURS)

    assert (after["spec"]["replicas"], after["status"]["replicas"]) == (1, 1)
    assert again["status"]["replicas"] == 1
    assert generation_of(after) == generation_of(created)


async def test_a_failed_test_of_a_patch_is_a_conflict(under_test: UnderTest) -> None:
    created = await under_test.cluster.create(under_test.config_map(a="1"), manager=OURS)
    operations = [
        {"op": "test", "path": "/data/a", "value": "other"},
        {"op": "replace", "path": "/data/a", "value": "2"},
    ]

    with pytest.raises(ConflictError):
        await under_test.cluster.patch(under_test.ref_of_config_map(), operations, manager=OURS)

    assert await under_test.cluster.get(under_test.ref_of_config_map()) == created


async def test_a_patch_of_what_does_not_exist_is_not_found(under_test: UnderTest) -> None:
    with pytest.raises(NotFoundError):
        await under_test.cluster.patch(
            under_test.ref_of_config_map(), [{"op": "add", "path": "/data", "value": {}}], manager=OURS
        )


async def test_a_field_that_never_changes_is_refused(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.deployment(), manager=OURS)
    changed = under_test.deployment()
    changed["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "other"}

    with pytest.raises(InvalidObjectError):
        await under_test.cluster.apply(changed, manager=OURS)


async def test_delete_of_another_uid_does_nothing(under_test: UnderTest) -> None:
    created = await under_test.cluster.create(under_test.config_map(), manager=OURS)

    await under_test.cluster.delete(under_test.ref_of_config_map(), uid="00000000-0000-0000-0000-00000000dead")

    assert await under_test.cluster.get(under_test.ref_of_config_map()) == created


async def test_delete_of_what_is_gone_is_no_error(under_test: UnderTest) -> None:
    created = await under_test.cluster.create(under_test.config_map(), manager=OURS)
    await under_test.cluster.delete(under_test.ref_of_config_map(), uid=uid_of(created))

    await under_test.cluster.delete(under_test.ref_of_config_map(), uid=uid_of(created))

    assert await under_test.cluster.get(under_test.ref_of_config_map()) is None


async def test_delete_of_an_old_version_is_a_conflict(under_test: UnderTest) -> None:
    created = await under_test.cluster.create(under_test.config_map(a="1"), manager=OURS)
    await under_test.cluster.patch(
        under_test.ref_of_config_map(), [{"op": "replace", "path": "/data/a", "value": "2"}], manager=OURS
    )

    with pytest.raises(ConflictError):
        await under_test.cluster.delete(
            under_test.ref_of_config_map(), uid=uid_of(created), version=created["metadata"]["resourceVersion"]
        )


async def test_a_finalizer_holds_a_deleted_object_until_it_is_taken_away(under_test: UnderTest) -> None:
    ref = under_test.ref_of_deployment()
    held = under_test.deployment()
    held["metadata"]["finalizers"] = ["nvidia.com/finalizer"]
    created = await under_test.cluster.apply(held, manager=OURS)

    await under_test.cluster.delete(ref, uid=uid_of(created))
    waiting = await under_test.cluster.get(ref)
    await under_test.cluster.patch(ref, [{"op": "remove", "path": "/metadata/finalizers/0"}], manager=OURS)

    assert waiting is not None
    assert is_deleting(waiting)
    assert generation_of(waiting) == generation_of(created) + 1
    assert await under_test.cluster.get(ref) is None


async def test_lists_are_complete_and_choose_by_label(under_test: UnderTest) -> None:
    for name in ("a", "b", "c"):
        await under_test.cluster.apply(under_test.deployment(name), manager=OURS)
    resource = under_test.ref_of_deployment().resource

    everything = await under_test.cluster.list(resource, Selection(namespace=under_test.namespace))
    chosen = await under_test.cluster.list(
        resource, Selection(namespace=under_test.namespace, label_selector="app in (a,c),tier!=back")
    )

    assert [item["metadata"]["name"] for item in everything.items] == ["a", "b", "c"]
    assert {item["kind"] for item in everything.items} == {"Deployment"}
    assert everything.version >= max(version_of(item) for item in everything.items)
    assert [item["metadata"]["name"] for item in chosen.items] == ["a", "c"]


async def test_lists_of_metadata_name_the_kind_all_the_same(under_test: UnderTest) -> None:
    await under_test.cluster.apply(under_test.config_map(secret="value"), manager=OURS)

    listed = await under_test.cluster.list(
        under_test.ref_of_config_map().resource,
        Selection(namespace=under_test.namespace, field_selector="metadata.name=settings", metadata_only=True),
    )

    assert [(item["apiVersion"], item["kind"], "data" in item) for item in listed.items] == [("v1", "ConfigMap", False)]


async def test_the_server_says_its_version_and_what_the_caller_may(under_test: UnderTest) -> None:
    version = await under_test.cluster.version()
    may = await under_test.cluster.may("list", CONFIG_MAPS)

    assert version
    assert may


async def test_served_groups_name_their_resources(under_test: UnderTest) -> None:
    groups = await under_test.cluster.served_groups()

    assert {"configmaps", "pods", "nodes"} <= groups[""]
    assert "deployments" in groups["apps"]


async def test_cluster_scoped_objects_have_no_namespace(under_test: UnderTest) -> None:
    name = f"{under_test.namespace}-node"
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}

    created = await under_test.cluster.create(node, manager=OURS)
    await under_test.cluster.delete(Ref(NODES, "", name), uid=uid_of(created))

    assert await under_test.cluster.get(Ref(NODES, "", name)) is None
    assert await under_test.cluster.get(Ref(NAMESPACES, "", under_test.namespace)) is not None


async def test_apply_removes_the_items_that_its_manager_leaves_out(under_test: UnderTest) -> None:
    first = await under_test.cluster.create(under_test.config_map("first"), manager=OURS)
    second = await under_test.cluster.create(under_test.config_map("second"), manager=OURS)
    owners = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": name_of(each), "uid": uid_of(each), "controller": False}
        for each in (first, second)
    ]
    shared = under_test.config_map("shared")
    shared["metadata"]["ownerReferences"] = owners
    await under_test.cluster.apply(shared, manager=OURS)
    shared["metadata"]["ownerReferences"] = owners[1:]

    after = await under_test.cluster.apply(shared, manager=OURS)

    assert member(after, "metadata", "ownerReferences") == owners[1:]


async def test_apply_ends_the_control_that_another_writer_gave(under_test: UnderTest) -> None:
    owner = await under_test.cluster.create(under_test.config_map("owner"), manager=OURS)
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid_of(owner)}
    shared = under_test.config_map("shared")
    shared["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    await under_test.cluster.create(shared, manager="manager")
    shared["metadata"]["ownerReferences"] = [{**reference, "controller": False}]

    after = await under_test.cluster.apply(shared, manager=OURS)

    assert member(after, "metadata", "ownerReferences") == [{**reference, "controller": False}]


async def test_a_scale_is_read_and_written_as_an_object_of_its_own(under_test: UnderTest) -> None:
    ref = under_test.ref_of_deployment()
    created = await under_test.cluster.apply(under_test.deployment(replicas=1), manager=OURS)
    scaling = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]

    scale = await under_test.cluster.patch(ref, scaling, manager="autoscaler", subresource="scale")

    after = await under_test.cluster.get(ref)
    assert (scale["kind"], member(scale, "spec", "replicas"), uid_of(scale)) == ("Scale", 3, uid_of(created))
    assert member(after, "spec", "replicas") == 3
    assert generation_of(after or {}) == generation_of(created) + 1
    assert version_of(scale) == version_of(after or {})


async def test_a_scale_that_was_changed_meanwhile_is_not_written_over(under_test: UnderTest) -> None:
    ref = under_test.ref_of_deployment()
    await under_test.cluster.apply(under_test.deployment(replicas=2), manager=OURS)
    scaling = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]

    with pytest.raises(ConflictError):
        await under_test.cluster.patch(ref, scaling, manager=OURS, subresource="scale")

    assert member(await under_test.cluster.get(ref), "spec", "replicas") == 2


async def test_a_kind_without_a_scale_has_none(under_test: UnderTest) -> None:
    await under_test.cluster.create(under_test.config_map(), manager=OURS)

    with pytest.raises(NotFoundError):
        await under_test.cluster.patch(under_test.ref_of_config_map(), [], manager=OURS, subresource="scale")
