"""One time line of what happened to a graph, and nothing of another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.histories.timelines import Findings, Moment, Source, timeline
from shared.core.json import Manifest
from shared.core.resources import EVENTS, GRAPHS, PODS
from shared.ports.bus import StoredMessage
from tests.unit.cli.events import NOW, a_message, an_object, messages

EDIT = "uid-chat.1"
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
HEADERS = {
    "ce-type": "com.nvidia.dynamo.reconciler.applied.v1",
    "ce-member": "reconciler-2",
    "ce-fence": "17",
    "ce-correlationid": EDIT,
}


def after(seconds: float, message: StoredMessage, sequence: int = 1) -> StoredMessage:
    """Return a message as said so many seconds later, and stored much later than that."""
    said = NOW + timedelta(seconds=seconds)
    headers = {**message.headers, "ce-time": said.isoformat()}
    return replace(message, time=said + timedelta(minutes=5), sequence=sequence, headers=headers)


def a_decision(plural: str = "dynamographdeployments", name: str = "chat", **headers: str) -> StoredMessage:
    """Return a decision of the reconciler."""
    body = {"message": "created Deployment chat-web"}
    subject = f"dynamo.decisions.reconciler.{plural}.demo.{name}"
    return replace(a_message(subject, body), headers=HEADERS | headers)


def an_event(count: int = 1, **times: Any) -> Manifest:
    """Return a Kubernetes Event about a pod."""
    return an_object(
        EVENTS,
        "event",
        involvedObject={"kind": "Pod", "name": "chat-pod"},
        source={"component": "kubelet"},
        reason="FailedMount",
        message="not found",
        count=count,
        **times,
    )


def findings(**found: Any) -> Findings:
    """Return what was read about graph `chat`."""
    return Findings(**({"namespace": "demo", "graph": "chat"} | found))


def test_everything_is_in_one_line_by_time_with_who_what_and_why() -> None:
    graph = an_object(GRAPHS, "chat", graph="", spec={"services": {"web": {}}})
    letter = a_message(
        "dynamo.dlq.rbac.dynamographdeployments.demo.chat", {"reason": "ForbiddenError: no"}, **{"ce-member": "rbac-1"}
    )
    seen = (NOW + timedelta(seconds=2)).isoformat()

    found = timeline(
        findings(
            changes=[after(0, messages(graph, "added")[0])],
            decisions=[after(1, a_decision())],
            letters=[after(3, letter, sequence=9)],
            events=[an_event(firstTimestamp=seen)],
        )
    )

    assert [(each.source, each.who, each.about, each.what, each.why) for each in found] == [
        (Source.CHANGE, "cluster", "DynamoGraphDeployment chat", "added, 1 services", ""),
        (Source.DECISION, "reconciler", "DynamoGraphDeployment chat", "applied", "created Deployment chat-web"),
        (Source.EVENT, "kubelet", "Pod chat-pod", "FailedMount", "not found"),
        (Source.LETTER, "rbac", "DynamoGraphDeployment chat", "given up, dead letter 9", "ForbiddenError: no"),
    ]
    assert (found[1].member, found[1].fence, found[1].correlation) == ("reconciler-2", "17", EDIT)
    assert found[3].member == "rbac-1"


def test_pods_of_other_graphs_in_the_partition_are_left_out() -> None:
    own, other = (an_object(PODS, f"{graph}-pod", graph=graph, status=READY) for graph in ("chat", "other"))
    gone = messages(own, "deleted")[0]

    found = timeline(findings(changes=[messages(own)[0], messages(other)[0], after(1, gone, sequence=2)]))

    assert [(each.about, each.what) for each in found] == [("Pod chat-pod", "ready"), ("Pod chat-pod", "deleted")]


def test_what_graphs_share_is_told_for_the_edit_that_led_to_it() -> None:
    shared = a_decision("serviceaccounts", "planner-serviceaccount")
    of_another = a_decision("serviceaccounts", "planner-serviceaccount", **{"ce-correlationid": "other.1"})

    found = timeline(findings(decisions=[a_decision(), shared, of_another]))

    assert [each.about for each in found] == [
        "DynamoGraphDeployment chat",
        "ServiceAccount planner-serviceaccount",
    ]


def test_an_event_that_came_often_is_told_when_it_began_and_when_it_was_last_seen() -> None:
    first, last = (NOW + timedelta(minutes=minute) for minute in (1, 5))
    often = an_event(4, firstTimestamp=first.isoformat(), lastTimestamp=last.isoformat())

    found = timeline(findings(events=[often]))

    assert [(each.at, each.what) for each in found] == [(first, "FailedMount"), (last, "FailedMount (4 times)")]


def test_only_what_is_young_enough_is_told() -> None:
    old, young = after(0, a_decision()), after(60, a_decision())

    found = timeline(findings(decisions=[old, young]), since=NOW + timedelta(seconds=30))

    assert [each.at for each in found] == [NOW + timedelta(seconds=60)]


def test_what_cannot_be_read_spoils_nothing() -> None:
    broken = replace(a_decision(), body=b"{")
    unheard = a_message("dynamo.changes.1.unheard.demo.x", {})
    odd = replace(a_decision("unheard", "=ZZ"), body=b"[1]")

    found = timeline(findings(changes=[unheard], decisions=[broken, odd]))

    assert [(each.about, each.why) for each in found] == [("DynamoGraphDeployment chat", ""), ("unheard =ZZ", "")]


def test_the_record_is_whole() -> None:
    moment = Moment(at=NOW, source=Source.LETTER, who="rbac", about="a", what="b", why="c", member="m", fence="1")

    assert moment.record() == {
        "time": "2025-01-01T00:00:00+00:00",
        "source": "dead letter",
        "who": "rbac",
        "member": "m",
        "fence": "1",
        "object": "a",
        "what": "b",
        "why": "c",
        "correlation": "",
    }


@given(st.lists(st.integers(0, 100), max_size=8))
def test_time_never_runs_backwards(seconds: list[int]) -> None:
    found = timeline(findings(decisions=[after(each, a_decision()) for each in seconds]))

    assert [each.at for each in found] == [NOW + timedelta(seconds=each) for each in sorted(seconds)]
