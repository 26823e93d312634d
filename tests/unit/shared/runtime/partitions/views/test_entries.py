"""From events and answers to entries."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from shared.contracts.keys import Key, graph_key, model_hash, model_key, partition_of
from shared.contracts.subjects import change_subject
from shared.contracts.summaries import summary
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import DEPLOYMENTS, GRAPHS
from shared.ports.bus import StoredMessage
from shared.runtime.partitions.views.entries import (
    Place,
    decode_event,
    entry_of_change,
    entry_of_manifest,
    place_of,
)
from shared.testing.clock import FakeClock
from tests.unit.shared.runtime.partitions.worlds import EPOCH, a_deployment, a_graph, headers_of, home_of


def a_message(manifest: Manifest, *, body: bytes | None = None, subject: str = "") -> StoredMessage:
    partition = home_of(manifest)
    ref = ref_of(manifest)
    return StoredMessage(
        subject=subject or str(change_subject(partition, ref)),
        sequence=1,
        time=FakeClock().now(),
        headers=headers_of(manifest, "added", partition=partition).encode(),
        body=orjson.dumps(summary(ref.resource, manifest)) if body is None else body,
    )


def test_an_event_and_an_answer_give_the_same_entry() -> None:
    manifest = a_deployment("web", of="chat") | {
        "spec": {"replicas": 2, "template": {"a secret": "place"}},
        "status": {"readyReplicas": 1, "conditions": [{"type": "Available", "status": "True", "secret": "x"}]},
    }

    by_event = entry_of_change(decode_event(a_message(manifest)))
    by_answer, _ = entry_of_manifest(manifest, epoch=EPOCH)

    assert replace(by_event, event_id="") == by_answer
    assert by_answer.summary["spec"] == {"replicas": 2}
    assert by_event.owner is not None
    assert by_event.owner.name == "chat"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(replace(a_message(a_graph()), body=b"{"), id="body is no JSON"),
        pytest.param(replace(a_message(a_graph()), body=b"[]"), id="body is no object"),
        pytest.param(replace(a_message(a_graph()), headers={}), id="no headers"),
        pytest.param(replace(a_message(a_graph()), subject="dynamo.changes.x"), id="no change subject"),
        pytest.param(replace(a_message(a_graph()), subject="dynamo.changes.1.pigs.a.b"), id="unknown resource"),
    ],
)
def test_what_cannot_be_understood_is_refused(message: StoredMessage) -> None:
    with pytest.raises(InvalidObjectError):
        decode_event(message)


def test_an_empty_body_is_an_identity_alone() -> None:
    change = decode_event(a_message(a_graph(), body=b""))

    entry = entry_of_change(change)

    assert (entry.uid, entry.version, entry.generation, entry.labels) == ("uid-chat", 10, 1, {})


def test_a_child_has_the_place_of_its_graph() -> None:
    child = a_deployment("web", of="chat")
    home = home_of(a_graph("chat"))

    here = place_of(ref_of(child), child, partition=home, partitions=32)
    elsewhere = place_of(ref_of(child), child, partition=(home + 1) % 32, partitions=32)

    assert here == Place(graph_key("team", "chat"))
    assert elsewhere.keys == ()


def test_a_copy_belongs_to_the_key_of_another() -> None:
    graph = a_graph() | {"spec": {"services": {"web": {"modelRef": {"name": "llama"}}}}}
    key = model_key("team", model_hash("llama"))

    place = place_of(ref_of(graph), graph, partition=partition_of(key), partitions=32)

    assert key in place.also


def test_an_identity_alone_has_the_place_of_its_name() -> None:
    ref = ref_of(a_graph())

    place = place_of(ref, {}, partition=home_of(a_graph()), partitions=32)

    assert place.own == Key(GRAPHS.plural, "team", "chat")
    assert place_of(ref_of(a_deployment("web", of="x")), {}, partition=0, partitions=1).own == Key(
        DEPLOYMENTS.plural, "team", "web"
    )
