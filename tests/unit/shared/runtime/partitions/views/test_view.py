"""The partition view: what a pass sees after events and own writes, in any order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import ChangeType
from shared.contracts.keys import graph_key, model_hash, model_key, partition_of
from shared.contracts.summaries import summary
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, PODS, Ref
from shared.runtime.partitions.views.entries import Change
from shared.runtime.partitions.views.packed import Packed
from shared.runtime.partitions.views.view import Effect, PartitionView, PassView
from tests.unit.shared.runtime.partitions.worlds import (
    EPOCH,
    a_deployment,
    a_graph,
    an_object,
    headers_of,
    home_of,
)

CHAT = Ref(GRAPHS, "team", "chat")
WEB = Ref(DEPLOYMENTS, "team", "web")


def a_view(*, epoch: str = EPOCH) -> PartitionView:
    view = PartitionView(home_of(a_graph()))
    view.enter_epoch(epoch)
    return view


def a_change(manifest: Manifest, change: ChangeType = "modified", *, epoch: str = EPOCH) -> Change:
    ref = ref_of(manifest)
    headers = headers_of(manifest, change, partition=home_of(manifest), epoch=epoch)
    return Change(ref, headers, summary(ref.resource, manifest))


def web(version: int, **more: object) -> Manifest:
    return a_deployment("web", of="chat", version=version, **more)


def test_an_object_is_found_by_address_owner_key_and_resource() -> None:
    view = a_view()
    view.take(a_change(a_graph()))
    view.take(a_change(web(20)))
    view.take(a_change(a_deployment("api", of="chat")))

    assert view.get(WEB) is not None
    assert [entry.ref.name for entry in view.children("uid-chat")] == ["api", "web"]
    assert [entry.ref.name for entry in view.of_key(graph_key("team", "chat"), DEPLOYMENTS)] == ["api", "web"]
    assert [entry.ref.name for entry in view.all(GRAPHS)] == ["chat"]
    assert view.all(PODS) == ()
    assert len(view) == 3


def test_a_change_tells_what_was_before_and_after() -> None:
    view = a_view()
    first = view.take(a_change(web(20), "added"))
    second = view.take(a_change(web(21)))

    assert first is not None
    assert first.before is None
    assert second is not None
    assert second.before is not None
    assert second.after is not None
    assert (second.before.entry.version, second.after.entry.version) == (20, 21)
    assert second.cause == "uid-web.21"


def test_a_tombstone_removes_from_every_index() -> None:
    view = a_view()
    view.take(a_change(web(20)))

    effect = view.take(a_change(web(25), "deleted"))

    assert effect is not None
    assert effect.after is None
    assert (view.get(WEB), view.children("uid-chat"), len(view)) == (None, (), 0)


@pytest.mark.rule("P-01")
def test_what_comes_late_after_a_tombstone_stays_out() -> None:
    view = a_view()
    view.take(a_change(web(25), "deleted"))

    assert view.take(a_change(web(24))) is None
    assert view.get(WEB) is None


def test_a_tombstone_of_something_unknown_tells_whom_it_belonged_to() -> None:
    effect = a_view().take(a_change(web(25), "deleted"))

    assert effect is not None
    assert effect.before is not None
    assert effect.before.entry.owner is not None


def test_an_object_that_changes_its_owner_leaves_the_old_one() -> None:
    view = a_view()
    view.take(a_change(web(20)))

    view.take(a_change(web(21, ownerReferences=[])))

    assert view.children("uid-chat") == ()


def test_an_own_write_is_seen_at_once_and_its_event_is_nothing_new() -> None:
    view = a_view()
    view.take(a_change(web(20)))

    written = view.take_object(web(21, generation=2))
    event = view.take(a_change(web(21, generation=2)))

    assert written is not None
    assert event is None
    entry = view.get(WEB)
    assert entry is not None
    assert (entry.version, entry.generation) == (21, 2)


def test_an_older_event_does_not_undo_an_own_write() -> None:
    view = a_view()
    view.take_object(web(21))

    assert view.take(a_change(web(20))) is None


def test_an_answer_that_is_older_than_an_event_is_dropped() -> None:
    view = a_view()
    view.take(a_change(web(22)))

    assert view.take_object(web(21)) is None


def test_an_own_write_of_another_partition_is_not_taken_in() -> None:
    view = a_view()
    strange = next(graph for graph in map(a_graph, "abcdefgh") if home_of(graph) != view.partition)

    assert view.take_object(strange) is None
    assert len(view) == 0


def test_an_answered_delete_marks_the_object_until_it_is_gone() -> None:
    view = a_view()
    view.take(a_change(web(20)))

    view.mark_deleted(WEB, "uid-web")
    view.take(a_change(web(21)))
    marked = view.get(WEB)
    view.take(a_change(web(22), "deleted"))
    view.take(a_change(web(30, uid="uid-new")))
    anew = view.get(WEB)

    assert marked is not None
    assert marked.is_deleting
    assert anew is not None
    assert not anew.is_deleting


def test_a_delete_of_a_former_object_marks_nothing() -> None:
    view = a_view()
    view.take(a_change(web(20)))

    view.mark_deleted(WEB, "uid-other")
    view.mark_deleted(CHAT, "uid-chat")

    entry = view.get(WEB)
    assert entry is not None
    assert not entry.is_deleting


def test_an_object_made_anew_before_the_tombstone_of_the_old_one_is_not_marked() -> None:
    view = a_view()
    view.take(a_change(web(20)))
    view.mark_deleted(WEB, "uid-web")

    view.take_object(web(30, uid="uid-new"))

    entry = view.get(WEB)
    assert entry is not None
    assert not entry.is_deleting


def test_a_new_epoch_replaces_every_version_and_drops_what_it_does_not_hold() -> None:
    view = a_view()
    view.take(a_change(web(2000)))
    view.take(a_change(a_graph(version=1000)))
    view.take(a_change(a_graph(version=5), epoch="cluster.1"))

    left = view.enter_epoch("cluster.1")

    assert [effect.before.entry.ref for effect in left if effect.before] == [WEB]
    graph = view.get(CHAT)
    assert graph is not None
    assert graph.version == 5
    assert view.take(a_change(web(3000))) is None, "the old epoch is over"


def test_a_tombstone_of_a_former_cluster_hides_nothing_of_the_one_that_a_view_begins_in() -> None:
    view = PartitionView(home_of(a_graph()))
    view.take(a_change(a_graph(version=900), "deleted", epoch="former.0"))
    view.enter_epoch("cluster.1")

    view.take(a_change(a_graph(version=5), "added", epoch="cluster.1"))

    assert view.get(CHAT) is not None
    assert view.take(a_change(web(3000), epoch="former.0")) is None, "the former cluster is over"


def test_a_tombstone_of_a_cluster_that_comes_is_not_over_before_it_has_come() -> None:
    view = PartitionView(home_of(a_graph()))
    view.take(a_change(a_graph(version=5), "deleted", epoch="coming.2"))
    view.enter_epoch("cluster.1")

    assert view.take(a_change(a_graph(version=900), epoch="cluster.1")) is None
    assert view.take(a_change(a_graph(version=6), "added", epoch="coming.2")) is not None


def test_a_pointer_is_filled_in_from_the_api_server() -> None:
    view = a_view()

    effect = view.take_object(web(20), epoch=EPOCH, cause="event-1")

    assert effect is not None
    assert effect.cause == "event-1"
    assert [placed.entry.event_id for placed in view] == ["event-1"]


def test_copies_are_found_by_the_key_of_the_other() -> None:
    graph = a_graph(version=10) | {"spec": {"services": {"web": {"modelRef": {"name": "llama"}}}}}
    key = model_key("team", model_hash("llama"))
    view = PartitionView(partition_of(key))

    view.take(a_change(graph))

    assert [entry.ref for entry in view.of_key(key, GRAPHS)] == [CHAT]


def test_tombstones_that_the_log_purged_are_forgotten() -> None:
    view = a_view()
    view.take(a_change(web(25), "deleted"))

    view.forget_tombstones(set())

    assert view.take(a_change(web(24))) is not None


def test_a_pass_writes_through_and_tells_of_it() -> None:
    effects: list[Effect] = []
    view = a_view()
    of_pass = PassView(view, effects.append)

    of_pass.was_written(a_graph())
    of_pass.was_written(a_graph())
    of_pass.was_deleted(CHAT, "uid-chat")

    assert len(effects) == 1
    entry = of_pass.get(CHAT)
    assert entry is not None
    assert entry.is_deleting
    assert of_pass.all(GRAPHS) == of_pass.of_key(graph_key("team", "chat"), GRAPHS) == (entry,)
    assert of_pass.children("uid-chat") == ()


STATES: list[tuple[Manifest, ChangeType]] = [
    (web(20), "added"),
    (web(21, generation=2), "modified"),
    (web(23), "deleted"),
    (web(26, uid="uid-new"), "added"),
    (web(27, uid="uid-new", ownerReferences=[]), "modified"),
]


@pytest.mark.rule("P-26")
@given(st.lists(st.sampled_from(range(len(STATES))), min_size=1, max_size=12))
@settings(max_examples=60)
def test_any_order_of_events_ends_in_the_newest_state(order: list[int]) -> None:
    view, expected = a_view(), a_view()

    for number in order:
        view.take(a_change(*STATES[number]))
    expected.take(a_change(*STATES[max(order)]))

    assert view.get(WEB) == expected.get(WEB)
    assert view.children("uid-chat") == expected.children("uid-chat")
    assert len(view) == len(expected)


def test_an_object_without_a_place_keeps_its_address() -> None:
    view = PartitionView(home_of(a_graph()))
    pod = an_object(PODS, "far", version=3)

    view.take(a_change(pod))

    assert view.get(Ref(PODS, "team", "far")) is not None
    assert replace(next(iter(view)).place, own=None).keys == ()


def test_what_was_there_before_the_view_was_complete_is_packed_and_reads_the_same() -> None:
    view, unpacked = a_view(), a_view()
    unpacked.is_filling = False
    for each in (view, unpacked):
        each.take(a_change(web(20)))

    assert isinstance(summary_in(view), Packed)
    assert isinstance(summary_in(unpacked), dict)
    assert summary_in(view) == summary_in(unpacked)
    assert view.children("uid-chat") == unpacked.children("uid-chat")


def test_what_has_changed_is_packed_when_it_rests_again() -> None:
    view = a_view()
    view.is_filling = False
    view.take(a_change(web(20)))

    view.pack()

    assert isinstance(summary_in(view), Packed)
    assert [entry.ref.name for entry in view.children("uid-chat")] == ["web"]


def summary_in(view: PartitionView) -> object:
    """Return the summary of the one Deployment."""
    [entry] = view.all(DEPLOYMENTS)
    return entry.summary
