"""The main container: defaults of its type and what users lay over them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.reconciler.desired.builders import container_of, environment_of, pod_of


def main(**fields: Any) -> dict[str, Any]:
    return {"mainContainer": fields}


def probe(path: str, port: str, **timings: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, "failureThreshold": 3, **timings}


@pytest.mark.rule(
    "workloads 5.1 #1",
    "workloads 5.3 #1",
    "workloads 1.1 Frontend service port / name",
    'workloads 1.1 Worker "system" port / name',
    "workloads 1.1 Planner metrics port / name",
    "workloads 1.1 Main container name",
    "workloads 2.3 componentType",
)
@pytest.mark.parametrize(
    ("kind", "command", "args", "port"),
    [
        pytest.param(
            "frontend",
            ["python3"],
            ["-m", "dynamo.frontend"],
            ("http", 8000),
            marks=pytest.mark.rule("workloads 5.1 frontend"),
            id="frontend",
        ),
        pytest.param(
            "worker",
            ["/bin/sh", "-c"],
            None,
            ("system", 9090),
            marks=pytest.mark.rule("workloads 5.1 worker, prefill, decode"),
            id="worker",
        ),
        pytest.param(
            "prefill",
            ["/bin/sh", "-c"],
            None,
            ("system", 9090),
            marks=pytest.mark.rule("workloads 5.1 worker, prefill, decode"),
            id="prefill",
        ),
        pytest.param(
            "decode",
            ["/bin/sh", "-c"],
            None,
            ("system", 9090),
            marks=pytest.mark.rule("workloads 5.1 worker, prefill, decode"),
            id="decode",
        ),
        pytest.param(
            "planner",
            ["/bin/sh", "-c"],
            None,
            ("metrics", 9085),
            marks=pytest.mark.rule("workloads 5.1 planner"),
            id="planner",
        ),
        pytest.param(
            "gateway",
            ["/bin/sh", "-c"],
            None,
            None,
            marks=pytest.mark.rule("workloads 5.1 any other, incl. empty"),
            id="any other",
        ),
        pytest.param(
            "", ["/bin/sh", "-c"], None, None, marks=pytest.mark.rule("workloads 5.1 any other, incl. empty"), id="none"
        ),
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


@pytest.mark.rule("workloads 5.2 #1", "workloads 5.3 #1")
@pytest.mark.parametrize(
    ("kind", "probes"),
    [
        pytest.param(
            "frontend",
            {
                "livenessProbe": probe("/live", "http", initialDelaySeconds=15, periodSeconds=10, timeoutSeconds=1),
                "readinessProbe": probe("/health", "http", initialDelaySeconds=10, periodSeconds=10, timeoutSeconds=3),
            },
            marks=pytest.mark.rule("workloads 5.2 frontend", "workloads 5.2 frontend (2)"),
            id="frontend",
        ),
        *(
            pytest.param(
                kind,
                {
                    "livenessProbe": probe("/live", "system", periodSeconds=5, timeoutSeconds=4, failureThreshold=1),
                    "readinessProbe": probe("/health", "system", periodSeconds=10, timeoutSeconds=4),
                    "startupProbe": probe("/live", "system", periodSeconds=10, timeoutSeconds=5, failureThreshold=720),
                },
                marks=pytest.mark.rule(
                    "workloads 5.2 worker family", "workloads 5.2 worker family (2)", "workloads 5.2 worker family (3)"
                ),
                id=kind,
            )
            for kind in ("worker", "prefill", "decode")
        ),
        pytest.param("planner", {}, marks=pytest.mark.rule("workloads 5.2 planner, default"), id="planner"),
        pytest.param("", {}, marks=pytest.mark.rule("workloads 5.2 planner, default"), id="none"),
    ],
)
def test_a_type_brings_its_probes(kind: str, probes: dict[str, Any]) -> None:
    assert {key: value for key, value in container_of(componentType=kind).items() if key.endswith("Probe")} == probes


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


@pytest.mark.rule("workloads 5.5 #2", "workloads 5.5 #6")
def test_variables_of_the_container_join_the_defaults() -> None:
    found = environment_of(container_of(extraPodSpec=main(env=[{"name": "MINE", "value": "1"}])))

    assert found["MINE"] == "1"
    assert found.keys() >= environment_of(container_of()).keys()


@pytest.mark.rule("workloads 5.1 frontend", "workloads 5.1 worker, prefill, decode", "workloads 5.1 planner")
@pytest.mark.parametrize(
    ("kind", "variables"),
    [
        ("frontend", {"DYNAMO_PORT": "8000", "DYN_HTTP_PORT": "8000"}),
        (
            "decode",
            {
                "DYN_SYSTEM_ENABLED": "true",
                "DYN_SYSTEM_PORT": "9090",
                "DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS": '["generate"]',
                "DYN_HEALTH_CHECK_ENABLED": "false",
            },
        ),
        ("planner", {"PLANNER_PROMETHEUS_PORT": "9085"}),
        ("gateway", {}),
    ],
)
def test_a_type_brings_its_variables(kind: str, variables: dict[str, str]) -> None:
    common = environment_of(container_of(componentType="other"))
    found = environment_of(container_of(componentType=kind))

    assert {name: value for name, value in found.items() if name not in common} == variables


@pytest.mark.rule("workloads 2.3 extraPodSpec")
@pytest.mark.parametrize("key", ["containers", "initContainers"])
def test_ports_of_other_containers_get_the_protocol_that_the_api_would_give_them(key: str) -> None:
    ports = [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]

    pod = pod_of(extraPodSpec={key: [{"name": "a", "ports": ports}, {"name": "b"}]})

    assert pod[key][:2] == [
        {"name": "a", "ports": [{"containerPort": 1, "protocol": "TCP"}, {"containerPort": 2, "protocol": "UDP"}]},
        {"name": "b"},
    ]
