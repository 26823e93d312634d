"""Who owns what after updates and applies."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.ownership.entries import ANCIENT_CHANGES, MAX_UPDATE_MANAGERS
from lab.apiserver.ownership.fields import FieldSet
from lab.apiserver.ownership.managers import server_side_apply, track_write, unless_only_times_differ
from lab.apiserver.schemas.builtin import builtin_schema
from tests.unit.lab.apiserver.ownership.samples import (
    API_VERSION,
    BOX,
    LATER,
    NOON,
    a_box,
    apply,
    edited_by_many,
    owned,
    times,
    update,
    with_spec,
)

NAMES = st.sampled_from(["a", "b", "c"])
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(0, 2),
        "color": NAMES,
        "limits": st.dictionaries(st.sampled_from(["cpu", "memory"]), NAMES, max_size=2),
        "labels": st.dictionaries(NAMES, NAMES, max_size=2),
        "plain": st.lists(NAMES, max_size=2),
        "tags": st.lists(NAMES, max_size=3, unique=True),
        "env": st.lists(NAMES, max_size=3, unique=True).map(lambda names: [{"name": n, "value": n} for n in names]),
        "free": st.dictionaries(NAMES, st.dictionaries(NAMES, st.booleans(), max_size=2), max_size=2),
    },
)


class TestApply:
    def test_creates_an_object_whose_fields_belong_to_the_manager(self) -> None:
        box = apply(None, size=1, env=[{"name": "x"}]).object

        assert owned(box) == [".spec.size", '.spec.env[name="x"]', '.spec.env[name="x"].name']
        assert times(box) == {"m1": NOON}

    def test_twice_changes_nothing_not_even_the_time(self) -> None:
        box = apply(None, size=1, env=[{"name": "x"}]).object

        again = apply(box, time=LATER, size=1, env=[{"name": "x"}])

        assert again.object is box
        assert not again.changed

    def test_of_another_order_is_a_change_of_fields_that_stay_whose_they_are(self) -> None:
        box = apply(None, tags=["a", "b"], env=[{"name": "x"}, {"name": "y"}]).object

        moved = apply(box, time=LATER, tags=["b", "a"], env=[{"name": "y"}, {"name": "x"}])

        assert moved.changed
        assert moved.object["spec"] == {"tags": ["b", "a"], "env": [{"name": "y"}, {"name": "x"}]}
        assert owned(moved.object) == owned(box)
        assert times(moved.object) == {"m1": LATER}

    def test_of_equal_values_shares_ownership_without_a_time(self) -> None:
        box = apply(None, size=1).object

        shared = apply(box, "m2", time=LATER, size=1)

        assert shared.changed
        assert owned(shared.object, "m2") == [".spec.size"]
        assert times(shared.object) == {"m1": NOON, "m2": None}

    def test_of_another_value_is_a_conflict_that_leaves_the_object(self) -> None:
        box = apply(None, size=1, color="red").object

        refused = apply(box, "m2", size=2, color="blue")

        assert refused.object is box
        assert [conflict.field for conflict in refused.conflicts] == [".spec.color", ".spec.size"]
        assert refused.message == 'Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.color\n- .spec.size'

    def test_by_force_takes_only_the_fields_that_it_changes(self) -> None:
        box = apply(None, size=1, color="red").object

        forced = apply(box, "m2", force=True, size=2, color="red").object

        assert forced["spec"] == {"size": 2, "color": "red"}
        assert owned(forced) == [".spec.color"]
        assert owned(forced, "m2") == [".spec.color", ".spec.size"]

    def test_conflicts_name_updates_with_version_and_subresource(self) -> None:
        box = update(None, a_box(size=1), "kubectl")
        scaled = update(
            {**box, "metadata": {**box["metadata"], "uid": "u"}}, with_spec(box, size=2), "hpa", subresource="scale"
        )

        refused = apply(scaled, size=3)

        assert refused.message == (
            'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" '
            "using example.com/v1: .spec.size"
        )

    def test_removes_what_it_leaves_out(self) -> None:
        box = apply(None, size=1, color="red", limits={"cpu": "1", "memory": "2"}).object

        applied = apply(box, size=1, limits={"cpu": "1"}).object

        assert applied["spec"] == {"size": 1, "limits": {"cpu": "1"}}

    def test_keeps_what_another_manager_owns_too(self) -> None:
        box = apply(apply(None, size=1, color="red").object, "m2", color="red").object

        applied = apply(box, size=1).object

        assert applied["spec"] == {"size": 1, "color": "red"}
        assert owned(applied, "m2") == [".spec.color"]

    def test_removes_a_whole_object_with_values_that_nobody_owns(self) -> None:
        box = apply(None, size=1, limits={"cpu": "1"}).object
        defaulted = with_spec(box, limits={"cpu": "1", "memory": "default"})

        assert apply(defaulted, size=1).object["spec"] == {"size": 1}

    def test_keeps_what_nobody_owns_beside_a_removed_field(self) -> None:
        box = apply(None, size=1, color="red").object
        defaulted = with_spec(box, open=True)

        assert apply(defaulted, size=1).object["spec"] == {"size": 1, "open": True}

    def test_of_nothing_releases_everything(self) -> None:
        box = apply(None, size=1).object

        released = apply(box).object

        assert released["spec"] == {}
        assert owned(released) == [".spec"]

    def test_merges_list_maps_in_the_applied_order(self) -> None:
        box = apply(None, env=[{"name": "x"}, {"name": "y"}]).object

        merged = apply(box, "m2", env=[{"name": "z"}, {"name": "x"}]).object

        assert [item["name"] for item in merged["spec"]["env"]] == ["z", "x", "y"]

    def test_removes_the_items_it_leaves_out(self) -> None:
        box = apply(None, env=[{"name": "x"}, {"name": "y"}], tags=["a", "b"], labels={"a": "1", "b": "2"}).object

        applied = apply(box, env=[{"name": "y"}], tags=["b"], labels={"b": "2"}).object

        assert applied["spec"] == {"env": [{"name": "y"}], "tags": ["b"], "labels": {"b": "2"}}

    def test_keeps_the_name_when_the_last_owned_metadata_goes(self) -> None:
        options: dict[str, Any] = {"schema": BOX, "manager": "m1", "force": False, "api_version": API_VERSION}
        labelled = {**a_box(size=1), "metadata": {"name": "b", "labels": {"a": "1"}}}
        box = server_side_apply(None, labelled, time=NOON, **options).object

        applied = server_side_apply(box, a_box(size=1), time=LATER, **options).object

        assert applied["metadata"]["name"] == "b"
        assert "labels" not in applied["metadata"]

    def test_replaces_atomic_values_whole(self) -> None:
        box = apply(None, plain=["a"], pair={"a": "1"}).object

        applied = apply(box, plain=["b"], pair={"b": "2"}).object

        assert applied["spec"] == {"plain": ["b"], "pair": {"b": "2"}}

    def test_true_is_not_one(self) -> None:
        box = apply(None, free={"a": 1}).object

        assert apply(box, free={"a": True}).object["spec"]["free"] == {"a": True}

    def test_an_update_and_an_apply_of_one_name_are_two_managers(self) -> None:
        box = update(None, a_box(size=1), "m1")

        assert len(apply(box, "m1", size=2).conflicts) == 1

    def test_counts_untracked_objects_as_written_before(self) -> None:
        untracked = {**a_box(size=1), "metadata": {"name": "b", "uid": "u"}}

        refused = apply(untracked, size=2)

        assert refused.message == (
            'Apply failed with 1 conflict: conflict with "before-first-apply" using example.com/v1: .spec.size'
        )

    def test_ignores_the_fields_that_the_endpoint_never_writes(self) -> None:
        box = apply(None, size=1).object
        status = {**a_box(size=1), "status": {"phase": "x"}}

        applied = server_side_apply(
            box,
            status,
            schema=BOX,
            manager="m1",
            force=False,
            api_version=API_VERSION,
            time=NOON,
            reset=FieldSet({"f:status": {}}),
        )

        assert not applied.changed

    @given(SPECS)
    @settings(max_examples=60)
    def test_of_one_configuration_twice_is_once(self, spec: dict[str, Any]) -> None:
        spec = {"open": True, **spec}  # who owns nothing at all leaves an object that counts as untracked
        once = apply(None, **spec).object

        assert apply(once, time=LATER, **spec).object is once

    @given(SPECS, SPECS)
    @settings(max_examples=80)
    def test_by_one_manager_alone_ends_with_the_last_configuration(
        self, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        straight = apply(None, **second).object
        detour = apply(apply(None, **first).object, **second).object

        assert owned(detour) == owned(straight)
        assert _filled(detour.get("spec", {})) == _filled(straight["spec"])

    @given(SPECS, SPECS)
    @settings(max_examples=80)
    def test_by_force_always_holds_what_was_applied(self, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        live = apply(None, "theirs", **theirs).object

        result = apply(live, "ours", force=True, **ours)

        assert not apply(result.object, "ours", time=LATER, **ours).changed
        assert result.conflicts == ()

    @given(SPECS, SPECS, SPECS)
    @settings(max_examples=60)
    def test_never_changes_its_inputs(
        self, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
    ) -> None:
        live = apply(apply(None, **first).object, "m2", force=True, **second).object
        before = copy.deepcopy(live)

        apply(live, force=True, **third)

        assert live == before


def _filled(value: Any) -> Any:
    """Drop empty containers and the order of lists, which ownership does not speak about."""
    if isinstance(value, dict):
        inner = {key: _filled(part) for key, part in value.items()}
        return {key: part for key, part in inner.items() if part not in ({}, [])}
    if isinstance(value, list):
        return sorted((_filled(item) for item in value), key=str)
    return value


class TestUpdate:
    def test_owns_what_it_creates_with_every_container(self) -> None:
        box = update(None, a_box(size=1, limits={"cpu": "1"}, env=[{"name": "x"}]))

        assert owned(box, "editor", "Update") == [
            ".spec",
            ".spec.env",
            ".spec.limits",
            ".spec.size",
            '.spec.env[name="x"]',
            '.spec.env[name="x"].name',
            ".spec.limits.cpu",
        ]

    def test_owns_only_what_it_changes(self) -> None:
        box = apply(None, size=1, color="red").object

        changed = update(box, with_spec(box, size=2), time=LATER)

        assert owned(changed) == [".spec.color"]
        assert owned(changed, "editor", "Update") == [".spec.size"]

    def test_that_changes_nothing_is_the_live_object(self) -> None:
        box = update(None, a_box(size=1, env=[{"name": "x"}]))

        assert update(box, copy.deepcopy(box), "other", time=LATER) is box

    def test_that_removes_fields_releases_them_for_everybody(self) -> None:
        box = apply(None, size=1, limits={"cpu": "1"}).object

        changed = update(box, a_box(size=1))

        assert owned(changed) == [".spec.size"]
        assert times(changed) == {"m1": NOON}

    def test_does_not_own_identity_and_bookkeeping(self) -> None:
        metadata = {"name": "b", "uid": "u", "generation": 1, "creationTimestamp": NOON, "labels": {"a": "1"}}

        box = update(None, {**a_box(), "metadata": metadata})

        assert owned(box, "editor", "Update") == [".spec", ".metadata.labels", ".metadata.labels.a"]

    def test_of_a_subresource_has_an_entry_of_its_own(self) -> None:
        box = update(None, a_box(size=1))

        changed = update(box, {**box, "status": {"phase": "x"}}, subresource="status", time=LATER)

        assert [entry.get("subresource") for entry in changed["metadata"]["managedFields"]] == [None, "status"]

    def test_may_edit_the_entries(self) -> None:
        box = apply(None, size=1).object
        entry = {**box["metadata"]["managedFields"][0], "manager": "renamed"}

        changed = update(box, {**box, "metadata": {**box["metadata"], "managedFields": [entry]}})

        assert owned(changed, "renamed") == [".spec.size"]

    def test_that_edits_the_entries_wrongly_keeps_the_old_ones(self) -> None:
        box = apply(None, size=1).object
        wrong = [{"manager": "x", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"bad": {}}}]

        assert update(box, {**box, "metadata": {**box["metadata"], "managedFields": wrong}}) is box

    def test_can_erase_all_tracking_until_the_next_apply(self) -> None:
        created = update(None, a_box(size=1))
        box = {**created, "metadata": {**created["metadata"], "uid": "u"}}

        erased = update(box, {**box, "metadata": {**box["metadata"], "managedFields": [{}]}})
        later = update(erased, with_spec(erased, size=2))

        assert "managedFields" not in erased["metadata"]
        assert "managedFields" not in later["metadata"]
        assert owned(apply(later, "m1", size=2).object, "before-first-apply", "Update") == [".spec", ".spec.size"]

    def test_managers_are_bounded(self) -> None:
        box = edited_by_many(MAX_UPDATE_MANAGERS + 3)

        managers = [entry["manager"] for entry in box["metadata"]["managedFields"]]

        assert len(managers) == MAX_UPDATE_MANAGERS
        assert managers[0] == ANCIENT_CHANGES
        assert ".spec.labels.l0" in owned(box, ANCIENT_CHANGES, "Update")

    @given(SPECS, SPECS)
    @settings(max_examples=80)
    def test_twice_is_once(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        box = update(None, a_box(**first), "creator")
        once = update(box, {**box, "spec": second})

        assert update(once, copy.deepcopy(once), time=LATER) is once

    @given(SPECS, SPECS)
    @settings(max_examples=80)
    def test_leaves_no_owner_of_what_is_gone(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        box = apply(None, "theirs", **first).object

        changed = update(box, {**box, "spec": second})

        everything = set(owned(update(None, a_box(**second)), "editor", "Update"))
        assert set(owned(changed, "theirs")) <= everything
        assert set(owned(changed, "editor", "Update")) <= everything


class TestTimes:
    def test_an_apply_that_defaulting_undoes_is_no_change(self) -> None:
        box = apply(None, pair={"a": "1"}).object
        live = with_spec(box, pair={"a": "1", "b": "default"})

        applied = apply(live, time=LATER, pair={"a": "1"}).object
        defaulted = with_spec(applied, pair={"a": "1", "b": "default"})

        assert applied is not live
        assert unless_only_times_differ(live, defaulted) is live

    def test_the_order_of_entries_does_not_matter(self) -> None:
        first = apply(None, "zz", pair={"a": "1"}, time=NOON).object
        both = apply(first, "aa", time="2026-01-01T12:30:00Z", size=1).object
        live = with_spec(both, pair={"a": "1", "b": "default"})

        applied = apply(live, "zz", time=LATER, pair={"a": "1"}).object
        defaulted = with_spec(applied, pair={"a": "1", "b": "default"})

        assert list(times(applied)) == ["aa", "zz"]
        assert unless_only_times_differ(live, defaulted) is live

    def test_a_real_change_keeps_its_time(self) -> None:
        box = apply(None, size=1).object
        changed = apply(box, time=LATER, size=2).object

        assert unless_only_times_differ(box, changed) is changed

    def test_another_owner_is_a_change(self) -> None:
        box = apply(None, size=1).object
        shared = apply(box, "m2", size=1).object

        assert unless_only_times_differ(box, shared) is shared


def test_containers_that_built_in_types_always_have_are_owned_by_nobody() -> None:
    schema = builtin_schema("apps", "v1", "Deployment")
    assert schema is not None
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}], "nodeSelector": {"x": "y"}}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": pod}}

    created = track_write(None, deployment, schema=schema, manager="editor", api_version="apps/v1", time=NOON)

    template = created["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]
    assert template == {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            "f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}},
            "f:nodeSelector": {},
        },
    }
