"""The rules on graphs, row by row, with their exact texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_change, judge_graph, judge_spec, judge_update
from shared.api.validation.identities import Policy

FRAMEWORK = "spec.backendFramework is immutable and cannot be changed after creation"
FRAMEWORK_WARNING = "Changing spec.backendFramework may cause unexpected behavior"
NAMES = "service topology is immutable and cannot be modified after creation: "
CLAIM = {
    "name": "data",
    "create": True,
    "storageClass": "standard",
    "size": "10Gi",
    "volumeAccessMode": "ReadWriteOnce",
}


def nodes_text(service: str) -> str:
    return f"spec.services[{service}] cannot change node topology (between single-node and multi-node) after creation"


def replicas_text(service: str) -> str:
    return (
        f"spec.services[{service}].replicas cannot be modified directly when scaling adapter is enabled; "
        "scale or update the related DynamoGraphDeploymentScalingAdapter instead"
    )


def a_graph(*, framework: str | None = "sglang", pvcs: Any = None, **services: dict[str, Any]) -> Graph:
    spec: dict[str, Any] = {"services": services}
    if framework is not None:
        spec["backendFramework"] = framework
    if pvcs is not None:
        spec["pvcs"] = pvcs
    return Graph.parse({"metadata": {"name": "chat"}, "spec": spec})


def claim(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (CLAIM | changes).items() if value is not None}


def nodes(count: int) -> dict[str, Any]:
    return {"multinode": {"nodeCount": count}}


def scaled(replicas: int | None, *, enabled: bool = True) -> dict[str, Any]:
    own = {} if replicas is None else {"replicas": replicas}
    return {"scalingAdapter": {"enabled": enabled}, **own}


@pytest.mark.rule(*(f"T-GC-{row}" for row in range(1, 14)))
@pytest.mark.rule(
    "GC-01",
    "GC-02",
    "GC-03",
    "GC-04",
    "GC-05",
    "GC-06",
    "workloads 2.5 #1",
    "workloads 2.5 DGD has no services",
    "workloads 2.5 PVC name absent/empty",
    "workloads 2.5 PVC create without class / size / mode",
    "workloads 2.5 #2",
)
@pytest.mark.parametrize(
    ("graph", "errors"),
    [
        pytest.param(a_graph(main={"replicas": 3}), [], id="T-GC-1"),
        pytest.param(a_graph(), ["spec.services must have at least one service"], id="T-GC-2"),
        pytest.param(
            a_graph(main={"replicas": -1}), ["spec.services[main].replicas must be non-negative"], id="T-GC-3"
        ),
        pytest.param(
            a_graph(gateway={"ingress": {"enabled": True}}),
            ["spec.services[gateway].ingress.host is required when ingress is enabled"],
            id="T-GC-4",
        ),
        pytest.param(
            a_graph(main={}, pvcs=[claim(storageClass=None)]),
            ["spec.pvcs[0].storageClass is required when create is true"],
            id="T-GC-5",
        ),
        pytest.param(
            a_graph(main={}, pvcs=[claim(size=None)]),
            ["spec.pvcs[0].size is required when create is true"],
            id="T-GC-6",
        ),
        pytest.param(
            a_graph(main={}, pvcs=[claim(volumeAccessMode=None)]),
            ["spec.pvcs[0].volumeAccessMode is required when create is true"],
            id="T-GC-7",
        ),
        pytest.param(a_graph(main={}, pvcs=[{"name": "models", "create": False}]), [], id="T-GC-8"),
        pytest.param(a_graph(main={}, pvcs=[{"create": False}]), ["spec.pvcs[0].name is required"], id="T-GC-9"),
        pytest.param(
            a_graph(main={}, pvcs=[{"create": True}]),
            [
                "spec.pvcs[0].name is required",
                "spec.pvcs[0].storageClass is required when create is true",
                "spec.pvcs[0].size is required when create is true",
                "spec.pvcs[0].volumeAccessMode is required when create is true",
            ],
            id="T-GC-10",
        ),
        pytest.param(a_graph(main={}, pvcs=[claim()]), [], id="T-GC-11"),
        pytest.param(
            a_graph(main={"volumeMounts": [{"name": "data"}]}),
            ["spec.services[main].volumeMounts[0].mountPoint is required when useAsCompilationCache is false"],
            id="T-GC-12",
        ),
        pytest.param(
            a_graph(main={"sharedMemory": {}}),
            ["spec.services[main].sharedMemory.size is required when disabled is false"],
            id="T-GC-13",
        ),
        pytest.param(
            a_graph(main={}, pvcs=[{"name": "ok"}, {"create": False}, {"create": True}]),
            ["spec.pvcs[1].name is required"],
            id="the first claim with a violation ends the check",
        ),
        pytest.param(
            a_graph(b={"replicas": -1}, a={"replicas": -1}),
            ["spec.services[a].replicas must be non-negative"],
            id="services are judged in the order of their names",
        ),
        pytest.param(
            a_graph(main={}, pvcs=[claim(size="0")]),
            ["spec.pvcs[0].size is required when create is true"],
            id="a size of zero is none",
        ),
    ],
)
def test_a_graph_is_judged_by_itself(graph: Graph, errors: list[str]) -> None:
    verdict = judge_graph(graph, namespace="team-a")

    assert verdict.errors == tuple(errors)
    assert verdict.message == "\n".join(errors)


@pytest.mark.rule(*(f"T-GU-{row}" for row in range(1, 20)))
@pytest.mark.rule("GU-01", "GU-02", "GU-03")
@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        pytest.param(a_graph(), a_graph(), "", id="T-GU-1"),
        pytest.param(a_graph(main={}), a_graph(framework="vllm", main={}), FRAMEWORK, id="T-GU-2"),
        pytest.param(
            a_graph(backend={}),
            a_graph(backend={}, frontend={}),
            f"{NAMES}services added: [frontend]",
            id="T-GU-3",
        ),
        pytest.param(
            a_graph(backend={}),
            a_graph(backend={}, frontend={}, cache={}),
            f"{NAMES}services added: [cache frontend]",
            id="T-GU-4",
        ),
        pytest.param(
            a_graph(backend={}, frontend={}), a_graph(backend={}), f"{NAMES}services removed: [frontend]", id="T-GU-5"
        ),
        pytest.param(
            a_graph(backend={}, frontend={}, cache={}),
            a_graph(backend={}),
            f"{NAMES}services removed: [cache frontend]",
            id="T-GU-6",
        ),
        pytest.param(
            a_graph(backend={}, cache={}),
            a_graph(backend={}, frontend={}),
            f"{NAMES}services added: [frontend], services removed: [cache]",
            id="T-GU-7",
        ),
        pytest.param(a_graph(backend={"replicas": 1}), a_graph(backend={"replicas": 3}), "", id="T-GU-8"),
        pytest.param(
            a_graph(backend={}, frontend={}, cache={}), a_graph(cache={}, backend={}, frontend={}), "", id="T-GU-9"
        ),
        pytest.param(a_graph(main={}), a_graph(main=nodes(2)), nodes_text("main"), id="T-GU-10"),
        pytest.param(a_graph(main=nodes(3)), a_graph(main={}), nodes_text("main"), id="T-GU-11"),
        pytest.param(a_graph(main=nodes(2)), a_graph(main=nodes(4)), "", id="T-GU-12"),
        pytest.param(a_graph(main={}), a_graph(main={}), "", id="T-GU-13"),
        pytest.param(a_graph(main=nodes(3)), a_graph(main=nodes(3)), "", id="T-GU-14"),
        pytest.param(a_graph(main=nodes(1)), a_graph(main=nodes(2)), nodes_text("main"), id="T-GU-15"),
        pytest.param(a_graph(main=nodes(2)), a_graph(main=nodes(1)), nodes_text("main"), id="T-GU-16"),
        pytest.param(
            a_graph(main={}, prefill=nodes(2)),
            a_graph(main=nodes(3), prefill=nodes(4)),
            nodes_text("main"),
            id="T-GU-17",
        ),
        pytest.param(
            a_graph(main={}), a_graph(main={}, decode=nodes(4)), f"{NAMES}services added: [decode]", id="T-GU-18"
        ),
        pytest.param(
            a_graph(main=nodes(2)),
            a_graph(main=nodes(2), gateway={}),
            f"{NAMES}services added: [gateway]",
            id="T-GU-19",
        ),
        pytest.param(a_graph(framework=None, main={}), a_graph(main={}), FRAMEWORK, id="GU-01 from empty"),
    ],
)
def test_a_change_is_judged_against_the_old_graph(old: Graph, new: Graph, error: str) -> None:
    assert judge_change(old, new, replicas_allowed=False).message == error


@pytest.mark.rule("T-GU-2", "TR-06")
def test_a_refused_change_of_the_framework_is_also_warned_about() -> None:
    verdict = judge_change(a_graph(main={}), a_graph(framework="vllm", main={}), replicas_allowed=False)

    assert verdict.warnings == (FRAMEWORK_WARNING,)


@pytest.mark.rule("GU-04", "D-11", "T-X-1", "T-X-2", "T-X-3", "T-X-4", "T-X-5", "T-X-6")
@pytest.mark.parametrize(
    ("old", "new", "username", "error"),
    [
        pytest.param(a_graph(main=scaled(1)), a_graph(main=scaled(3)), "", replicas_text("main"), id="T-X-1"),
        pytest.param(a_graph(main=scaled(1)), a_graph(main=scaled(3)), "the-reconciler", "", id="T-X-2"),
        pytest.param(a_graph(main=scaled(None)), a_graph(main=scaled(1)), "", "", id="T-X-3"),
        pytest.param(
            a_graph(b=scaled(1), a=scaled(1)),
            a_graph(b=scaled(2), a=scaled(2)),
            "",
            f"{replicas_text('a')}\n{replicas_text('b')}",
            id="T-X-4",
        ),
        pytest.param(
            a_graph(main=scaled(1)),
            a_graph(main=scaled(3, enabled=False)),
            "admin@example.com",
            replicas_text("main"),
            id="T-X-5",
        ),
        pytest.param(
            a_graph(main=scaled(1, enabled=False)),
            a_graph(main=scaled(3)),
            "admin@example.com",
            replicas_text("main"),
            id="T-X-6",
        ),
        pytest.param(
            a_graph(main=scaled(1, enabled=False)),
            a_graph(main=scaled(3, enabled=False)),
            "",
            "",
            id="without an adapter anyone may",
        ),
        pytest.param(
            a_graph(main=scaled(2)),
            a_graph(main={**scaled(2), "labels": {"a": "b"}}),
            "",
            "",
            id="other fields are free",
        ),
        pytest.param(
            a_graph(main=scaled(1)),
            a_graph(main=scaled(3)),
            "system:serviceaccount:team-a:planner-serviceaccount",
            "",
            id="the planner of the graph's namespace may",
        ),
        pytest.param(
            a_graph(main=scaled(1)),
            a_graph(main=scaled(3)),
            "system:serviceaccount:team-b:planner-serviceaccount",
            replicas_text("main"),
            id="the planner of another namespace may not",
        ),
    ],
)
def test_replicas_of_an_adapter_change_only_through_allowed_identities(
    old: Graph, new: Graph, username: str, error: str
) -> None:
    policy = Policy(principals=frozenset({"the-reconciler"}))

    assert judge_update(old, new, username=username, namespace="team-a", policy=policy).message == error


@pytest.mark.rule("T-X-7")
def test_immutable_fields_are_reported_together_with_one_warning() -> None:
    verdict = judge_change(a_graph(main={}), a_graph(framework="vllm", main=nodes(2)), replicas_allowed=False)

    assert verdict.errors == (FRAMEWORK, nodes_text("main"))
    assert verdict.warnings == (FRAMEWORK_WARNING,)


@pytest.mark.rule("T-X-8")
def test_names_are_not_looked_at_when_immutable_fields_changed() -> None:
    verdict = judge_change(a_graph(main={}), a_graph(main=nodes(2), more={}), replicas_allowed=False)

    assert verdict.message == nodes_text("main")


@pytest.mark.rule("HD-03")
def test_update_rules_do_not_run_on_an_invalid_graph() -> None:
    new = a_graph(framework="vllm", main={"replicas": -1})

    verdict = judge_update(a_graph(main={}), new, username="", namespace="team-a", policy=Policy())

    assert verdict.message == "spec.services[main].replicas must be non-negative"
    assert verdict.warnings == ()


def test_an_accepted_update_keeps_the_warnings_of_the_new_graph() -> None:
    new = a_graph(main={"autoscaling": {}})

    verdict = judge_update(a_graph(main={}), new, username="", namespace="team-a", policy=Policy())

    assert verdict.is_accepted
    assert verdict.warnings[0].startswith("spec.services[main].autoscaling is deprecated and ignored.")


def test_a_refused_update_carries_only_the_warnings_of_the_change() -> None:
    new = a_graph(framework="vllm", main={"autoscaling": {}})

    verdict = judge_update(a_graph(main={}), new, username="", namespace="team-a", policy=Policy())

    assert verdict.warnings == (FRAMEWORK_WARNING,)


NO_FIELDS: dict[str, Any] = {}
NAMES_OF_SERVICES = st.dictionaries(st.sampled_from(["a", "B", "cache", "main"]), st.just(NO_FIELDS), max_size=4)


@pytest.mark.rule("D-03", *(f"T-NS-{row}" for row in range(1, 11)))
@settings(max_examples=50)
@given(before=NAMES_OF_SERVICES, after=NAMES_OF_SERVICES)
def test_added_and_removed_services_are_named_in_order(before: dict[str, Any], after: dict[str, Any]) -> None:
    added, removed = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    parts = [f"services added: [{' '.join(added)}]"] * bool(added)
    parts += [f"services removed: [{' '.join(removed)}]"] * bool(removed)

    message = judge_change(a_graph(**before), a_graph(**after), replicas_allowed=False).message

    assert message == (NAMES + ", ".join(parts) if parts else "")


def test_an_unchanged_valid_graph_is_accepted_by_every_group() -> None:
    graph = a_graph(main=scaled(2), other=nodes(3))

    assert judge_spec(graph).is_accepted
    assert judge_change(graph, graph, replicas_allowed=False).is_accepted
