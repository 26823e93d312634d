"""The decision log learns of edits and refusals, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from services.webhook.reviews.answers import Answer, allowed, denied
from services.webhook.reviews.audits import audit
from services.webhook.reviews.questions import Question
from shared.core.resources import GRAPHS, Ref
from shared.ports.passes import Decision


def a_graph(spec: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    return {"metadata": {"uid": "3f2a91c0-77", "generation": generation}, "spec": spec}


def a_question(operation: str, *, new: Any = None, old: Any = None, name: str = "chat", dry: bool = False) -> Question:
    return Question("u1", operation, GRAPHS.kind, "team-a", name, "ada", is_dry_run=dry, new=new, old=old)


def test_an_accepted_edit_is_told_with_the_correlation_of_its_generation() -> None:
    question = a_question("UPDATE", new=a_graph({"a": 2}, 2), old=a_graph({"a": 1}, 1))

    assert audit(question, allowed(("careful",)), GRAPHS) == Decision(
        about=Ref(GRAPHS, "team-a", "chat"),
        decision="accepted",
        message="update accepted",
        correlation="3f2a91c0.2",
        facts={"operation": "UPDATE", "code": 200, "warnings": ["careful"]},
    )


def test_a_refusal_is_told_with_its_text() -> None:
    decision = audit(a_question("CREATE", new={"spec": {}}), denied("no services"), GRAPHS)

    assert decision is not None
    assert (decision.decision, decision.message, decision.correlation) == ("denied", "no services", "")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param(a_question("CREATE", new=a_graph({}), dry=True), denied("no"), id="a dry run"),
        pytest.param(a_question("UPDATE", new=a_graph({}), old=a_graph({})), allowed(), id="an unchanged spec"),
        pytest.param(a_question("DELETE", old=a_graph({})), allowed(), id="a deletion"),
        pytest.param(a_question("CREATE", new=a_graph({}), name=""), allowed(), id="an object without a name yet"),
    ],
)
def test_what_starts_no_edit_is_not_told(question: Question, answer: Answer) -> None:
    assert audit(question, answer, GRAPHS) is None
