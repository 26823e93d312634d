"""From one observed object to the messages that the log must hold for it."""

import orjson
import pytest

from services.watcher.changes.publications import Publication, publications, tombstone
from shared.contracts.envelope import ChangeType, decode_change
from shared.contracts.keys import REQUEST_LABEL, Key, accounts_key, graph_key, partition_of
from shared.contracts.streams import MAX_BODY
from shared.contracts.subjects import change_subject, parse_change_subject
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS, GRAPHS, NODES, REQUESTS, SERVICES, Ref, Resource
from tests.unit.services.watcher.changes.builders import NOW, ORIGIN, an_object


def published(
    manifest: Manifest,
    change: ChangeType = "modified",
    *,
    resource: Resource = SERVICES,
    held: frozenset[str] = frozenset(),
    correlation: str = "",
) -> dict[str, Publication]:
    """Return the publications by subject."""
    found = publications(resource, manifest, change, origin=ORIGIN, time=NOW, held=held, correlation=correlation)
    return {each.subject: each for each in found}


def subject_of(graph: str) -> str:
    """Return the subject of Service `one` when it belongs to a graph."""
    return str(change_subject(partition_of(graph_key("team", graph)), Ref(SERVICES, "team", "one")))


def test_an_object_of_a_graph_is_published_in_the_partition_of_the_graph() -> None:
    [(subject, publication)] = published(an_object(graph="chat"), "added").items()

    assert subject == subject_of("chat")
    assert publication.headers.type == "added"
    assert publication.headers.partition == partition_of(graph_key("team", "chat"))
    assert not publication.headers.is_copy


def test_a_moved_label_leaves_a_tombstone_of_type_moved_behind() -> None:
    found = published(an_object(graph="code"), held=frozenset({subject_of("chat")}))

    assert {subject: each.headers.type for subject, each in found.items()} == {
        subject_of("code"): "modified",
        subject_of("chat"): "moved",
    }


def test_an_object_that_is_held_already_is_not_added_again() -> None:
    found = published(an_object(graph="chat"), "added", held=frozenset({subject_of("chat")}))

    assert found[subject_of("chat")].headers.type == "modified"


def test_a_graph_has_a_copy_for_the_accounts_of_its_namespace() -> None:
    found = published(an_object(GRAPHS, "chat"), resource=GRAPHS)

    home, accounts = partition_of(graph_key("team", "chat")), partition_of(accounts_key("team"))
    assert {each.headers.partition: each.headers.is_copy for each in found.values()} == {home: False, accounts: True}


def test_the_copy_of_a_graph_says_nothing_of_its_progress() -> None:
    found = published({**an_object(GRAPHS, "chat"), "status": {"state": "pending"}}, resource=GRAPHS).values()

    [state] = [orjson.loads(each.body)["status"]["state"] for each in found if not each.headers.is_copy]
    [copied] = [orjson.loads(each.body) for each in found if each.headers.is_copy]
    assert state == "pending"
    assert copied["metadata"]["name"] == "chat"
    assert "status" not in copied


def test_the_copy_for_the_request_that_a_graph_was_made_for_tells_its_progress() -> None:
    graph = {**an_object(GRAPHS, "chat"), "status": {"state": "pending"}}
    graph["metadata"] |= {"labels": {REQUEST_LABEL: "wish"}}

    found = published(graph, resource=GRAPHS)

    request = partition_of(Key(REQUESTS.plural, "team", "wish"))
    copied = found[str(change_subject(request, Ref(GRAPHS, "team", "chat")))]
    assert copied.headers.is_copy
    assert orjson.loads(copied.body)["status"] == {"state": "pending"}


def test_a_deletion_puts_a_tombstone_into_every_subject_that_holds_or_should_hold_it() -> None:
    held = frozenset({str(change_subject(31, Ref(GRAPHS, "team", "chat")))})

    found = published(an_object(GRAPHS, "chat"), "deleted", resource=GRAPHS, held=held)

    assert {each.headers.type for each in found.values()} == {"deleted"}
    assert len(found) == 3
    assert [each.headers.is_copy for each in found.values()].count(True) == 1


def test_the_edit_of_a_graph_is_its_uid_and_generation() -> None:
    graph = an_object(GRAPHS, "chat", metadata={"uid": "3f2a91c0-aaaa", "generation": 2})

    assert {each.headers.correlation for each in published(graph, resource=GRAPHS).values()} == {"3f2a91c0.2"}


def test_other_objects_belong_to_the_edit_that_the_caller_knows() -> None:
    [publication] = published(an_object(), correlation="3f2a91c0.2").values()

    assert publication.headers.correlation == "3f2a91c0.2"


def test_the_body_is_redacted_and_readable() -> None:
    deployment = an_object(DEPLOYMENTS, spec={"replicas": 2, "template": {"spec": {"containers": [{"args": ["x"]}]}}})

    [publication] = published(deployment, resource=DEPLOYMENTS).values()

    assert orjson.loads(publication.body)["spec"] == {"replicas": 2}


@pytest.mark.parametrize(
    ("size", "is_pointer"),
    [
        pytest.param(MAX_BODY - 1000, False, id="what fits travels"),
        pytest.param(MAX_BODY + 1, True, id="what is too large is pointed at"),
    ],
)
def test_a_large_object_is_replaced_by_a_pointer(size: int, is_pointer: bool) -> None:
    large = an_object(metadata={"labels": {"filler": "x" * size}})

    [publication] = published(large).values()

    assert bool(publication.headers.dataref) is is_pointer
    assert (publication.body == b"{}") is is_pointer
    assert publication.headers.dataref in ("", "/api/v1/namespaces/team/services/one")


def test_a_cluster_scoped_object_has_no_namespace() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n.1", "uid": "u", "resourceVersion": "4"}}

    [(subject, publication)] = published(node, resource=NODES).items()

    assert parse_change_subject(subject).ref == Ref(NODES, "", "n.1")
    assert publication.version == 4


def test_headers_survive_the_wire() -> None:
    [publication] = published(an_object(graph="chat"), correlation="a.1").values()

    assert decode_change(publication.headers.encode()) == publication.headers


def test_the_tombstone_of_a_list_carries_its_version() -> None:
    subject = change_subject(3, Ref(SERVICES, "team", "one"))

    found = tombstone(subject, version=99, uid="u", origin=ORIGIN, time=NOW)

    assert found.subject == str(subject)
    assert (found.headers.type, found.version, found.headers.uid) == ("deleted", 99, "u")
    assert orjson.loads(found.body)["metadata"]["resourceVersion"] == "99"
