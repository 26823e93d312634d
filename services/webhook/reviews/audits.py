"""What of an answer is worth a place in the decision log.

A graph's finalizers, labels and annotations change without its author; only what starts or refuses an edit is told.
A dry run leaves no trace.
"""

from __future__ import annotations

from services.webhook.reviews.answers import Answer
from services.webhook.reviews.questions import Question
from shared.contracts.envelope import correlation_id
from shared.core.objects import generation_of, uid_of
from shared.core.resources import Ref, Resource
from shared.ports.passes import Decision


def audit(question: Question, answer: Answer, resource: Resource) -> Decision | None:
    """Return the decision to record, if there is one."""
    if question.is_dry_run or not question.name or not (_starts_an_edit(question) or not answer.allowed):
        return None
    return Decision(
        about=Ref(resource, question.namespace, question.name),
        decision="accepted" if answer.allowed else "denied",
        message=answer.message or f"{question.operation.lower()} accepted",
        correlation=_correlation(question),
        facts={"operation": question.operation, "code": answer.code, "warnings": list(answer.warnings)},
    )


def _starts_an_edit(question: Question) -> bool:
    if question.operation == "CREATE":
        return True
    new, old = question.new or {}, question.old or {}
    return question.operation == "UPDATE" and new.get("spec") != old.get("spec")


def _correlation(question: Question) -> str:
    graph = question.new or question.old or {}
    return correlation_id(uid_of(graph), generation_of(graph)) if uid_of(graph) else ""
