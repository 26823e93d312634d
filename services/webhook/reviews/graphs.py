"""What is answered to a request about a DynamoGraphDeployment.

The order of the checks is part of the contract: what is in deletion is never refused, because its finalizers have to
go; an object of another kind is refused before its content is looked at.
"""

from __future__ import annotations

from services.webhook.reviews.answers import Answer, allowed, denied, malformed
from services.webhook.reviews.questions import Question
from shared.api.graphs import Graph
from shared.api.validation.graphs import judge_graph, judge_update
from shared.api.validation.identities import Policy
from shared.api.validation.verdicts import Verdict
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, text
from shared.core.objects import is_deleting
from shared.core.resources import GRAPHS


def review_graph(question: Question, policy: Policy) -> Answer:
    """Return the answer to a request about a graph."""
    match question.operation:
        case "CREATE" | "UPDATE" | "DELETE":
            return _review_object(question, policy)
        case "CONNECT":  # TR-03
            return allowed()
        case other:
            return malformed(f'unknown operation "{other}"')


def _review_object(question: Question, policy: Policy) -> Answer:
    if question.kind != GRAPHS.kind:  # TR-08
        return denied(f"expected {GRAPHS.kind} but got {question.kind or 'nothing'}")
    if question.operation == "DELETE":  # HD-02
        return allowed()
    if question.new is None:  # TR-07
        return malformed("request has no object")
    if question.operation == "UPDATE":
        return _review_update(question, question.new, policy)
    try:
        graph = Graph.parse(question.new)
    except InvalidObjectError as error:
        return malformed(str(error))
    return _answer(judge_graph(graph, namespace=question.namespace))


def _review_update(question: Question, new: Manifest, policy: Policy) -> Answer:
    if is_deleting(new):  # HD-01
        return allowed()
    if question.old is None:
        return malformed("request has no old object")
    if text(question.old, "kind") not in ("", GRAPHS.kind):
        return denied(f"expected {GRAPHS.kind} but got {text(question.old, 'kind')}")
    try:
        before, after = Graph.parse(question.old), Graph.parse(new)
    except InvalidObjectError as error:
        return malformed(str(error))
    return _answer(judge_update(before, after, username=question.username, namespace=question.namespace, policy=policy))


def _answer(verdict: Verdict) -> Answer:
    if verdict.is_accepted:
        return allowed(verdict.warnings)
    return denied(verdict.message, verdict.warnings)
