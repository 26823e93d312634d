"""`dynamoctl doctor` on a stack whose parts die one after the other: each is found, and so is that it is well again."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import nats
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from nats.aio.client import Client

from cli.app import run
from cli.examinations.admission import REGISTRATION
from cli.examinations.gathering import gather
from cli.failures import Exit
from cli.findings.finding import Finding, Severity, Topic
from cli.findings.verdicts import findings
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.streams import DEAD_LETTERS
from shared.contracts.subjects import dead_letter_subject
from shared.core.json import items
from shared.core.resources import GRAPHS, Ref
from tests.e2e.graphs import graph
from tests.e2e.stacks import LiveStack, dynamoctl, running_stack
from tests.servers.waiting import wait_until

PATIENCE = timedelta(seconds=20)
CHAT = Ref(GRAPHS, "doctor", "chat")


@pytest.fixture(scope="module")
def ill(home: Path) -> Iterator[LiveStack]:
    """Return a stack with one graph, whose parts a test may stop as long as it starts them again."""
    with running_stack("doctor") as live:
        live.create_namespaces(["doctor"])
        live.kubectl("apply", "-n", "doctor", "-f", "-", given=orjson.dumps(graph("chat", "doctor")).decode())
        yield live


def examine(live: LiveStack) -> list[Finding]:
    """Return what doctor finds now."""
    return findings(asyncio.run(gather(live.target)))


def found(live: LiveStack, topic: Topic, said: str, severity: Severity = Severity.ERROR) -> bool:
    """Return whether doctor finds something now."""
    return any(
        each.topic is topic and each.severity is severity and said in f"{each.subject}: {each.seen} -> {each.todo}"
        for each in examine(live)
    )


def await_finding(live: LiveStack, topic: Topic, said: str, severity: Severity = Severity.ERROR) -> None:
    """Wait until doctor finds something."""
    wait_until(partial(found, live, topic, said, severity), deadline=PATIENCE, goal=f"{topic}: {said}")


def is_well(live: LiveStack) -> bool:
    """Return whether doctor finds nothing to do."""
    return all(each.severity is Severity.OK for each in examine(live))


def await_well(live: LiveStack) -> None:
    """Wait until doctor finds nothing to do."""
    wait_until(partial(is_well, live), deadline=PATIENCE, goal="nothing is wrong any more")


@contextmanager
def stopped(live: LiveStack, name: str) -> Iterator[None]:
    """Crash a process for the time of a block."""
    live.crash(name)
    try:
        yield
    finally:
        live.restart(name)


def test_a_stack_that_is_well_is_healthy(ill: LiveStack) -> None:
    await_well(ill)

    done = dynamoctl("doctor", "--name", "doctor")

    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "healthy"


def test_a_dead_letter_is_told_replayed_and_dropped(ill: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(put_letter(ill, CHAT, partition_of(graph_key(CHAT.namespace, CHAT.name))))
    asyncio.run(put_letter(ill, Ref(GRAPHS, "doctor", "gone"), 0))
    told = found(ill, Topic.LETTERS, "2 x reconciler: made for a test", Severity.WARNING)

    codes = [run(["dlq", "replay", dead_letter_subject("reconciler", CHAT), "--name", "doctor"])]
    replayed = capsys.readouterr().out
    codes += [run(["dlq", "drop", "--all", *more, "--name", "doctor", "-o", "json"]) for more in ([], ["--yes"])]
    dropped = orjson.loads(capsys.readouterr().out)

    assert told
    assert codes == [Exit.DONE, Exit.USAGE, Exit.DONE]
    assert "queued by" in replayed
    assert [each["object"] for each in dropped] == ["dynamographdeployments/doctor/gone"]
    await_well(ill)


def test_a_stream_that_was_deleted_is_missed(ill: LiveStack) -> None:
    asyncio.run(delete_stream(ill, DEAD_LETTERS))

    # The tests that follow wait for the watcher, which looks every ten seconds and makes it again.
    assert found(ill, Topic.NATS, f"stream {DEAD_LETTERS}: it does not exist")


def test_a_service_that_was_killed_is_named_by_its_claims_and_by_its_process(
    ill: LiveStack, capsys: pytest.CaptureFixture[str]
) -> None:
    with stopped(ill, "rbac"):
        await_finding(ill, Topic.CLAIMS, "rbac: 32 partitions of 32 held by nobody")
        assert found(ill, Topic.STACK, "process rbac: it has ended")
        assert found(ill, Topic.MEMBERS, "rbac: no replica is alive")
        code = run(["doctor", "--name", "doctor", "--only", "claims", "-o", "json"])

    told = orjson.loads(capsys.readouterr().out)
    assert code == Exit.FAILED
    assert {each["topic"] for each in told["findings"]} == {"claims"}
    assert "begin with rbac: start rbac" in told["verdict"]
    await_well(ill)


def test_a_registration_with_a_bundle_that_ends_soon_is_told(ill: LiveStack) -> None:
    with stopped(ill, "webhook"):
        await_finding(ill, Topic.WEBHOOK, "it cannot be reached")
        asyncio.run(register_bundle(ill, a_certificate(days=-1)))
        is_told = found(ill, Topic.WEBHOOK, "its CA bundle ended")

    assert is_told
    await_well(ill)


@pytest.mark.parametrize(
    ("server", "topic", "subject"),
    [pytest.param("nats", Topic.NATS, "NATS", id="NATS"), pytest.param("etcd", Topic.ETCD, "etcd", id="etcd")],
)
def test_a_server_that_is_away_is_found_while_the_others_still_answer(
    ill: LiveStack, server: str, topic: Topic, subject: str
) -> None:
    with stopped(ill, server):
        seen = {(each.topic, each.subject): each.severity for each in examine(ill)}

    assert seen[topic, subject] is Severity.ERROR
    assert seen[Topic.CLUSTER, "API server"] is Severity.OK
    await_well(ill)


async def put_letter(live: LiveStack, primary: Ref, partition: int) -> None:
    """Store a dead letter as a service would."""
    async with live.target.bus() as bus:
        body = orjson.dumps({"service": "reconciler", "reason": "made for a test"})
        headers = {"ce-id": f"test-{primary.name}", "ce-partition": str(partition)}
        await bus.publish(dead_letter_subject("reconciler", primary), body, headers)


async def delete_stream(live: LiveStack, name: str) -> None:
    """Delete a stream behind everybody's back."""
    async with a_client(live) as client:
        await client.jetstream().delete_stream(name)


@asynccontextmanager
async def a_client(live: LiveStack) -> AsyncIterator[Client]:
    """Return a client of NATS that is none of ours."""
    client = await nats.connect(live.record.nats_url)
    try:
        yield client
    finally:
        await client.close()


async def register_bundle(live: LiveStack, bundle: str) -> None:
    """Put another CA bundle into every entry of the registration."""
    async with live.target.cluster() as cluster:
        registration = await cluster.get(REGISTRATION)
        changes = [
            {"op": "replace", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": bundle}
            for index, _ in enumerate(items(registration, "webhooks"))
        ]
        await cluster.patch(REGISTRATION, changes, manager="test")


def a_certificate(*, days: int) -> str:
    """Return a PEM certificate, in base64, that ends in some days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return b64encode(made.public_bytes(Encoding.PEM)).decode()
