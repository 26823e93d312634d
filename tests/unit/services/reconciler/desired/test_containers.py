"""The main container: defaults of its type and what users lay over them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.reconciler.desired.builders import container_of


def main(**fields: Any) -> dict[str, Any]:
    return {"mainContainer": fields}


@pytest.mark.rule(
    "workloads 5.1 #1",
    "workloads 1.1 Frontend service port / name",
    'workloads 1.1 Worker "system" port / name',
    "workloads 1.1 Planner metrics port / name",
    "workloads 1.1 Main container name",
    "workloads 2.3 componentType",
)
@pytest.mark.parametrize(
    ("kind", "command", "args", "port"),
    [
        pytest.param("frontend", ["python3"], ["-m", "dynamo.frontend"], ("http", 8000), id="frontend"),
        pytest.param("worker", ["/bin/sh", "-c"], None, ("system", 9090), id="worker"),
        pytest.param("prefill", ["/bin/sh", "-c"], None, ("system", 9090), id="prefill"),
        pytest.param("decode", ["/bin/sh", "-c"], None, ("system", 9090), id="decode"),
        pytest.param("planner", ["/bin/sh", "-c"], None, ("metrics", 9085), id="planner"),
        pytest.param("gateway", ["/bin/sh", "-c"], None, None, id="any other"),
        pytest.param("", ["/bin/sh", "-c"], None, None, id="none"),
    ],
)
def test_a_type_brings_its_command_and_port(
    kind: str, command: list[str], args: list[str] | None, port: tuple[str, int] | None
) -> None:
    container = container_of(componentType=kind)

    assert container["name"] == "main"
    assert container["command"] == command
    assert container.get("args") == args
    assert [(each["name"], each["containerPort"]) for each in container.get("ports", [])] == ([port] if port else [])


@pytest.mark.rule("workloads 5.2")
@pytest.mark.parametrize(
    ("kind", "probes"),
    [
        ("frontend", {"livenessProbe", "readinessProbe"}),
        ("worker", {"livenessProbe", "readinessProbe", "startupProbe"}),
        ("planner", set()),
        ("", set()),
    ],
)
def test_a_type_brings_its_probes(kind: str, probes: set[str]) -> None:
    assert {key for key in container_of(componentType=kind) if key.endswith("Probe")} == probes


@pytest.mark.rule("workloads 5.5 #3", "workloads 12 Merging #1", "workloads 12 Merging #2")
@pytest.mark.parametrize(
    ("kind", "given", "command", "args"),
    [
        pytest.param(
            "frontend", {"command": ["uvicorn"]}, ["uvicorn"], ["-m", "dynamo.frontend"], id="frontend keeps its args"
        ),
        pytest.param("frontend", {"args": ["-m", "x"]}, ["python3"], ["-m", "x"], id="frontend runs python"),
        pytest.param("worker", {"args": ["run me"]}, ["/bin/sh", "-c"], ["run me"], id="worker runs a shell"),
        pytest.param("worker", {"command": ["a"], "args": ["b"]}, ["a"], ["b"], id="both"),
    ],
)
def test_command_and_args_are_replaced_apart(
    kind: str, given: dict[str, Any], command: list[str], args: list[str]
) -> None:
    container = container_of(componentType=kind, extraPodSpec=main(**given))

    assert (container["command"], container["args"]) == (command, args)


@pytest.mark.rule("workloads 5.3 #4", "workloads 12 Merging #4", "workloads 2.3 livenessProbe, readinessProbe")
def test_a_probe_of_the_component_replaces_the_whole_probe() -> None:
    probe = {"tcpSocket": {"port": 1}}

    container = container_of(livenessProbe=probe, extraPodSpec=main(livenessProbe={"exec": {}}, readinessProbe=probe))

    assert container["livenessProbe"] == probe
    assert container["readinessProbe"] == probe


@pytest.mark.rule("workloads 5.3 #2", "workloads 12 Merging #5")
def test_a_startup_probe_of_the_container_replaces_the_default_one() -> None:
    assert container_of(extraPodSpec=main(startupProbe={"exec": {}}))["startupProbe"] == {"exec": {}}


@pytest.mark.rule("workloads 5.3 #6", "workloads 2.3 envFromSecret")
def test_the_secret_of_the_component_is_the_last_source() -> None:
    own = {"configMapRef": {"name": "own"}}

    container = container_of(envFromSecret="hf", extraPodSpec=main(envFrom=[own]))

    assert container["envFrom"] == [own, {"secretRef": {"name": "hf"}}]


@pytest.mark.rule("W-15", "workloads 5.5 #4")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            [{"name": "extra", "containerPort": 1}],
            [
                {"name": "system", "containerPort": 9090, "protocol": "TCP"},
                {"name": "extra", "containerPort": 1, "protocol": "TCP"},
            ],
            id="others join the default",
        ),
        pytest.param(
            [{"name": "system", "containerPort": 9091}],
            [{"name": "system", "containerPort": 9091, "protocol": "TCP"}],
            id="same name",
        ),
        pytest.param(
            [{"name": "mine", "containerPort": 9090}],
            [{"name": "mine", "containerPort": 9090, "protocol": "TCP"}],
            id="same number",
        ),
        pytest.param(
            [{"name": "mine", "containerPort": 9090, "protocol": "UDP"}],
            [
                {"name": "system", "containerPort": 9090, "protocol": "TCP"},
                {"name": "mine", "containerPort": 9090, "protocol": "UDP"},
            ],
            id="same number of another protocol",
        ),
    ],
)
def test_the_port_that_default_probes_name_stays(given: list[Any], expected: list[Any]) -> None:
    assert container_of(extraPodSpec=main(ports=given))["ports"] == expected


@pytest.mark.rule("W-15")
def test_default_probes_go_by_number_where_the_port_has_another_name() -> None:
    container = container_of(extraPodSpec=main(ports=[{"name": "mine", "containerPort": 9090}]))

    assert container["livenessProbe"]["httpGet"] == {"path": "/live", "port": 9090}


@pytest.mark.rule("workloads 5.5 #5")
def test_a_container_may_be_renamed() -> None:
    assert container_of(extraPodSpec=main(name="engine"))["name"] == "engine"
