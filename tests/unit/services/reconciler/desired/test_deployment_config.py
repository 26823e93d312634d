"""`DYN_DEPLOYMENT_CONFIG`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.reconciler.desired.deployment_config import configured
from services.reconciler.desired.problems import RenderError

NAME = "DYN_DEPLOYMENT_CONFIG"


def with_config(value: Any, **service: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value)
    return {**service, "envs": [{"name": "A", "value": "1"}, {"name": NAME, "value": text}]}


def args(**fields: Any) -> dict[str, Any]:
    return {"W": {"ServiceArgs": fields}}


@pytest.mark.rule("workloads 4.7 workers", "workloads 4.8 #1", "workloads 12 Config #1")
@pytest.mark.parametrize(
    ("replicas", "expected"),
    [pytest.param(None, 2, id="unset"), pytest.param(0, 0, id="zero wins"), pytest.param(3, 3, id="spec wins")],
)
def test_workers_are_the_replicas_of_a_service_without_any(replicas: int | None, expected: int) -> None:
    service = with_config(args(workers=2), **({} if replicas is None else {"replicas": replicas}))

    assert configured(service, "W", is_frontend=False)["replicas"] == expected


@pytest.mark.rule("workloads 4.7 resources.cpu/memory/gpu", "workloads 4.7 #4", "workloads 12 Config #1")
def test_amounts_go_to_requests_and_limits() -> None:
    service = with_config(
        args(Resources={"GPU": "2"}), resources={"requests": {"cpu": "1", "memory": "1Gi", "gpu": "1"}}
    )

    assert configured(service, "W", is_frontend=False)["resources"] == {
        "requests": {"cpu": "1", "memory": "1Gi", "gpu": "2"},
        "limits": {"gpu": "2"},
    }


@pytest.mark.rule("workloads 4.7 resources.custom", "workloads 12 Config #1")
def test_custom_amounts_are_replaced_as_a_whole() -> None:
    service = with_config(
        args(resources={"custom": {"b": "2"}}), resources={"limits": {"custom": {"a": "1"}, "cpu": "1"}}
    )

    found = configured(service, "W", is_frontend=False)["resources"]

    assert found == {"requests": {"custom": {"b": "2"}}, "limits": {"custom": {"b": "2"}, "cpu": "1"}}


@pytest.mark.rule("workloads 4.7 #3", "workloads 12 Config #1")
@pytest.mark.parametrize("key", ["workers", "Workers", "WORKERS"])
def test_inner_keys_match_without_regard_to_case(key: str) -> None:
    assert configured(with_config({"W": {"serviceargs": {key: 4}}}), "W", is_frontend=False)["replicas"] == 4


@pytest.mark.rule("workloads 4.7 #3")
def test_service_names_match_exactly() -> None:
    assert "replicas" not in configured(with_config({"w": {"ServiceArgs": {"workers": 4}}}), "W", is_frontend=False)


@pytest.mark.rule("workloads 10.11", "workloads 4.7 #2")
def test_a_frontend_listens_on_its_own_port_whatever_the_configuration_says() -> None:
    service = with_config('{"F": {"port": 8080, "ServiceArgs": {"Workers": 2}}}')

    found = configured(service, "F", is_frontend=True)["envs"]

    assert found == [
        {"name": "A", "value": "1"},
        {"name": NAME, "value": '{"F":{"ServiceArgs":{"Workers":2},"port":8000}}'},
    ]


@pytest.mark.rule("workloads 10.11", "workloads 4.7 #2")
def test_others_keep_the_text_as_it_was() -> None:
    text = '{"F": {"port": 8080}}'

    assert configured(with_config(text), "W", is_frontend=False)["envs"][1]["value"] == text
    assert configured(with_config(text), "G", is_frontend=True)["envs"][1]["value"] == text


@pytest.mark.rule("W-11", "workloads 4.7 #1")
@pytest.mark.parametrize(
    "variable", [{"name": NAME}, {"name": NAME, "value": ""}, {"name": NAME, "valueFrom": {"configMapKeyRef": {}}}]
)
def test_a_variable_without_a_literal_value_is_left_alone(variable: dict[str, Any]) -> None:
    service = {"envs": [variable]}

    assert configured(service, "W", is_frontend=True) == service


@pytest.mark.rule("workloads 4.7 #2", "workloads 4.7 #3", "workloads 12 Config #1")
@pytest.mark.parametrize(
    ("value", "is_frontend", "start"),
    [
        pytest.param("{", True, "failed to unmarshal", id="no JSON, frontend"),
        pytest.param("{", False, "failed to parse", id="no JSON"),
        pytest.param("[]", False, "failed to parse", id="a list"),
        pytest.param({"X": 1}, False, "failed to parse", id="an entry that is no object"),
        pytest.param(args(workers="2"), False, "failed to parse", id="workers as text"),
        pytest.param(args(workers=True), False, "failed to parse", id="workers as a boolean"),
        pytest.param(args(resources={"cpu": 1}), False, "failed to parse", id="cpu as a number"),
        pytest.param(args(resources={"custom": ["secret"]}), False, "failed to parse", id="custom as a list"),
        pytest.param(args(resources={"custom": {"secret": 1}}), False, "failed to parse", id="custom with a number"),
        pytest.param({"X": {"ServiceArgs": "secret"}}, False, "failed to parse", id="of another service"),
    ],
)
def test_a_malformed_configuration_is_refused_without_repeating_it(value: Any, is_frontend: bool, start: str) -> None:
    with pytest.raises(RenderError) as error:
        configured(with_config(value), "W", is_frontend=is_frontend)

    assert error.value.text.startswith(f"{start} {NAME}: ")
    assert "secret" not in error.value.text + error.value.remedy


@pytest.mark.rule("workloads 4.7")
@pytest.mark.parametrize("value", ["null", {"W": None}, {"W": {"unknown": 1}}, {"W": {"ServiceArgs": None}}])
def test_null_and_unknown_members_mean_nothing(value: Any) -> None:
    service = with_config(value)

    assert configured(service, "W", is_frontend=False) == service
