"""Answers admission requests over HTTP.

The thin shell around `reviews`: it reads a body, counts, and writes an answer. It waits for nothing but the body, so
no outage of any server can delay an answer; the decision log only takes note of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from services.webhook import metrics
from services.webhook.reviews.answers import Answer, encode, failed, malformed
from services.webhook.reviews.audits import audit
from services.webhook.reviews.kinds import ReviewedKind
from services.webhook.reviews.questions import Question, read_question
from shared.api.validation.identities import Policy
from shared.ports.passes import Decisions

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MAX_BODY = 16 * 1024 * 1024  # bytes: two objects of the greatest size that an API server stores, with room to spare
BODY_TIMEOUT = timedelta(seconds=10)  # the longest that an API server waits for an answer by default
OPERATIONS = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
RESULTS = {200: "allowed", 400: "malformed", 403: "denied", 500: "error"}

# What a mistake in a rule can raise. A failing rule must not take the server down, nor let an object pass.
MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class AdmissionHandler:
    """Answer the requests for one kind."""

    kind: ReviewedKind
    policy: Policy
    decisions: Decisions

    def __post_init__(self) -> None:
        """Show that no review failed yet: an alert on growth does not see a series that begins with one."""
        for operation in OPERATIONS:
            metrics.REQUESTS.labels(metrics.SERVICE, self.kind.resource.plural, operation, RESULTS[500])

    async def __call__(self, request: web.Request) -> web.Response:
        """Answer one AdmissionReview; the HTTP status is 200 whatever the answer is."""
        resource = self.kind.resource.plural
        with metrics.DURATION.labels(metrics.SERVICE, resource).time():
            question = await _read(request)
            if isinstance(question, Answer):
                uid, operation, answer = "", "other", question
            else:
                uid, operation, answer = question.uid, question.operation, self._review(question)
            body = encode(answer, uid)
        known = operation if operation in OPERATIONS else "other"
        metrics.REQUESTS.labels(metrics.SERVICE, resource, known, RESULTS[answer.code]).inc()
        return web.Response(body=body, content_type="application/json")

    def _review(self, question: Question) -> Answer:
        try:
            answer = self.kind.review(question, self.policy)
            decision = audit(question, answer, self.kind.resource)
        except MISTAKES as error:
            log.exception("review failed", resource=self.kind.resource.plural, uid=question.uid)
            return failed(error)
        if decision is not None:
            self.decisions.record(decision)
        return answer


def application(kinds: Sequence[ReviewedKind], *, policy: Policy, decisions: Decisions) -> web.Application:
    """Return the application that answers the requests for some kinds, each under its path."""
    found = web.Application(client_max_size=MAX_BODY)
    for kind in kinds:
        found.router.add_post(kind.path, AdmissionHandler(kind, policy, decisions).__call__)
    return found


async def _read(request: web.Request) -> Question | Answer:
    try:
        async with asyncio.timeout(BODY_TIMEOUT.total_seconds()):
            body = await request.read()
    except TimeoutError:
        return malformed("request body did not arrive in time")
    return read_question(body, request.content_type)
