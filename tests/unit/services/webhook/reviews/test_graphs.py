"""What the API server is answered about graphs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.webhook.reviews.answers import Answer, allowed, denied, encode, failed, malformed
from services.webhook.reviews.graphs import review_graph
from services.webhook.reviews.questions import Question
from shared.api.validation.identities import Policy

NO_SERVICES = "spec.services must have at least one service"
FRAMEWORK = "spec.backendFramework is immutable and cannot be changed after creation"
FRAMEWORK_WARNING = "Changing spec.backendFramework may cause unexpected behavior"
ADAPTER = (
    "spec.services[main].replicas cannot be modified directly when scaling adapter is enabled; scale or update the "
    "related DynamoGraphDeploymentScalingAdapter instead"
)


def a_graph(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "chat", "namespace": "team-a", **metadata},
        "spec": {"services": {"main": {}}} if spec is None else spec,
    }


def a_question(operation: str = "CREATE", **changes: Any) -> Question:
    question = Question(
        uid="u1",
        operation=operation,
        kind="DynamoGraphDeployment",
        namespace="team-a",
        name="chat",
        username="ada",
        new=a_graph() if operation in ("CREATE", "UPDATE") else None,
        old=a_graph() if operation in ("UPDATE", "DELETE") else None,
    )
    return replace(question, **changes)


def answer(question: Question) -> Answer:
    return review_graph(question, Policy())


@pytest.mark.rule("TR-03", "TR-05", "HD-02")
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE", "DELETE", "CONNECT"])
def test_what_breaks_no_rule_is_allowed(operation: str) -> None:
    assert answer(a_question(operation)) == allowed()


@pytest.mark.rule("TR-03")
def test_an_unknown_operation_is_malformed() -> None:
    assert answer(a_question("FOO")) == malformed('unknown operation "FOO"')


@pytest.mark.rule("TR-04", "TR-10")
@pytest.mark.parametrize("is_dry_run", [False, True])
def test_an_invalid_graph_is_denied_also_in_a_dry_run(is_dry_run: bool) -> None:
    question = a_question(new=a_graph({"services": {}}), is_dry_run=is_dry_run)

    assert answer(question) == denied(NO_SERVICES)


@pytest.mark.rule("TR-06")
def test_warnings_come_with_an_acceptance() -> None:
    warned = answer(a_question(new=a_graph({"services": {"main": {"autoscaling": {}}}})))

    assert warned.allowed
    assert warned.warnings[0].startswith("spec.services[main].autoscaling is deprecated and ignored.")


@pytest.mark.rule("TR-06", "T-GU-2")
def test_warnings_come_with_a_refusal() -> None:
    before = a_graph({"backendFramework": "sglang", "services": {"main": {}}})
    after = a_graph({"backendFramework": "vllm", "services": {"main": {}}})

    assert answer(a_question("UPDATE", old=before, new=after)) == denied(FRAMEWORK, (FRAMEWORK_WARNING,))


@pytest.mark.rule("TR-07")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"services": {"main": None}},
            "spec.services.main: must be of type object",
            id="no component",
        ),
        pytest.param(
            {"services": {"main": {"replicas": "1"}}},
            "spec.services.main.replicas: must be of type integer",
            id="a wrong type",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
def test_an_object_that_cannot_be_read_is_malformed(operation: str, spec: dict[str, Any], message: str) -> None:
    assert answer(a_question(operation, new=a_graph(spec))) == malformed(message)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param(a_question(new=None), "request has no object", id="create of nothing"),
        pytest.param(a_question("UPDATE", old=None), "request has no old object", id="update of nothing"),
    ],
)
def test_a_request_without_its_objects_is_malformed(question: Question, message: str) -> None:
    assert answer(question) == malformed(message)


@pytest.mark.rule("TR-08")
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE", "DELETE"])
def test_another_kind_is_denied(operation: str) -> None:
    assert answer(a_question(operation, kind="Pod")) == denied("expected DynamoGraphDeployment but got Pod")


@pytest.mark.rule("TR-08")
def test_another_kind_of_the_old_object_is_denied() -> None:
    assert answer(a_question("UPDATE", old={"kind": "Pod"})) == denied("expected DynamoGraphDeployment but got Pod")


@pytest.mark.rule("HD-01", "T-X-10")
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"services": {}}, id="services removed"),
        pytest.param({"services": {"main": None}}, id="unreadable"),
    ],
)
def test_what_is_in_deletion_is_never_refused(spec: dict[str, Any]) -> None:
    leaving = a_graph(spec, deletionTimestamp="2025-01-01T00:00:00Z")

    assert answer(a_question("UPDATE", new=leaving)) == allowed()


@pytest.mark.rule("HD-01")
def test_the_same_change_without_deletion_is_denied() -> None:
    assert answer(a_question("UPDATE", new=a_graph({"services": {}}))) == denied(NO_SERVICES)


@pytest.mark.rule("D-09", "GU-04")
@pytest.mark.parametrize(
    ("username", "expected"),
    [
        pytest.param("ada", denied(ADAPTER), id="a person"),
        pytest.param("system:serviceaccount:team-a:planner-serviceaccount", allowed(), id="the planner beside it"),
        pytest.param("system:serviceaccount:team-b:planner-serviceaccount", denied(ADAPTER), id="another planner"),
        pytest.param("", denied(ADAPTER), id="nobody"),
    ],
)
def test_the_user_and_namespace_of_the_request_decide_about_replicas(username: str, expected: Answer) -> None:
    before = a_graph({"services": {"main": {"replicas": 1, "scalingAdapter": {"enabled": True}}}})
    after = a_graph({"services": {"main": {"replicas": 3, "scalingAdapter": {"enabled": True}}}})

    assert answer(a_question("UPDATE", old=before, new=after, username=username)) == expected


@pytest.mark.rule("TR-01", "TR-04", "TR-05", "TR-09")
@pytest.mark.parametrize(
    ("given", "response"),
    [
        pytest.param(allowed(), {"allowed": True, "status": {"code": 200}}, id="allowed"),
        pytest.param(
            allowed(("careful",)),
            {"allowed": True, "status": {"code": 200}, "warnings": ["careful"]},
            id="allowed with a warning",
        ),
        pytest.param(
            denied("no"),
            {"allowed": False, "status": {"code": 403, "reason": "Forbidden", "message": "no"}},
            id="denied",
        ),
        pytest.param(malformed("what"), {"allowed": False, "status": {"code": 400, "message": "what"}}, id="malformed"),
        pytest.param(
            failed(RuntimeError("boom")),
            {"allowed": False, "status": {"code": 500, "message": "panic: boom [recovered]"}},
            id="failed",
        ),
    ],
)
def test_an_answer_is_written_as_a_review_with_the_same_uid(given: Answer, response: dict[str, Any]) -> None:
    review = orjson.loads(encode(given, "u1"))

    assert review == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u1", **response},
    }
