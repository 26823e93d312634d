"""For whom a pod waits before its containers start."""

from lab.simulator.nodes.start_order import awaited_by, waiting_container


def test_the_container_that_waits_says_for_whom() -> None:
    pod = {"spec": {"initContainers": [{"name": "other"}, waiting_container({"g-0-wkr": 2, "g-0-b": 1})]}}

    assert awaited_by(pod) == {"g-0-wkr": 2, "g-0-b": 1}


def test_a_pod_without_it_waits_for_nobody() -> None:
    assert awaited_by({"spec": {"initContainers": [{"name": "other"}]}}) == {}
    assert awaited_by({"spec": {}}) == {}
