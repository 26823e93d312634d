"""Which request asks for what."""

from __future__ import annotations

import orjson

from shared.core.json import Manifest
from shared.core.resources import GRAPHS, NODES, PODS, Ref
from shared.kube import requests
from shared.ports.cluster import Selection

CHAT = Ref(GRAPHS, "demo", "chat")
GRAPH: Manifest = {
    "apiVersion": "nvidia.com/v1alpha1",
    "kind": "DynamoGraphDeployment",
    "metadata": {"name": "chat", "namespace": "demo"},
}
PATH = "/apis/nvidia.com/v1alpha1/namespaces/demo/dynamographdeployments"


def test_an_apply_names_its_manager_and_carries_json() -> None:
    call = requests.apply(GRAPH, manager="ours", subresource="status", force=False, dry_run=False)

    assert (call.method, call.path, call.content_type) == ("PATCH", f"{PATH}/chat/status", requests.APPLY)
    assert call.query == {"fieldManager": "ours", "force": "false"}
    assert orjson.loads(call.body or b"") == GRAPH
    assert call.is_write


def test_a_dry_run_says_so() -> None:
    call = requests.apply(GRAPH, manager="ours", subresource="", force=True, dry_run=True)

    assert call.query == {"fieldManager": "ours", "force": "true", "dryRun": "All"}


def test_a_create_goes_to_the_collection() -> None:
    call = requests.create(GRAPH, manager="ours")

    assert (call.method, call.path, call.query) == ("POST", PATH, {"fieldManager": "ours"})


def test_a_delete_names_what_it_means() -> None:
    call = requests.delete(CHAT, uid="u-1", version="", propagation="Orphan")

    options = orjson.loads(call.body or b"")
    assert (options["preconditions"], options["propagationPolicy"]) == ({"uid": "u-1"}, "Orphan")


def test_objects_of_the_cluster_have_no_namespace_in_their_path() -> None:
    assert requests.get(Ref(NODES, "", "node-1")).path == "/api/v1/nodes/node-1"
    assert str(requests.get(Ref(NODES, "", "node-1"))) == "get /api/v1/nodes/node-1"


def test_a_page_is_bounded_and_selected() -> None:
    call = requests.page(PODS, Selection("demo", "app=chat", "spec.nodeName=n"), limit=500, token="t")

    assert call.path == "/api/v1/namespaces/demo/pods"
    assert call.query == {
        "labelSelector": "app=chat",
        "fieldSelector": "spec.nodeName=n",
        "limit": "500",
        "continue": "t",
    }
    assert not call.is_write


def test_a_watch_begins_behind_a_version_and_asks_for_bookmarks() -> None:
    call = requests.watch(PODS, Selection(metadata_only=True), version=7, lifetime=300)

    assert call.query == {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "300",
    }
    assert call.accept.startswith("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
