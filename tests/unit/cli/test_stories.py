"""What an event means to a person."""

from __future__ import annotations

from typing import Any

import pytest

from cli.stories import Story, Storyteller
from shared.core.json import Manifest
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    MODELS,
    NODES,
    PODS,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    Resource,
)
from shared.ports.bus import StoredMessage
from tests.unit.cli.events import NOW, a_message, an_object, messages

GPU = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
PULL = {"containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ErrImagePull", "message": "no image"}}}]}
STARTING = {"containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
NO_NODE = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]}
SLICE = {"endpoints": [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}]}


def told(teller: Storyteller, manifest: Manifest) -> list[str]:
    """Return what a change of an object tells."""
    return [story.meaning for message in messages(manifest) for story in teller.stories(message)]


@pytest.mark.parametrize(
    ("resource", "before", "after", "meanings"),
    [
        pytest.param(GRAPHS, None, {"spec": {"services": {"a": {}, "b": {}}}}, ["added, 2 services"], id="a graph"),
        pytest.param(GRAPHS, {}, {"generation": 2}, ["edited, generation 2"], id="an edit"),
        pytest.param(GRAPHS, {}, {"deleting": True}, ["is being deleted"], id="a deletion"),
        pytest.param(GRAPHS, {}, {"status": {"state": "successful"}}, ["successful"], id="a state"),
        pytest.param(
            GRAPHS, {"status": {"state": "pending"}}, {"status": {"state": "pending"}}, [], id="the same state"
        ),
        pytest.param(COMPONENTS, None, {}, ["added"], id="a component"),
        pytest.param(COMPONENTS, {}, {"generation": 3}, ["edited, generation 3"], id="an edit of a component"),
        pytest.param(DEPLOYMENTS, None, {"spec": {"replicas": 2}}, ["added, 2 wanted"], id="a Deployment"),
        pytest.param(
            DEPLOYMENTS,
            {"spec": {"replicas": 2}},
            {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}},
            ["1/2 pods ready"],
            id="a rollout",
        ),
        pytest.param(
            PODS,
            None,
            {"spec": {"nodeName": "n1", "containers": [GPU]}},
            ["scheduled on n1, 2 GPUs"],
            id="a pod with GPUs",
        ),
        pytest.param(PODS, {}, {"spec": {"nodeName": "n1"}}, ["scheduled on n1"], id="a pod without"),
        pytest.param(PODS, {}, {"status": READY}, ["ready"], id="a ready pod"),
        pytest.param(PODS, {"status": READY}, {"status": READY}, [], id="a pod that stays ready"),
        pytest.param(PODS, {}, {"status": PULL}, ["waits: ErrImagePull no image"], id="a pod without its image"),
        pytest.param(PODS, {}, {"status": STARTING}, [], id="a starting pod is no news"),
        pytest.param(PODS, {}, {"status": NO_NODE}, ["not scheduled: 0/3 nodes"], id="a pod without a node"),
        pytest.param(SERVICE_ACCOUNTS, None, {}, ["account ready"], id="an account"),
        pytest.param(
            ROLE_BINDINGS,
            None,
            {"roleRef": {"kind": "ClusterRole", "name": "planner"}},
            ["binding to ClusterRole planner ready"],
            id="a binding",
        ),
        pytest.param(SERVICE_ACCOUNTS, {}, {}, [], id="an account that stays"),
        pytest.param(ENDPOINT_SLICES, None, SLICE, ["1 endpoint ready"], id="an endpoint"),
        pytest.param(ENDPOINT_SLICES, SLICE, {}, ["0 endpoints ready"], id="an endpoint lost"),
        pytest.param(MODELS, None, {}, ["added"], id="any other object"),
        pytest.param(MODELS, {}, {"generation": 2}, [], id="any other change"),
    ],
)
def test_tells_what_happened(
    resource: Resource, before: dict[str, Any] | None, after: dict[str, Any], meanings: list[str]
) -> None:
    teller = Storyteller()
    if before is not None:
        told(teller, an_object(resource, "one", **before))

    assert told(teller, an_object(resource, "one", version=2, **after)) == meanings


def test_a_story_says_when_who_and_about_what() -> None:
    [message] = messages(an_object(NODES, "n1", graph=""))

    [story] = Storyteller().stories(message)

    assert (story.at, story.service, story.about, story.meaning) == (NOW, "watcher", "Node n1", "added")


def test_a_graph_with_copies_is_told_of_once() -> None:
    teller = Storyteller()
    added, deleted = messages(an_object(GRAPHS, "chat")), messages(an_object(GRAPHS, "chat", version=2), "deleted")

    stories = [[story.meaning for message in each for story in teller.stories(message)] for each in (added, deleted)]

    assert len(added) == len(deleted) == 2
    assert stories == [["added, 0 services"], ["deleted"]]
    assert told(teller, an_object(GRAPHS, "chat", version=3)) == ["added, 0 services"]


def test_an_object_that_only_left_a_partition_is_not_told_of() -> None:
    teller = Storyteller()
    before = messages(an_object(PODS, "p1"))
    after = messages(an_object(PODS, "p1", version=2, graph="code"), held=frozenset(each.subject for each in before))

    stories = [story for message in (*before, *after) for story in teller.stories(message)]

    assert len(after) == 2
    assert stories == []


@pytest.mark.parametrize(
    ("message", "service", "about", "meaning"),
    [
        (a_message("dynamo.synced.pods", {}), "watcher", "pods", "complete in the log"),
        (
            a_message("dynamo.decisions.rbac.roles.demo.r", {"message": "created r"}),
            "rbac",
            "roles.demo.r",
            "created r",
        ),
        (a_message("dynamo.decisions.rbac.roles.demo.r", {"decision": "made"}), "rbac", "roles.demo.r", "made"),
        (a_message("dynamo.decisions.rbac.roles.demo.r", [1]), "rbac", "roles.demo.r", ""),
        (
            a_message("dynamo.dlq.reconciler.pods.demo.p", {"reason": "no"}),
            "reconciler",
            "pods.demo.p",
            "dead letter: no",
        ),
    ],
)
def test_tells_of_markers_decisions_and_dead_letters(
    message: StoredMessage, service: str, about: str, meaning: str
) -> None:
    [story] = Storyteller().stories(message)

    assert (story.service, story.about, story.meaning) == (service, about, meaning)


def test_one_edit_can_be_followed_by_its_id() -> None:
    message = a_message("dynamo.decisions.rbac.a.b.c", {}, **{"ce-correlationid": "u.1", "ce-id": "e"})

    [story] = Storyteller().stories(message)

    assert (story.correlation, story.event_id) == ("u.1", "e")


@pytest.mark.parametrize(
    ("message", "count"),
    [
        (a_message("elsewhere.changes.x", {}), 0),
        (a_message("dynamo.changes.1.pods.demo.p", {}), 1),
        (StoredMessage("dynamo.decisions.rbac.a.b.c", 1, NOW, {}, b"]"), 1),
    ],
)
def test_what_nobody_can_read_is_told_or_left_but_never_raises(message: StoredMessage, count: int) -> None:
    stories: list[Story] = Storyteller().stories(message)

    assert len(stories) == count
    assert all("unreadable event" in story.meaning or not story.meaning for story in stories)
