"""Whatever arrives in a request body is either a question or has an answer of its own."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.webhook.reviews.answers import Answer
from services.webhook.reviews.questions import Question, read_question

REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "u1",
        "kind": {"group": "nvidia.com", "version": "v1alpha1", "kind": "DynamoGraphDeployment"},
        "operation": "CREATE",
        "namespace": "team-a",
        "name": "chat",
        "userInfo": {"username": "ada"},
        "dryRun": True,
        "object": {"kind": "DynamoGraphDeployment", "metadata": {"name": "chat"}},
        "oldObject": None,
    },
}


@pytest.mark.rule("TR-01", "TR-03")
def test_a_review_is_read() -> None:
    assert read_question(orjson.dumps(REVIEW), "application/json") == Question(
        uid="u1",
        operation="CREATE",
        kind="DynamoGraphDeployment",
        namespace="team-a",
        name="chat",
        username="ada",
        is_dry_run=True,
        new={"kind": "DynamoGraphDeployment", "metadata": {"name": "chat"}},
        old=None,
    )


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        pytest.param(
            b"{}",
            "text/plain",
            "contentType=text/plain, expected application/json",
            id="another type",
            marks=pytest.mark.rule("TR-01"),
        ),
        pytest.param(b"", "application/json", "request body is empty", id="nothing", marks=pytest.mark.rule("TR-02")),
        pytest.param(b"{}", "application/json", "request body is no AdmissionReview with a request", id="no request"),
        pytest.param(b"[1]", "application/json", "request body is no AdmissionReview with a request", id="no object"),
    ],
)
def test_a_body_that_asks_nothing_is_refused_as_malformed(body: bytes, content_type: str, message: str) -> None:
    answer = read_question(body, content_type)

    assert answer == Answer(allowed=False, code=400, message=message)


def test_a_body_that_is_no_json_is_refused_as_malformed() -> None:
    answer = read_question(b"{", "application/json")

    assert isinstance(answer, Answer)
    assert (answer.code, answer.message.startswith("request body is not JSON: ")) == (400, True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["uid", "object", "kind"]), inner),
    max_leaves=6,
)


@settings(max_examples=50)
@given(request=VALUES)
def test_no_request_ends_in_an_exception(request: object) -> None:
    body = orjson.dumps({"request": request})

    assert isinstance(read_question(body, "application/json"), Question | Answer)
