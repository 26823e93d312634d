"""The environment of the main container."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.component import component_of
from services.reconciler.desired.components import component_deployment
from services.reconciler.desired.environments import extended, joined, variable
from services.reconciler.desired.pods import pod_spec
from shared.api.platform import Discovery, DiscoveryBackend, Etcd, ModelExpress, Nats, PlatformContext, Prometheus
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph, a_service, container_of, environment_of

DISCOVERY = "nvidia.com/dynamo-discovery-backend"
BY_ETCD = PlatformContext(discovery=Discovery(backend=DiscoveryBackend.ETCD))


def names(variables: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for entry in variables]


@pytest.mark.rule(
    "workloads 5.3 #3", "workloads 5.3 #7", "workloads 5.4 #1", "workloads 5.4 0", "workloads 5.4 3", "workloads 5.4 5"
)
def test_a_later_source_wins_over_an_earlier_one() -> None:
    platform = PlatformContext(nats=Nats(address="platform"))
    levels = [
        container_of(platform=platform),
        container_of(platform=platform, extraPodSpec={"mainContainer": {"env": [variable("NATS_SERVER", "main")]}}),
        container_of(
            platform=platform,
            extraPodSpec={"mainContainer": {"env": [variable("NATS_SERVER", "main")]}},
            envs=[variable("NATS_SERVER", "service")],
        ),
    ]

    assert [environment_of(level)["NATS_SERVER"] for level in levels] == ["platform", "main", "service"]


@pytest.mark.rule("workloads 12 Env #1", "workloads 5.4 #1")
@pytest.mark.parametrize("levels", range(1, 7))
def test_of_six_sources_of_one_variable_the_last_wins(levels: int) -> None:
    sources = [[variable("A", f"level {level}"), variable(f"OF_{level}", "1")] for level in range(levels)]

    found = {entry["name"]: entry["value"] for entry in joined(*sources)}

    assert found["A"] == f"level {levels - 1}"
    assert len(found) == levels + 1


@pytest.mark.rule("workloads 5.4 3", "workloads 5.4 4", "workloads 5.4 5", "workloads 12 Env #1")
@pytest.mark.parametrize(
    ("of_graph", "of_service", "expected"),
    [
        pytest.param([], [], "main", id="the container"),
        pytest.param([variable("DYN_SYSTEM_PORT", "graph")], [], "graph", id="then the graph"),
        pytest.param([], [variable("DYN_SYSTEM_PORT", "service")], "service", id="then the service"),
        pytest.param(
            [variable("DYN_SYSTEM_PORT", "graph")], [variable("DYN_SYSTEM_PORT", "service")], "service", id="both"
        ),
    ],
)
def test_variables_of_container_graph_and_service_win_in_this_order(
    of_graph: list[Any], of_service: list[Any], expected: str
) -> None:
    container = {"env": [variable("DYN_SYSTEM_PORT", "main")]}
    graph = a_graph({"w": a_service("worker", container, envs=of_service)}, envs=of_graph)

    component = component_of(component_deployment(graph, "w", PLATFORM), PLATFORM)

    assert environment_of(pod_spec(component, PLATFORM)["containers"][0])["DYN_SYSTEM_PORT"] == expected


@pytest.mark.rule("workloads 5.4 #3", "W-20")
@pytest.mark.parametrize(("is_owned", "parent"), [(True, "g"), (False, "g-w")])
def test_the_parent_is_the_graph_that_owns_the_component_or_else_itself(is_owned: bool, parent: str) -> None:
    assert environment_of(container_of(owned=is_owned))["DYN_PARENT_DGD_K8S_NAME"] == parent


@pytest.mark.rule("workloads 5.4 1", "workloads 5.4 2", "workloads 5.4 5")
@pytest.mark.parametrize("name", ["DYN_NAMESPACE", "DYN_SYSTEM_PORT", "POD_UID", "DYN_DISCOVERY_BACKEND"])
def test_a_service_may_replace_every_default(name: str) -> None:
    assert environment_of(container_of(envs=[variable(name, "mine")]))[name] == "mine"


@pytest.mark.rule("workloads 5.4", "workloads 12 Env #2")
def test_a_frontend_keeps_the_port_that_its_service_names() -> None:
    container = container_of(componentType="frontend", envs=[variable("DYN_HTTP_PORT", "3000")])

    assert environment_of(container)["DYN_HTTP_PORT"] == "3000"


@pytest.mark.rule("workloads 5.4 0", "workloads 1.4 natsAddr, etcdAddr, model-express-url, prometheus-endpoint")
def test_platform_addresses_appear_only_when_configured() -> None:
    platform = PlatformContext(
        nats=Nats(address="n"),
        etcd=Etcd(address="e"),
        model_express=ModelExpress(url="m"),
        prometheus=Prometheus(endpoint="p"),
    )
    addresses = {"NATS_SERVER": "n", "ETCD_ENDPOINTS": "e", "MODEL_EXPRESS_URL": "m", "PROMETHEUS_ENDPOINT": "p"}

    assert environment_of(container_of(platform=platform)).items() >= addresses.items()
    assert not environment_of(container_of(platform=PlatformContext())).keys() & addresses.keys()


@pytest.mark.rule(
    "DS-04", "workloads 5.4 #4", "workloads 1.3 nvidia.com/dynamo-discovery-backend", "workloads 12 Env #3"
)
@pytest.mark.parametrize(
    ("platform", "annotations", "expected"),
    [
        pytest.param(PLATFORM, {}, "kubernetes", id="the platform's default"),
        pytest.param(BY_ETCD, {}, None, id="etcd by default"),
        pytest.param(PLATFORM, {DISCOVERY: "etcd"}, None, id="etcd by annotation"),
        pytest.param(BY_ETCD, {DISCOVERY: "kubernetes"}, "kubernetes", id="kubernetes by annotation"),
    ],
)
def test_names_the_discovery_back_end_unless_it_is_etcd(
    platform: PlatformContext, annotations: dict[str, str], expected: str | None
) -> None:
    container = container_of(platform=platform, annotations=annotations)

    assert environment_of(container).get("DYN_DISCOVERY_BACKEND") == expected


@pytest.mark.rule("workloads 5.4 #1", "workloads 12 Env #5")
def test_sorts_by_code_point() -> None:
    assert names(joined([variable("DYN_A", "1"), variable("DYNAMO_A", "1"), variable("A", "1")])) == [
        "A",
        "DYNAMO_A",
        "DYN_A",
    ]


@pytest.mark.rule("W-13", "workloads 5.4 #2")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"A": "$(Z)", "Z": "1"}, ["Z", "A"], id="a reference"),
        pytest.param({"A": "$(M)", "M": "$(Z)", "Z": "1"}, ["Z", "M", "A"], id="a chain"),
        pytest.param({"A": "$(B)", "B": "$(A)"}, ["B", "A"], id="a circle ends"),
        pytest.param({"A": "$(A)", "B": "1"}, ["A", "B"], id="itself"),
        pytest.param({"A": "$$(Z)", "Z": "1"}, ["A", "Z"], id="an escaped dollar is no reference"),
        pytest.param({"A": "$(NOBODY)", "B": "1"}, ["A", "B"], id="an unknown name"),
    ],
)
def test_places_referenced_variables_first(variables: dict[str, str], expected: list[str]) -> None:
    assert names(joined([variable(name, value) for name, value in variables.items()])) == expected


@pytest.mark.rule("W-13", "workloads 5.4 #2")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([variable("Z", "1")], ["Z", "ENGINE"], id="behind all others"),
        pytest.param([variable("A", "1"), variable("B", "$(ENGINE)/x")], ["A", "ENGINE", "B"], id="where it is needed"),
        pytest.param([variable("ENGINE", "mine"), variable("Z", "1")], ["ENGINE", "Z"], id="not if it is there"),
    ],
)
def test_a_variable_of_an_engine_stands(given: list[Any], expected: list[str]) -> None:
    found = extended(given, [variable("ENGINE", "theirs")])

    assert names(found) == expected
    assert all(entry in found for entry in given)


def test_an_empty_value_is_left_out() -> None:
    assert variable("A", "") == {"name": "A"}


def test_follows_a_chain_of_any_length() -> None:
    chain = [variable(f"V{number:05}", f"$(V{number + 1:05})") for number in range(3000)]

    assert names(joined(chain)) == sorted(names(chain), reverse=True)


NAMES = st.sampled_from("ABCDEFG")
VARIABLES = st.lists(
    st.builds(variable, NAMES, st.lists(NAMES, max_size=3).map(lambda used: "".join(f"$({name})" for name in used)))
)


@given(VARIABLES, st.randoms(use_true_random=False))
def test_the_order_depends_on_nothing_but_the_variables(variables: list[dict[str, Any]], random: Any) -> None:
    unique = {entry["name"]: entry for entry in variables}
    shuffled = list(unique.values())
    random.shuffle(shuffled)

    assert joined(shuffled) == joined(unique.values())
    assert sorted(names(joined(shuffled))) == sorted(unique)
