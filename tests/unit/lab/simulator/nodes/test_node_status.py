"""What a node says of itself, while it answers and while it is lost."""

from lab.simulator.nodes.node_status import node_outlook
from tests.unit.lab.simulator.objects import EARLIER, NOW, a_node

TAINT = {"key": "mine", "effect": "NoSchedule"}


def test_a_node_that_answers_is_ready() -> None:
    outlook = node_outlook(a_node(), is_lost=False, now=NOW)

    ready = outlook.conditions[-1]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "True", "KubeletReady")
    assert outlook.taints == []


def test_a_lost_node_is_unknown_and_tainted() -> None:
    outlook = node_outlook(a_node(taints=[TAINT]), is_lost=True, now=NOW)

    assert {(found["status"], found["reason"]) for found in outlook.conditions} == {("Unknown", "NodeStatusUnknown")}
    assert [(taint["key"], taint["effect"]) for taint in outlook.taints] == [
        ("mine", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
    ]


def test_a_node_that_comes_back_loses_only_the_taint_of_the_loss() -> None:
    lost = a_node(taints=node_outlook(a_node(taints=[TAINT]), is_lost=True, now=NOW).taints)

    assert node_outlook(lost, is_lost=False, now=NOW).taints == [TAINT]


def test_a_condition_that_stays_keeps_its_times() -> None:
    node = a_node()
    known = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": EARLIER}
    node["status"]["conditions"] = [known]

    assert known in node_outlook(node, is_lost=False, now=NOW).conditions


def test_a_lost_node_at_rest_is_left_alone() -> None:
    first = node_outlook(a_node(), is_lost=True, now=NOW)
    node = a_node(taints=first.taints)
    node["status"]["conditions"] = first.conditions

    assert node_outlook(node, is_lost=True, now=NOW) == first
