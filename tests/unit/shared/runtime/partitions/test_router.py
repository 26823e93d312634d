"""Which primaries a change concerns."""

from __future__ import annotations

from shared.contracts.keys import Key, accounts_key, graph_key
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, REQUESTS, Ref
from shared.ports.passes import Queued
from shared.runtime.partitions.router import concerned, default_router
from shared.runtime.partitions.views.entries import Place, entry_of_manifest
from shared.runtime.partitions.views.indexes import Placed
from shared.runtime.partitions.views.view import Effect
from tests.unit.shared.runtime.partitions.worlds import EPOCH, a_deployment, a_graph, an_object

ROUTER = default_router({GRAPHS, COMPONENTS})
CHAT = Ref(GRAPHS, "team", "chat")
OWN = graph_key("team", "chat")


def placed(manifest: Manifest, *also: Key, own: Key | None = OWN) -> Placed:
    return Placed(entry_of_manifest(manifest, epoch=EPOCH)[0], Place(own, also))


def test_a_primary_concerns_itself() -> None:
    assert concerned(Effect(None, placed(a_graph())), ROUTER) == [Queued(CHAT, "edit")]


def test_a_child_concerns_its_controller() -> None:
    assert concerned(Effect(None, placed(a_deployment("web", of="chat"))), ROUTER) == [Queued(CHAT, "child")]


def test_a_primary_with_a_controller_concerns_both() -> None:
    owner = a_deployment("web", of="chat")["metadata"]["ownerReferences"]
    component = an_object(COMPONENTS, "web", version=1, ownerReferences=owner)

    assert concerned(Effect(None, placed(component)), ROUTER) == [
        Queued(Ref(COMPONENTS, "team", "web"), "edit"),
        Queued(CHAT, "child"),
    ]


def test_what_nobody_controls_concerns_nobody() -> None:
    assert concerned(Effect(None, placed(an_object(DEPLOYMENTS, "web", version=1))), ROUTER) == []


def test_a_child_of_no_primary_concerns_nobody() -> None:
    router = default_router({REQUESTS})

    assert concerned(Effect(None, placed(a_deployment("web", of="chat"))), router) == []


def test_a_copy_concerns_the_primary_of_the_other_key_alone() -> None:
    router = default_router({REQUESTS, GRAPHS})
    key = Key(REQUESTS.plural, "team", "ask")
    copy = placed(a_graph(), key, accounts_key("team"), own=None)

    assert concerned(Effect(None, copy), router) == [Queued(Ref(REQUESTS, "team", "ask"), "child")]


def test_an_object_that_moves_concerns_its_old_and_its_new_primary() -> None:
    before, after = placed(a_deployment("web", of="chat")), placed(a_deployment("web", of="code", version=21))

    found = concerned(Effect(before, after), ROUTER)

    assert {queued.primary.name for queued in found} == {"chat", "code"}


def test_a_deleted_primary_is_an_edit() -> None:
    assert concerned(Effect(placed(a_graph()), None), ROUTER) == [Queued(CHAT, "edit")]


def test_a_changed_generation_is_an_edit_and_a_changed_status_is_not() -> None:
    before = placed(a_graph())
    edited = Effect(before, placed(a_graph(version=11, generation=2)))
    reported = Effect(before, placed(a_graph(version=11) | {"status": {"state": "pending"}}))

    assert concerned(edited, ROUTER) == [Queued(CHAT, "edit")]
    assert concerned(reported, ROUTER) == [Queued(CHAT, "child")]


def test_who_does_not_heed_progress_hears_of_edits_and_children_alone() -> None:
    before = placed(a_graph())
    edited = Effect(before, placed(a_graph(version=11, generation=2)))
    reported = Effect(before, placed(a_graph(version=11) | {"status": {"state": "pending"}}))
    child = Effect(None, placed(a_deployment("web", of="chat")))

    assert concerned(edited, ROUTER, heeds_progress=False) == [Queued(CHAT, "edit")]
    assert concerned(reported, ROUTER, heeds_progress=False) == []
    assert concerned(child, ROUTER, heeds_progress=False) == [Queued(CHAT, "child")]
