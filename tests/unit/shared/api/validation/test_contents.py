"""What nothing could be made of is refused while its author looks; what has no effect is said."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_graph, judge_spec, judge_update
from shared.api.validation.identities import Policy
from shared.core import labels

POLICY = Policy()
BACKEND = labels.DISCOVERY_BACKEND
NO_BACKEND = f'[{BACKEND}]: "consul" is no discovery back end, use kubernetes or etcd'


def a_graph(main: dict[str, Any] | None = None, *, metadata: dict[str, Any] | None = None, **spec: Any) -> Graph:
    services = {"services": {"Main": main or {}}}
    return Graph.parse({"metadata": {"name": "chat", **(metadata or {})}, "spec": {**services, **spec}})


def amount(text: str) -> str:
    return f'"{text}" is not a quantity, such as 500m or 16Gi'


UNREADABLE = "is a text that no shell can read: No closing quotation"


def over_two_nodes(container: dict[str, Any]) -> dict[str, Any]:
    return {"multinode": {"nodeCount": 2}, "extraPodSpec": {"mainContainer": container}}


BAD = [
    pytest.param(
        a_graph({"resources": {"limits": {"memory": "12Gx"}}}),
        f"spec.services[Main].resources.limits.memory: {amount('12Gx')}",
        id="memory",
    ),
    pytest.param(
        a_graph({"resources": {"requests": {"cpu": "two"}}}),
        f"spec.services[Main].resources.requests.cpu: {amount('two')}",
        id="cpu",
    ),
    pytest.param(
        a_graph({"resources": {"limits": {"gpu": "all"}}}),
        f"spec.services[Main].resources.limits.gpu: {amount('all')}",
        id="gpu",
    ),
    pytest.param(
        a_graph({"resources": {"limits": {"custom": {"rdma/ib": "x"}}}}),
        f"spec.services[Main].resources.limits.custom[rdma/ib]: {amount('x')}",
        id="custom resource",
    ),
    pytest.param(
        a_graph({"sharedMemory": {"size": "8 gigs"}}),
        f"spec.services[Main].sharedMemory.size: {amount('8 gigs')}",
        id="shared memory",
    ),
    pytest.param(
        a_graph(pvcs=[{"name": "data", "size": "much"}]), f"spec.pvcs[0].size: {amount('much')}", id="volume claim"
    ),
    pytest.param(
        a_graph({"multinode": {"nodeCount": 0}}),
        "spec.services[Main].multinode.nodeCount must be at least 2; leave multinode out for a single node",
        id="no node",
    ),
    pytest.param(
        a_graph({"multinode": {"nodeCount": 1}}),
        "spec.services[Main].multinode.nodeCount must be at least 2; leave multinode out for a single node",
        id="one node",
    ),
    pytest.param(
        a_graph(over_two_nodes({"args": ["python3 -m dynamo.sglang --token 'hunter2"]})),
        f"spec.services[Main].extraPodSpec.mainContainer.args[0] {UNREADABLE}",
        id="text for the default shell",
    ),
    pytest.param(
        a_graph(over_two_nodes({"command": ["bash", "-c", 'python3 -m dynamo.vllm "']})),
        f"spec.services[Main].extraPodSpec.mainContainer.command[2] {UNREADABLE}",
        id="text for a shell in the command",
    ),
    pytest.param(a_graph(envs=[{"value": "x"}]), "spec.envs[0].name is required", id="variable of all without a name"),
    pytest.param(
        a_graph({"envs": [{"name": "A"}, {"name": ""}]}),
        "spec.services[Main].envs[1].name is required",
        id="variable of a service without a name",
    ),
    pytest.param(
        a_graph({"extraPodSpec": {"mainContainer": {"env": [{"name": "A=secret"}]}}}),
        'spec.services[Main].extraPodSpec.mainContainer.env[0].name: "A" is followed by "=", write what follows as '
        "its value",
        id="variable of the container with its value, which is not repeated, in its name",
    ),
    pytest.param(
        a_graph(metadata={"annotations": {BACKEND: "consul"}}), f"metadata.annotations{NO_BACKEND}", id="discovery"
    ),
    pytest.param(
        a_graph({"annotations": {BACKEND: "consul"}}),
        f"spec.services[Main].annotations{NO_BACKEND}",
        id="discovery of a service",
    ),
]


@pytest.mark.rule("W-14")
@pytest.mark.rule("W-62")
@pytest.mark.parametrize(("graph", "message"), BAD)
def test_a_new_graph_that_nothing_can_be_made_of_is_refused(graph: Graph, message: str) -> None:
    assert judge_graph(graph, namespace="team-a").message == message


@pytest.mark.parametrize(("graph", "message"), BAD)
def test_an_edit_that_brings_it_in_is_refused(graph: Graph, message: str) -> None:
    before = a_graph({"multinode": {"nodeCount": 3}}) if graph.spec.services["Main"].multinode else a_graph()  # type: ignore[index]  # there is one
    after = judge_update(before, graph, username="ada", namespace="team-a", policy=POLICY)

    assert after.message == message or "node topology" in after.message


@pytest.mark.parametrize(("graph", "message"), BAD)
def test_a_graph_that_has_it_stays_editable(graph: Graph, message: str) -> None:
    assert judge_update(graph, graph, username="ada", namespace="team-a", policy=POLICY).is_accepted
    assert judge_spec(graph).is_accepted


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_services() -> None:
    bad = {"resources": {"limits": {"cpu": "x"}}}
    graph = Graph.parse({"metadata": {"name": "chat"}, "spec": {"services": {"b": bad, "a": bad}}})

    assert [each.split(":")[0] for each in judge_graph(graph, namespace="team-a").errors] == [
        "spec.services[a].resources.limits.cpu",
        "spec.services[b].resources.limits.cpu",
    ]


@pytest.mark.parametrize(
    "main",
    [
        pytest.param({"resources": {"limits": {"cpu": "", "gpu": "8", "memory": "1.5Ti"}}}, id="quantities"),
        pytest.param({"sharedMemory": {"size": 1024}}, id="a whole number"),
        pytest.param({"envs": [{"name": "A", "value": "="}]}, id="variables"),
        pytest.param({"multinode": {"nodeCount": 2}}, id="two nodes"),
        pytest.param(over_two_nodes({"args": ["python3 -m dynamo.sglang --x 'y'"]}), id="a text for a shell"),
        pytest.param({"extraPodSpec": {"mainContainer": {"args": ["echo 'open"]}}}, id="a text that gets no flags"),
        pytest.param({"annotations": {BACKEND: "etcd"}}, id="a back end"),
        pytest.param({"newField": {"size": "12Gx"}, "resources": {"limits": {"future": "?"}}}, id="unknown fields"),
    ],
)
def test_what_something_can_be_made_of_is_accepted(main: dict[str, Any]) -> None:
    verdict = judge_graph(a_graph(main), namespace="team-a")

    assert (verdict.is_accepted, verdict.warnings) == (True, ())


RESERVED = {
    labels.SELECTOR: "chat-main",
    labels.GRAPH_NAME: "chat",
    labels.COMPONENT: "Main",
    labels.DYNAMO_NAMESPACE: "team-a-chat",
    labels.COMPONENT_TYPE: "worker",
}


@pytest.mark.rule("W-21")
@pytest.mark.rule("workloads 5.10 #1")
@pytest.mark.parametrize("label", sorted(RESERVED))
def test_a_label_that_pods_are_selected_by_cannot_be_changed_and_that_is_said(label: str) -> None:
    graph = a_graph({"componentType": "worker", "extraPodMetadata": {"labels": {label: "mine", "free": "x"}}})

    verdict = judge_graph(graph, namespace="team-a")

    assert verdict.is_accepted
    assert verdict.warnings == (
        f"spec.services[Main].extraPodMetadata.labels[{label}]: the label is reserved, pods keep {RESERVED[label]!r}",
    )


@pytest.mark.rule("W-21")
def test_the_same_value_is_no_change() -> None:
    graph = a_graph({"componentType": "worker", "extraPodMetadata": {"labels": RESERVED}})

    assert judge_graph(graph, namespace="team-a").warnings == ()


def test_the_dynamo_namespace_that_all_share_is_reserved_too() -> None:
    graph = a_graph({"globalDynamoNamespace": True, "extraPodMetadata": {"labels": {labels.DYNAMO_NAMESPACE: "mine"}}})

    [warning] = judge_graph(graph, namespace="team-a").warnings
    assert warning.endswith("pods keep 'dynamo'")


@pytest.mark.rule("W-21")
def test_an_edit_is_warned_of_what_it_brings_in_and_not_of_what_was_there() -> None:
    before = a_graph({"extraPodMetadata": {"labels": {labels.SELECTOR: "mine"}}})
    after = a_graph({"extraPodMetadata": {"labels": {labels.SELECTOR: "mine", labels.GRAPH_NAME: "mine"}}})

    verdict = judge_update(before, after, username="ada", namespace="team-a", policy=POLICY)

    assert [warning.split(":")[0] for warning in verdict.warnings] == [
        f"spec.services[Main].extraPodMetadata.labels[{labels.GRAPH_NAME}]"
    ]
