"""Refusals of an API server are told to many, so the values that they repeat are left out."""

from __future__ import annotations

import orjson
import pytest

from shared.core.refusals import without_values
from shared.kube.answers import Answer, error_of

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'spec.a: Invalid value: "hunter2": must be short', "spec.a: Invalid value: must be short", id="text"
        ),
        pytest.param(
            'a: Invalid value: "say \\"hunter2\\"": no, b: Required value',
            "a: Invalid value: no, b: Required value",
            id="text with quotes",
        ),
        pytest.param(
            'a: Invalid value: {"env":[{"name":"T","value":"hunter2"}]}: field is immutable',
            "a: Invalid value: field is immutable",
            id="JSON",
        ),
        pytest.param(
            'a: Invalid value: core.PodSpec{Env:[]core.EnvVar{core.EnvVar{Name:"T", Value:"hunter2"}}}: is immutable',
            "a: Invalid value: is immutable",
            id="Go",
        ),
        pytest.param(
            'a: Invalid value: map[string]interface {}{"T":"hunter2"}: no', "a: Invalid value: no", id="map of Go"
        ),
        pytest.param(
            'a: Invalid value: "hunter2": a in body must be of type date-time: "hunter2"',
            "a: Invalid value: a in body must be of type date-time",
            id="twice",
        ),
        pytest.param(
            ".spec.a: expected string, got &value.valueUnstructured{Value:hunter2}",
            ".spec.a: expected string",
            id="apply that does not fit",
        ),
        pytest.param(
            "spec.n: Invalid value: 51: must be at most 50", "spec.n: Invalid value: must be at most 50", id="number"
        ),
        pytest.param(
            "pods is forbidden: exceeded quota", "pods is forbidden: exceeded quota", id="nothing to leave out"
        ),
    ],
)
def test_leaves_values_out_and_keeps_the_reason(text: str, expected: str) -> None:
    assert without_values(text) == expected


def test_an_error_of_the_api_server_never_repeats_a_value() -> None:
    message = f'Deployment.apps "x" is invalid: spec.env[0].name: Invalid value: "{SECRET}": must be a name'
    answer = Answer(422, orjson.dumps({"kind": "Status", "reason": "Invalid", "message": message, "code": 422}))

    error = error_of("apply deployments/x", answer, is_write=True)

    assert SECRET not in str(error)
    assert "spec.env[0].name: Invalid value: must be a name" in str(error)
