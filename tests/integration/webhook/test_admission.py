"""Admission over TLS: a client that trusts the authority gets the answers of the rules, whatever else is down."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import aiohttp
import orjson
import pytest
from prometheus_client import REGISTRY

from services.webhook.certificates.pairs import new_authority, new_serving_pair
from services.webhook.handlers import application
from services.webhook.listener import Listener
from services.webhook.reviews.answers import Answer
from services.webhook.reviews.kinds import REVIEWED_KINDS, ReviewedKind
from services.webhook.reviews.questions import Question
from shared.api.validation.identities import Policy
from shared.core.errors import UnreachableError
from shared.ports.passes import Decision
from tests.servers.waiting import connections

[GRAPHS] = REVIEWED_KINDS
HOST = "127.0.0.1"
NOW = datetime.now(UTC)
AUTHORITY = new_authority(NOW)
PAIR = new_serving_pair(AUTHORITY, (HOST,), now=NOW, life=timedelta(days=1))


@dataclass
class Recorded:
    """The port `Decisions`, as a list."""

    decisions: list[Decision] = field(default_factory=list)

    def record(self, decision: Decision) -> None:
        self.decisions.append(decision)


def a_review(uid: str = "u1", **changes: Any) -> dict[str, Any]:
    graph = {
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "chat", "uid": "3f2a91c0-77", "generation": 1},
        "spec": {"services": {"main": {}}},
    }
    request = {"uid": uid, "operation": "CREATE", "namespace": "team-a", "name": "chat", "object": graph, **changes}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


@asynccontextmanager
async def serving(kind: ReviewedKind = GRAPHS) -> AsyncIterator[tuple[Listener, Recorded]]:
    recorded = Recorded()
    listener = Listener(application([kind], policy=Policy(), decisions=recorded), HOST, 0)
    await listener.serve(PAIR)
    try:
        yield listener, recorded
    finally:
        await listener.close()


async def ask(listener: Listener, review: object, *, content_type: str = "application/json") -> dict[str, Any]:
    trust = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
    headers = {"Content-Type": content_type}
    url = f"https://{HOST}:{listener.port}{GRAPHS.path}"
    async with (
        asyncio.timeout(5),
        connections(trust) as connector,
        aiohttp.ClientSession(connector=connector) as session,
        session.post(url, data=BytesIO(orjson.dumps(review)), headers=headers) as response,
    ):
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
    return answer


def counted(operation: str, result: str) -> float:
    labels = {
        "platform_service": "webhook",
        "resource": "dynamographdeployments",
        "operation": operation,
        "result": result,
    }
    return REGISTRY.get_sample_value("dynamo_operator_webhook_requests_total", labels) or 0.0


@pytest.mark.rule("TR-01", "TR-05", "AC-04")
@pytest.mark.asyncio
async def test_a_valid_graph_is_allowed_counted_and_told() -> None:
    before = counted("CREATE", "allowed")

    async with serving() as (listener, recorded):
        answer = await ask(listener, a_review())

    assert answer["response"] == {"uid": "u1", "allowed": True, "status": {"code": 200}}
    assert counted("CREATE", "allowed") == before + 1
    assert [(each.decision, each.correlation) for each in recorded.decisions] == [("accepted", "3f2a91c0.1")]


@pytest.mark.rule("TR-04")
@pytest.mark.asyncio
async def test_an_invalid_graph_is_denied_with_the_text_of_the_rule() -> None:
    graph = {"kind": "DynamoGraphDeployment", "metadata": {"name": "chat"}, "spec": {}}

    async with serving() as (listener, recorded):
        answer = await ask(listener, a_review(object=graph))

    assert answer["response"]["status"] == {
        "code": 403,
        "reason": "Forbidden",
        "message": "spec.services must have at least one service",
    }
    assert [each.decision for each in recorded.decisions] == ["denied"]


@pytest.mark.rule("TR-01")
@pytest.mark.asyncio
async def test_a_body_of_another_type_is_answered_as_malformed() -> None:
    async with serving() as (listener, recorded):
        answer = await ask(listener, a_review(), content_type="text/plain")

    assert answer["response"]["status"]["code"] == 400
    assert "expected application/json" in answer["response"]["status"]["message"]
    assert recorded.decisions == []


@pytest.mark.rule("TR-09", "T-X-11")
@pytest.mark.asyncio
async def test_a_rule_that_fails_refuses_and_the_server_stays_up() -> None:
    def broken(question: Question, policy: Policy) -> Answer:
        raise RuntimeError("boom")

    async with serving(replace(GRAPHS, review=broken)) as (listener, _):
        answers = [await ask(listener, a_review("u1")), await ask(listener, a_review("u2"))]

    assert [each["response"]["uid"] for each in answers] == ["u1", "u2"]
    assert answers[0]["response"]["status"] == {"code": 500, "message": "panic: boom [recovered]"}


@pytest.mark.rule("AC-02")
@pytest.mark.asyncio
async def test_a_large_graph_fits_into_a_request() -> None:
    services = {f"service-{number}": {"annotations": {"text": "x" * 50_000}} for number in range(25)}
    graph = {"kind": "DynamoGraphDeployment", "metadata": {"name": "chat"}, "spec": {"services": services}}

    async with serving() as (listener, _):
        answer = await ask(listener, a_review(operation="UPDATE", object=graph, oldObject=graph))

    assert answer["response"]["allowed"] is True


@pytest.mark.rule("WC-04")
@pytest.mark.asyncio
async def test_a_new_pair_is_served_without_a_restart() -> None:
    other = new_authority(NOW + timedelta(seconds=1))

    async with serving() as (listener, _):
        port = listener.port
        await listener.prove(AUTHORITY.certificate, HOST)
        await listener.serve(new_serving_pair(other, (HOST,), now=NOW, life=timedelta(days=1)))

        assert listener.port == port
        await listener.prove(other.certificate, HOST)
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            await listener.prove(AUTHORITY.certificate, HOST)


@pytest.mark.rule("WC-07")
@pytest.mark.asyncio
async def test_a_handshake_proves_the_name_too() -> None:
    async with serving() as (listener, _):
        with pytest.raises(UnreachableError, match="not valid for"):
            await listener.prove(AUTHORITY.certificate, "webhook.dynamo-system.svc")
