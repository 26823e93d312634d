"""What the cluster says about graphs, and the board that events alone keep."""

from __future__ import annotations

from typing import Any

import pytest

from cli.board import Board
from cli.graphs import ComponentRow, graph_report, graph_reports
from shared.core.json import Manifest
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, PODS
from shared.ports.bus import StoredMessage
from tests.unit.cli.events import NOW, a_message, an_object, messages

READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def a_graph(*, state: str = "successful", observed: int = 1, generation: int = 1, **conditions: str) -> Manifest:
    """Return a graph with two services; conditions are given as `Reason/message` of those that are true."""
    found = [
        {"type": kind, "status": "True", "reason": value.split("/")[0], "message": value.split("/")[1]}
        for kind, value in conditions.items()
    ]
    status = {"state": state, "observedGeneration": observed, "conditions": found} if state else {}
    services: dict[str, Any] = {"web": {"replicas": 2}, "api": {}}
    return an_object(GRAPHS, "chat", generation=generation, graph="", spec={"services": services}, status=status)


def a_component(**more: Any) -> Manifest:
    """Return the component of service `web`."""
    status = {"service": {"componentKind": "Deployment"}, **more.pop("status", {})}
    return an_object(COMPONENTS, "chat-web", spec={"serviceName": "web", "replicas": 2, **more}, status=status)


def a_pod(name: str = "p1", *, node: str = "n1", graph: str = "chat", version: int = 1) -> Manifest:
    """Return a ready pod of service `web` with a GPU."""
    spec = {"nodeName": node, "containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}
    return an_object(PODS, name, version=version, service="web", graph=graph, spec=spec, status=READY)


def test_lists_the_components_with_pods_gpus_and_nodes() -> None:
    pods = [a_pod(), a_pod("p2", node="n2"), a_pod("p3", graph="other")]

    report = graph_report(a_graph(), [a_component()], pods)

    assert report.is_ready
    assert report.components == (
        ComponentRow("api", "-", 0, 1, 0, ()),
        ComponentRow("web", "Deployment", 2, 2, 2, ("n1", "n2")),
    )
    assert report.components[1].cells == ["web", "Deployment", "2/2", "2", "n1,n2"]
    assert report.components[0].cells[-1] == "-"


def test_a_replica_of_several_nodes_has_a_pod_on_each() -> None:
    report = graph_report(a_graph(), [a_component(multinode={"nodeCount": 3})], [])

    assert report.components[1].wanted == 6


def test_where_no_component_is_made_the_graph_says_what_runs_its_services() -> None:
    graph = a_graph()
    graph["status"]["services"] = {"web": {"componentKind": "PodClique", "replicas": 2}}

    report = graph_report(graph, [], [a_pod()])

    assert (report.components[1].kind, report.components[1].ready, report.components[1].wanted) == ("PodClique", 1, 2)


def test_a_component_that_is_scaled_to_nothing_wants_nothing() -> None:
    report = graph_report(a_graph(), [a_component(replicas=0)], [])

    assert report.components[1].wanted == 0


@pytest.mark.parametrize(
    ("graph", "state", "reason"),
    [
        pytest.param(
            a_graph(state=""),
            "not observed yet (old generation)",
            "no service has reported on it yet: is the reconciler running?",
            id="nobody reported",
        ),
        pytest.param(
            a_graph(generation=2, Ready="Ready/fine"),
            "successful (old generation)",
            "its newest spec has not been looked at yet",
            id="an old generation",
        ),
        pytest.param(
            a_graph(state="pending", Reconciling="Waiting/for a pod"), "pending", "Waiting: for a pod", id="on its way"
        ),
        pytest.param(
            a_graph(state="failed", Reconciling="A/a", Stalled="Bad/change it"),
            "failed",
            "Bad: change it",
            id="stalled",
        ),
        pytest.param(a_graph(state="pending", Ready="NotReady/not yet"), "pending", "not yet", id="not ready"),
        pytest.param(a_graph(), "successful", "", id="ready"),
    ],
)
def test_says_why_a_graph_is_not_ready(graph: Manifest, state: str, reason: str) -> None:
    report = graph_report(graph, [], [])

    assert (report.state, report.reason) == (state, reason)
    assert report.is_ready == (state == "successful")


def test_a_component_says_what_is_in_its_way() -> None:
    stalled = {"conditions": [{"type": "Stalled", "status": "True", "reason": "Bad", "message": "change it"}]}

    report = graph_report(a_graph(), [a_component(status=stalled)], [])

    assert report.components[1].reason == "Bad: change it"


def test_graphs_are_sorted() -> None:
    others = [an_object(GRAPHS, name, graph="") for name in ("b", "a")]

    assert [report.name for report in graph_reports(others, [], [])] == ["a", "b"]


# The board


def a_board(*found: StoredMessage) -> Board:
    """Return the board of graph `chat` after some messages."""
    board = Board("demo", "chat")
    for message in found:
        board.take(message)
    return board


def test_the_board_is_what_the_cluster_would_say() -> None:
    objects = [a_graph(), a_component(), a_pod()]

    board = a_board(*(message for each in objects for message in messages(each)))

    assert board.rows() == graph_report(objects[0], objects[1:2], objects[2:]).components
    assert board.is_ready
    assert board.reason == ""
    assert board.table().row_count == 2


def test_an_empty_board_says_so() -> None:
    board = a_board()

    assert not board.is_ready
    assert board.rows() == ()
    assert board.reason == "no event of the graph has arrived"
    assert not board.has_all_children(DEPLOYMENTS)


def test_only_the_children_of_the_graph_count() -> None:
    graph = messages(a_graph())
    own = [message for name in ("chat-web", "chat-api") for message in messages(an_object(DEPLOYMENTS, name))]
    other = messages(an_object(DEPLOYMENTS, "x", graph="other"))

    assert not a_board(*graph, *own[:1], *other).has_all_children(DEPLOYMENTS)
    assert a_board(*graph, *own).has_all_children(DEPLOYMENTS)


def test_what_is_gone_leaves_the_board_and_what_moved_does_not() -> None:
    graph, pod = messages(a_graph()), messages(a_pod())
    held = frozenset(each.subject for each in pod)
    moved = messages(a_pod(graph="other", version=2), held=held)
    gone = messages(a_pod(version=2), "deleted")

    assert a_board(*graph, *pod, *gone).rows()[1].ready == 0
    assert a_board(*graph, *pod, *moved[::-1])._objects[PODS] != {}


def test_what_is_no_change_event_is_ignored() -> None:
    board = a_board(
        a_message("dynamo.synced.pods", {}),
        a_message("dynamo.changes.1.pods.demo.p", {}),
        StoredMessage("dynamo.changes.1.pods.demo.p", 1, NOW, messages(a_pod())[0].headers, b"]"),
    )

    assert board.manifest is None
