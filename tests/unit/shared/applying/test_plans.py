"""What differs between desired and present children: pure, and never at the cost of anybody else's objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.applying.inventories import EMPTY, Applied, Inputs, Inventory
from shared.applying.plans import Change, Plan, Removal, Wanted, is_settled, plan
from shared.applying.writes import applied_of
from shared.core.json import Manifest, digest
from shared.core.objects import ref_of
from shared.core.resources import DEPLOYMENTS, PODS, SERVICES, Ref
from shared.ports.passes import View
from tests.unit.shared.applying.worlds import MANAGED, UID, a_child, a_view

INPUTS = Inputs(UID, 1, "m", "c")
ONE, TWO = Ref(SERVICES, "default", "one"), Ref(SERVICES, "default", "two")


def live(manifest: Manifest, *, version: int = 5, uid: str = "", **metadata: object) -> Manifest:
    """Return a child as the API server holds it."""
    known = {"uid": uid or f"uid-{manifest['metadata']['name']}", "resourceVersion": str(version), "generation": 1}
    return {**manifest, "metadata": {**manifest["metadata"], **known, **metadata}}


def record(*manifests: Manifest, inputs: Inputs | None = INPUTS) -> Inventory:
    """Return the inventory after some children were applied."""
    desired = {ref_of(each): each for each in manifests}
    return Inventory(inputs, {ref: applied_of(live(each), digest(each)) for ref, each in desired.items()})


def planned(*wanted: Manifest, inventory: Inventory = EMPTY, view: View | None = None, keeps: bool = False) -> Plan:
    """Return the plan for some wanted children."""
    asked = Wanted(wanted, keeps_unwanted=keeps)
    return plan(asked, owner_uid=UID, inventory=inventory, view=view or a_view(), managed=MANAGED)


def planned_as(asked: Wanted, inventory: Inventory, view: View) -> Plan:
    """Return the plan for what is wanted in a certain way."""
    return plan(asked, owner_uid=UID, inventory=inventory, view=view, managed=MANAGED)


def reasons(found: Plan) -> list[tuple[str, str]]:
    """Return names and reasons of the changes."""
    return [(change.ref.name, change.reason) for change in found.changes]


@pytest.mark.rule("workloads 9.1 absent (2)")
def test_what_is_missing_is_created() -> None:
    assert reasons(planned(a_child())) == [("one", "created")]


@pytest.mark.rule("workloads 9.1 present (2)", "workloads 9.1 otherwise", "workloads 12 Sync #1")
def test_what_is_as_applied_is_left_alone() -> None:
    found = planned(a_child(), inventory=record(a_child()), view=a_view([live(a_child())]))

    assert found.is_empty
    assert found.kept == record(a_child()).children


@pytest.mark.rule("workloads 9.1 absent", "workloads 12 Sync #1")
def test_what_is_neither_wanted_nor_there_is_not_thought_of() -> None:
    assert planned().is_empty


@pytest.mark.rule("W-51", "workloads 9.1 #5")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({"a": [1, 2], "b": {"c": 1, "d": 2}}, [], id="the same"),
        pytest.param({"b": {"d": 2, "c": 1}, "a": [1, 2]}, [], id="keys in another order"),
        pytest.param({"a": [2, 1], "b": {"c": 1, "d": 2}}, [("one", "updated")], id="a list in another order"),
    ],
)
def test_the_order_of_keys_does_not_count_and_that_of_lists_does(wanted: Any, expected: list[tuple[str, str]]) -> None:
    before = a_child(x={"a": [1, 2], "b": {"c": 1, "d": 2}})

    found = planned(a_child(x=wanted), inventory=record(before), view=a_view([live(before)]))

    assert reasons(found) == expected


@pytest.mark.rule(
    "workloads 9.1 present (3)", "workloads 9.1 H ≠ last hash", "workloads 12 Sync #1", "workloads 9.1 #3"
)
def test_what_is_desired_differently_is_updated() -> None:
    found = planned(a_child(type="NodePort"), inventory=record(a_child()), view=a_view([live(a_child())]))

    assert reasons(found) == [("one", "updated")]


@pytest.mark.rule(
    "W-49", "W-50", "workloads 9.1 generation > 0 and generation > last", "workloads 12 Sync #1", "workloads 12 Sync #4"
)
def test_what_somebody_changed_is_repaired() -> None:
    changed = live(a_child(), finalizers=["x"], managedFields=[{"manager": "dynamo-rbac", "fieldsV1": {}}])

    assert reasons(planned(a_child(), inventory=record(a_child()), view=a_view([changed]))) == [("one", "repaired")]


@pytest.mark.rule("P-22")
def test_what_was_written_after_the_record_is_repaired() -> None:
    late = live(a_child(), generation=2)

    assert reasons(planned(a_child(), inventory=record(a_child()), view=a_view([late]))) == [("one", "repaired")]


def test_what_was_written_after_the_record_is_repaired_without_a_generation_too() -> None:
    late = live(a_child(), version=6, generation=0)
    applied = replace(record(a_child()).children[ONE], generation=0)

    found = planned(a_child(), inventory=Inventory(INPUTS, {ONE: applied}), view=a_view([late]))

    assert reasons(found) == [("one", "repaired")]


@pytest.mark.rule("workloads 9.1 #4", "workloads 12 Sync #3")
def test_a_new_version_without_a_new_generation_is_no_reason_to_write() -> None:
    reported = live(a_child(), version=9)

    assert planned(a_child(), inventory=record(a_child()), view=a_view([reported])).is_empty


def test_what_was_deleted_is_created_again() -> None:
    assert reasons(planned(a_child(), inventory=record(a_child()))) == [("one", "created")]


def test_what_was_made_anew_by_somebody_is_repaired() -> None:
    other = live(a_child(), uid="another")

    assert reasons(planned(a_child(), inventory=record(a_child()), view=a_view([other]))) == [("one", "repaired")]


@pytest.mark.rule(
    "workloads 9.1 hash annotation missing",
    "workloads 9.1 generation annotation missing",
    "workloads 12 Sync #1",
    "workloads 9.1 #6",
)
def test_what_is_there_without_a_record_is_applied() -> None:
    assert reasons(planned(a_child(), view=a_view([live(a_child())]))) == [("one", "updated")]


@pytest.mark.rule("W-39")
def test_what_another_owner_controls_is_never_touched() -> None:
    found = planned(a_child(), view=a_view([live(a_child(owner="another"))]))

    assert found.is_empty
    assert found.foreign == (ONE,)


def test_what_nobody_controls_is_taken_over() -> None:
    assert reasons(planned(a_child(), view=a_view([live(a_child(owner=""))]))) == [("one", "updated")]


def test_what_is_being_deleted_is_waited_for() -> None:
    going = live(a_child(), deletionTimestamp="2025-01-01T00:00:00Z", finalizers=["x"])

    found = planned(a_child(), inventory=record(a_child()), view=a_view([going]))

    assert found.is_empty
    assert found.waiting == (ONE,)


@pytest.mark.rule("workloads 9.1 present", "workloads 12 Sync #1")
def test_what_is_not_wanted_any_more_is_deleted() -> None:
    found = planned(inventory=record(a_child()), view=a_view([live(a_child())]))

    assert found.removals == (Removal(ONE, "uid-one", record(a_child()).children[ONE]),)


def test_what_the_record_names_is_deleted_before_any_event_told_of_it() -> None:
    [removal] = planned(inventory=record(a_child())).removals

    assert (removal.ref, removal.uid) == (ONE, "uid-one")


def test_what_is_controlled_without_a_record_is_deleted() -> None:
    assert planned(view=a_view([live(a_child())])).removals == (Removal(ONE, "uid-one"),)


@pytest.mark.rule("W-39")
def test_what_took_a_recorded_name_is_not_deleted() -> None:
    other = live(a_child(owner=""), uid="another")

    assert planned(inventory=record(a_child()), view=a_view([other])).removals == ()


def test_what_is_going_already_is_not_deleted_again() -> None:
    going = live(a_child(), deletionTimestamp="2025-01-01T00:00:00Z", finalizers=["x"])

    assert planned(inventory=record(a_child()), view=a_view([going])).removals == ()


def test_children_of_other_resources_are_left_to_their_makers() -> None:
    assert planned(view=a_view([live(a_child(PODS, "pod"))])).removals == ()


@pytest.mark.rule("W-61")
def test_what_is_held_is_neither_written_nor_deleted_for_now() -> None:
    before, unwanted = a_child(port=1), a_child(name="two")
    asked = Wanted([a_child(port=2)], held=[ONE, TWO])

    found = planned_as(asked, record(before, unwanted), a_view([live(before), live(unwanted)]))

    assert found.is_empty
    assert set(found.kept or {}) == {ONE, TWO}
    assert asked.is_for_now


@pytest.mark.rule("W-61")
def test_what_is_held_without_a_record_is_left_alone_too() -> None:
    found = planned_as(
        Wanted([a_child()], held=[ONE, TWO]), EMPTY, a_view([live(a_child()), live(a_child(name="two"))])
    )

    assert (found.is_empty, found.kept) == (True, {})


@pytest.mark.rule("W-33")
@pytest.mark.parametrize("first", [live(a_child(owner="somebody")), live(a_child(), deletionTimestamp="now")])
def test_what_comes_after_a_name_that_is_taken_or_going_waits(first: Manifest) -> None:
    asked = Wanted([a_child(), a_child(name="two")], after={TWO: ONE})

    found = planned_as(asked, EMPTY, a_view([first]))

    assert found.is_empty
    assert TWO in found.waiting


@pytest.mark.rule("W-31")
def test_what_cannot_be_changed_goes_to_be_made_anew() -> None:
    before, asked = a_child(port=1), Wanted([a_child(port=2)], renewed=[ONE])

    first = planned_as(asked, record(before), a_view([live(before)]))
    gone = planned_as(asked, EMPTY, a_view())

    assert [(removal.ref, removal.uid) for removal in first.removals] == [(ONE, "uid-one")]
    assert first.changes == ()
    assert reasons(gone) == [("one", "created")]


@pytest.mark.rule("W-39")
def test_what_another_owner_controls_is_not_made_anew() -> None:
    foreign = live(a_child(owner="somebody"))

    found = planned_as(Wanted([a_child()], renewed=[ONE]), EMPTY, a_view([foreign]))

    assert (found.is_empty, found.foreign) == (True, (ONE,))


def test_nothing_is_deleted_while_the_wish_is_not_understood_in_full() -> None:
    inventory = record(a_child(), a_child(name="two"))
    view = a_view([live(a_child()), live(a_child(name="two")), live(a_child(name="three"))])

    found = planned(a_child(), inventory=inventory, view=view, keeps=True)

    assert found.removals == ()
    assert found.kept == inventory.children


KINDS = st.sampled_from((DEPLOYMENTS, SERVICES, PODS))
OWNERS = st.sampled_from((UID, "another", ""))
PRESENT = st.dictionaries(st.tuples(KINDS, st.sampled_from("abc")), st.tuples(OWNERS, st.booleans()), max_size=5)
ASKED = st.sets(st.tuples(st.sampled_from(MANAGED), st.sampled_from("abc")))


@settings(max_examples=80, deadline=None)
@given(PRESENT, ASKED)
def test_nothing_is_written_to_or_deleted_that_is_not_ours(present: dict, asked: set) -> None:  # type: ignore[type-arg]  # of strategies
    objects = []
    for (kind, name), (owner, is_going) in present.items():
        going: dict[str, Any] = {"deletionTimestamp": "2025-01-01T00:00:00Z", "finalizers": ["x"]} if is_going else {}
        objects.append(live(a_child(kind, name, owner=owner), **going))
    view = a_view(objects)

    found = planned(*(a_child(kind, name) for kind, name in sorted(asked)), view=view)

    for removal in found.removals:
        entry = view.get(removal.ref)
        assert entry is not None
        assert entry.owner is not None
        assert (entry.owner.uid, entry.is_deleting) == (UID, False)
        assert removal.ref.resource in MANAGED
    for change in found.changes:
        seen = view.get(change.ref)
        assert seen is None or (not seen.is_deleting and (seen.owner is None or seen.owner.uid == UID))


@settings(max_examples=60, deadline=None)
@given(ASKED)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(asked: set) -> None:  # type: ignore[type-arg]  # of strategies
    wanted = [a_child(kind, name) for kind, name in sorted(asked)]
    inventory, view = record(*wanted), a_view([live(each) for each in wanted])

    assert planned(*wanted, inventory=inventory, view=view).is_empty
    assert is_settled(INPUTS, inventory, view, MANAGED)


@pytest.mark.parametrize(
    ("inventory", "present"),
    [
        pytest.param(record(a_child(), inputs=None), [live(a_child())], id="not all was applied"),
        pytest.param(record(a_child(), inputs=replace(INPUTS, generation=2)), [live(a_child())], id="another input"),
        pytest.param(record(a_child()), [], id="a child is missing"),
        pytest.param(record(a_child()), [live(a_child(), uid="another")], id="a child was made anew"),
        pytest.param(record(a_child()), [live(a_child()), live(a_child(name="two"))], id="a child too many"),
    ],
)
def test_a_pass_has_something_to_do_when(inventory: Inventory, present: list[Manifest]) -> None:
    assert not is_settled(INPUTS, inventory, a_view(present), MANAGED)


def test_a_child_that_is_going_is_no_child_too_many() -> None:
    going = live(a_child(name="two"), deletionTimestamp="2025-01-01T00:00:00Z", finalizers=["x"])

    assert is_settled(INPUTS, record(a_child()), a_view([live(a_child()), going, live(a_child(PODS, "p"))]), MANAGED)


def test_a_plan_names_what_it_sends() -> None:
    [change] = planned(a_child()).changes

    assert change == Change(ONE, a_child(), digest(a_child()), "created")
    assert Applied("u", 1, 1, "d", "o") != Applied("u", 2, 1, "d", "o")
