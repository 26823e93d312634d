"""On which node a pod goes, or in which words it is told that it must wait."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulator.nodes.demands import demand
from lab.simulator.nodes.filters import node_facts
from lab.simulator.nodes.placement import Chosen, Ledger, Waits
from tests.unit.lab.simulator.objects import Document, a_node, a_pod

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def a_ledger(*nodes: Document) -> Ledger:
    ledger = Ledger()
    for node in nodes:
        ledger.set_node(node_facts(node))
    return ledger


def wanting(name: str = "pod", *, gpus: int = 0, cpu: str = "1", **spec: Any) -> Document:
    limits = {"cpu": cpu} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    return a_pod(name, containers=[{"name": "main", "resources": {"limits": limits}}], **spec)


def required(*expressions: Document) -> Document:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def test_a_pod_goes_where_its_gpus_are() -> None:
    ledger = a_ledger(a_node("cpu"), a_node("gpu", gpus="8"))

    assert ledger.place(demand(wanting(gpus=8))) == Chosen("gpu")


def test_a_pod_goes_where_most_is_left() -> None:
    ledger = a_ledger(a_node("a"), a_node("b"))
    ledger.hold("other", "a", demand(wanting(cpu="4")))

    assert ledger.place(demand(wanting())) == Chosen("b")


def test_what_is_held_is_not_given_again_until_it_is_released() -> None:
    ledger = a_ledger(a_node("gpu", gpus="8"))
    ledger.hold("first", "gpu", demand(wanting(gpus=8)))

    waits = ledger.place(demand(wanting(gpus=1)))
    released = ledger.release("first")

    assert isinstance(waits, Waits)
    assert released
    assert ledger.place(demand(wanting(gpus=1))) == Chosen("gpu")


def test_the_message_counts_reasons_over_all_nodes_in_the_schedulers_words() -> None:
    full = a_node("b", gpus="8")
    ledger = a_ledger(a_node("a"), full, a_node("c", taints=[TAINT]), a_node("d", taints=[TAINT]))
    ledger.hold("other", "b", demand(wanting(gpus=4)))

    answer = ledger.place(demand(wanting(gpus=8)))

    assert answer == Waits(
        "0/4 nodes are available: 2 Insufficient nvidia.com/gpu, "
        "2 node(s) had untolerated taint {nvidia.com/gpu: present}. "
        "preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, "
        "3 Preemption is not helpful for scheduling."
    )


def test_a_cluster_without_nodes_has_a_message_of_its_own() -> None:
    assert Ledger().place(demand(wanting())) == Waits("no nodes available to schedule pods")


def test_a_node_without_pod_places_left_says_too_many_pods() -> None:
    ledger = a_ledger(a_node("a", pods="0"))

    answer = ledger.place(demand(wanting()))

    assert isinstance(answer, Waits)
    assert answer.message.startswith("0/1 nodes are available: 1 Too many pods.")


@pytest.mark.parametrize(
    ("spec", "goes"),
    [
        pytest.param({"nodeSelector": {"zone": "x"}}, True, id="a selector that matches"),
        pytest.param({"nodeSelector": {"zone": "y"}}, False, id="a selector that does not"),
        pytest.param({"affinity": required({"key": "zone", "operator": "In", "values": ["x"]})}, True, id="In"),
        pytest.param({"affinity": required({"key": "zone", "operator": "NotIn", "values": ["x"]})}, False, id="NotIn"),
        pytest.param({"affinity": required({"key": "zone", "operator": "Exists"})}, True, id="Exists"),
        pytest.param({"affinity": required({"key": "other", "operator": "DoesNotExist"})}, True, id="DoesNotExist"),
        pytest.param({"affinity": required({"key": "memory", "operator": "Gt", "values": ["80000"]})}, True, id="Gt"),
        pytest.param({"affinity": required({"key": "memory", "operator": "Lt", "values": ["80000"]})}, False, id="Lt"),
        pytest.param({"affinity": required()}, False, id="an empty term matches nothing"),
    ],
)
def test_a_pod_goes_only_where_selector_and_affinity_allow(spec: Document, goes: bool) -> None:
    ledger = a_ledger(a_node("a", labels={"zone": "x", "memory": "81559"}))

    answer = ledger.place(demand(wanting(**spec)))

    assert isinstance(answer, Chosen) is goes


@pytest.mark.parametrize(
    "toleration",
    [
        pytest.param({"key": "nvidia.com/gpu", "operator": "Exists"}, id="the key exists"),
        pytest.param({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, id="the value is equal"),
        pytest.param({"operator": "Exists"}, id="everything is tolerated"),
    ],
)
def test_a_taint_that_is_tolerated_is_no_hindrance(toleration: Document) -> None:
    ledger = a_ledger(a_node("a", taints=[TAINT]))

    assert ledger.place(demand(wanting(tolerations=[toleration]))) == Chosen("a")


@pytest.mark.parametrize(
    "toleration",
    [
        pytest.param({"key": "nvidia.com/gpu", "value": "absent"}, id="another value"),
        pytest.param({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, id="another effect"),
        pytest.param({"key": "other", "operator": "Exists"}, id="another key"),
    ],
)
def test_a_taint_that_is_not_tolerated_keeps_a_pod_away(toleration: Document) -> None:
    ledger = a_ledger(a_node("a", taints=[TAINT]))

    assert isinstance(ledger.place(demand(wanting(tolerations=[toleration]))), Waits)


def test_a_cordoned_node_takes_no_pods() -> None:
    node = a_node("a")
    node["spec"]["unschedulable"] = True

    answer = a_ledger(node).place(demand(wanting()))

    assert isinstance(answer, Waits)
    assert answer.message.startswith("0/1 nodes are available: 1 node(s) were unschedulable.")


def test_a_preferred_node_is_taken_before_an_emptier_one() -> None:
    term = {"weight": 10, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
    ledger = a_ledger(a_node("a", labels={"zone": "x"}), a_node("b"))
    ledger.hold("other", "a", demand(wanting(cpu="4")))

    assert ledger.place(demand(wanting(affinity=affinity))) == Chosen("a")


def neighbourly(kind: str) -> Document:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "rack"}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_anti_affinity_keeps_pods_of_one_sort_apart() -> None:
    ledger = a_ledger(a_node("a", labels={"rack": "1"}), a_node("b", labels={"rack": "1"}))
    pod = wanting(affinity=neighbourly("podAntiAffinity"))
    ledger.hold("other", "a", demand(pod))

    answer = ledger.place(demand(pod))

    assert isinstance(answer, Waits)
    assert "2 node(s) didn't match pod anti-affinity rules" in answer.message


def test_affinity_brings_pods_of_one_sort_together_and_lets_the_first_begin() -> None:
    ledger = a_ledger(a_node("a", labels={"rack": "1"}), a_node("b", labels={"rack": "2"}, cpu="64"))
    pod = wanting(affinity=neighbourly("podAffinity"))

    first = ledger.place(demand(pod))
    ledger.hold("first", "a", demand(pod))

    assert isinstance(first, Chosen)
    assert ledger.place(demand(pod)) == Chosen("a")


def test_a_changed_node_is_judged_anew() -> None:
    ledger = a_ledger(a_node("a", taints=[TAINT]))
    before = ledger.place(demand(wanting()))

    ledger.set_node(node_facts(a_node("a")))

    assert isinstance(before, Waits)
    assert ledger.place(demand(wanting())) == Chosen("a")


@given(gpus=st.lists(st.integers(1, 8), max_size=30), nodes=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_no_node_ever_gives_more_gpus_than_it_has(gpus: list[int], nodes: int) -> None:
    ledger = a_ledger(*(a_node(f"node-{number}", gpus="8", cpu="64", pods="99") for number in range(nodes)))

    for number, wanted in enumerate(gpus):
        match ledger.place(demand(wanting(gpus=wanted))):
            case Chosen(node):
                ledger.hold(f"pod-{number}", node, demand(wanting(gpus=wanted)))
            case Waits():
                continue

    assert all(used.get("nvidia.com/gpu", 0) <= 8 for used in ledger.used.values())
