"""Which scripted fault strikes a pod or a node."""

from typing import Any

import pytest

from lab.simulator.nodes.faults import ANNOTATION, Fault, FaultError, fault_of, read_rules
from tests.unit.lab.simulator.objects import a_node, a_pod


def rules(*entries: dict[str, Any]) -> Any:
    return read_rules({"schemaVersion": 1, "faults": list(entries)})


@pytest.mark.parametrize(
    ("entry", "strikes"),
    [
        pytest.param({}, True, id="without a condition every pod"),
        pytest.param({"namespace": "team"}, True, id="a namespace that matches"),
        pytest.param({"namespace": "other"}, False, id="a namespace that does not"),
        pytest.param({"name": "web-*"}, True, id="a pattern of names"),
        pytest.param({"labels": {"app": "web"}}, True, id="labels that match"),
        pytest.param({"labels": {"app": "other"}}, False, id="labels that do not"),
        pytest.param({"kind": "Node"}, False, id="a rule about nodes"),
    ],
)
def test_a_rule_strikes_what_it_names(entry: dict[str, Any], strikes: bool) -> None:
    found = fault_of(a_pod("web-1"), "Pod", rules({"fault": "crash-loop", **entry}))

    assert found is (Fault.CRASH_LOOP if strikes else None)


def test_an_annotation_wins_over_the_rules() -> None:
    pod = a_pod()
    pod["metadata"]["annotations"] = {ANNOTATION: "never-ready"}

    assert fault_of(pod, "Pod", rules({"fault": "crash-loop"})) is Fault.NEVER_READY


def test_an_unknown_annotation_is_no_fault() -> None:
    pod = a_pod()
    pod["metadata"]["annotations"] = {ANNOTATION: "none"}

    assert fault_of(pod, "Pod", rules({"fault": "crash-loop"})) is None


def test_a_node_can_be_lost() -> None:
    assert fault_of(a_node("gpu-0"), "Node", rules({"fault": "lost", "kind": "Node", "name": "gpu-*"})) is Fault.LOST


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param({"faults": []}, "must begin with schemaVersion: 1", id="no version"),
        pytest.param({"schemaVersion": 1, "faults": [{"fault": "flood"}]}, r"faults\[0\]\.fault must be", id="a word"),
        pytest.param({"schemaVersion": 1, "faults": [{"pod": "x"}]}, r"faults\[0\] must be a map", id="a key"),
    ],
)
def test_a_control_file_that_cannot_be_read_is_refused(document: Any, words: str) -> None:
    with pytest.raises(FaultError, match=words):
        read_rules(document)


def test_an_empty_control_file_has_no_rules() -> None:
    assert read_rules(None) == ()
