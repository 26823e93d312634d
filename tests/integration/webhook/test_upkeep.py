"""Certificates and registration are made, shared, repaired and renewed while admission stays up.

The cluster and the clock are fakes, so that years pass in seconds; the TLS port and its handshakes are real.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from services.webhook.certificates.inspection import life_of
from services.webhook.certificates.plans import Wishes
from services.webhook.certificates.secrets import read_serving
from services.webhook.listener import Listener
from services.webhook.registrations import Endpoint
from services.webhook.reviews.kinds import REVIEWED_KINDS
from services.webhook.upkeep import CHECK, Upkeep, names
from shared.core.errors import ForbiddenError, UnreachableError
from shared.core.json import Manifest
from shared.core.resources import NAMESPACES, VALIDATING_WEBHOOKS, Ref
from shared.runtime.health import Readiness
from shared.testing.clock import FakeClock
from shared.testing.cluster import FakeCluster
from shared.testing.cluster_faults import Fault, Refuse, Request
from shared.testing.eventually import eventually

BASE = Path(__file__).resolve().parents[3] / "charts" / "platform" / "files" / "base.yaml"
HOST = "127.0.0.1"
NAMES = names(namespace="dynamo-system", secret="webhook-server-cert", configuration="dynamo-validating")
YEAR = timedelta(days=365)


@dataclass
class Replica:
    """One webhook process without its admission rules."""

    upkeep: Upkeep
    readiness: Readiness
    listener: Listener

    @property
    def is_ready(self) -> bool:
        return self.readiness.is_ready


def a_cluster() -> FakeCluster:
    """Return a cluster with the base objects."""
    # Handshakes look at the machine's clock, so the driven one begins with it.
    cluster = FakeCluster(FakeClock(datetime.now(UTC)))
    for document in yaml.safe_load_all(BASE.read_text(encoding="utf-8")):
        if document["kind"] == "Namespace":
            cluster.add_namespace(document["metadata"]["name"])
        else:
            cluster.put(document)
    return cluster


@asynccontextmanager
async def a_replica(cluster: FakeCluster, *, url: str = f"https://{HOST}") -> AsyncIterator[Replica]:
    readiness = Readiness("webhook")
    listener = Listener(web.Application(), HOST, 0)
    upkeep = Upkeep(
        cluster=cluster,
        informer=cluster,
        clock=cluster.clock,
        names=NAMES,
        kinds=REVIEWED_KINDS,
        wishes=Wishes(hosts=(HOST, "webhook.dynamo-system.svc"), life=YEAR),
        endpoint=Endpoint("dynamo-webhook-service", "dynamo-system", url=url),
        listener=listener,
        readiness=readiness,
    )
    task = asyncio.create_task(upkeep.run())
    try:
        yield Replica(upkeep, readiness, listener)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await listener.close()


def client_config(cluster: FakeCluster) -> dict[str, str]:
    configuration = cluster.peek(NAMES.configuration)
    assert configuration is not None
    found: dict[str, str] = configuration["webhooks"][0]["clientConfig"]
    return found


def bundle(cluster: FakeCluster) -> bytes:
    return b64decode(client_config(cluster).get("caBundle", ""))


def clock_of(cluster: FakeCluster) -> FakeClock:
    assert isinstance(cluster.clock, FakeClock)
    return cluster.clock


def registrations(cluster: FakeCluster) -> int:
    return len([each for each in cluster.writes if each.resource == VALIDATING_WEBHOOKS])


async def proves(replica: Replica, cluster: FakeCluster) -> bool:
    """Return whether a client that trusts what the secret names as authority is served."""
    serving = read_serving(cluster.peek(NAMES.serving))
    try:
        await replica.listener.prove(serving.authority if serving is not None else b"", HOST)
    except UnreachableError:
        return False
    return True


def set_bundle(manifest: Manifest, value: str) -> None:
    manifest["webhooks"][0]["clientConfig"]["caBundle"] = value


@pytest.mark.rule("WC-01", "WC-06", "WC-07")
@pytest.mark.asyncio
async def test_a_first_replica_makes_certificates_and_registers_itself() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        assert CHECK in replica.readiness.waiting
        await eventually(lambda: CHECK in replica.readiness.fine)

        await replica.listener.prove(bundle(cluster), HOST)
        path = REVIEWED_KINDS[0].path
        assert client_config(cluster)["url"] == f"https://{HOST}:{replica.listener.port}{path}"
        assert sorted(client_config(cluster)) == ["caBundle", "url"]


@pytest.mark.rule("WC-06")
@pytest.mark.asyncio
async def test_at_rest_nothing_is_asked() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.is_ready)
        await clock_of(cluster).settle()
        asked = len(cluster.requests)
        await clock_of(cluster).advance(timedelta(hours=12))

        assert len(cluster.requests) == asked


@pytest.mark.rule("WC-01", "WC-03")
@pytest.mark.asyncio
async def test_replicas_that_start_together_share_certificates_and_registration() -> None:
    cluster = a_cluster()

    async with a_replica(cluster, url="") as first, a_replica(cluster, url="") as second:
        await eventually(lambda: first.is_ready and second.is_ready)

        await first.listener.prove(bundle(cluster), HOST)
        await second.listener.prove(bundle(cluster), HOST)
        assert sorted(client_config(cluster)) == ["caBundle", "service"]


@pytest.mark.rule("design 7")
@pytest.mark.asyncio
async def test_replicas_that_quarrel_about_the_address_back_off() -> None:
    cluster = a_cluster()

    async with a_replica(cluster), a_replica(cluster):
        await eventually(lambda: registrations(cluster) == 6)
        await clock_of(cluster).advance(timedelta(seconds=50))

        assert registrations(cluster) == 6


@pytest.mark.rule("WC-06")
@pytest.mark.asyncio
async def test_a_bundle_that_somebody_removes_is_written_again() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.is_ready)
        cluster.edit(NAMES.configuration, lambda manifest: set_bundle(manifest, ""))

        await eventually(lambda: bundle(cluster) != b"")


@pytest.mark.rule("WC-04")
@pytest.mark.asyncio
async def test_a_pair_that_somebody_replaces_in_the_secret_is_served() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.is_ready)
        before = read_serving(cluster.peek(NAMES.serving))
        cluster.remove(NAMES.serving)

        await eventually(lambda: read_serving(cluster.peek(NAMES.serving)) not in (None, before))
        await eventually(lambda: proves(replica, cluster))


@pytest.mark.rule("WC-04")
@pytest.mark.asyncio
async def test_a_serving_certificate_is_renewed_before_its_end() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.is_ready)
        await clock_of(cluster).advance(timedelta(days=300))
        await eventually(lambda: _end(cluster) > cluster.clock.now() + timedelta(days=200))


@pytest.mark.asyncio
async def test_a_missing_configuration_is_named_and_taken_when_it_comes() -> None:
    cluster = a_cluster()
    configuration = cluster.peek(NAMES.configuration)
    assert configuration is not None
    cluster.remove(NAMES.configuration)

    async with a_replica(cluster) as replica:
        await eventually(lambda: "is missing: apply the base objects" in replica.readiness.waiting.get(CHECK, ""))
        cluster.put(
            {key: configuration[key] for key in ("apiVersion", "kind", "webhooks")} | _named("dynamo-validating")
        )

        await eventually(lambda: replica.is_ready)


@pytest.mark.rule("design 9")
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(UnreachableError("no answer"), id="unreachable"),
        pytest.param(ForbiddenError("secrets is forbidden"), id="forbidden"),
    ],
)
@pytest.mark.asyncio
async def test_an_api_server_that_refuses_is_waited_for_with_its_reason(error: Any) -> None:
    cluster = a_cluster()
    is_away = True

    def refuse(_: Request) -> Fault | None:
        return Refuse(error) if is_away else None

    cluster.intercept = refuse
    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.readiness.waiting.get(CHECK) == str(error))
        is_away = False
        await clock_of(cluster).advance(timedelta(seconds=30))

        await eventually(lambda: replica.is_ready)


@pytest.mark.rule("design 9")
@pytest.mark.asyncio
async def test_what_is_registered_stays_ready_when_the_api_server_goes_away() -> None:
    cluster = a_cluster()

    async with a_replica(cluster) as replica:
        await eventually(lambda: replica.is_ready)
        cluster.intercept = lambda _: Refuse(UnreachableError("no answer"))
        cluster.edit(NAMES.configuration, lambda manifest: set_bundle(manifest, ""))
        await clock_of(cluster).advance(timedelta(minutes=10))

        assert replica.is_ready
        assert CHECK in replica.readiness.fine


def _end(cluster: FakeCluster) -> datetime:
    serving = read_serving(cluster.peek(NAMES.serving))
    life = life_of(serving.pair.certificate) if serving is not None else None
    return life.end if life is not None else datetime.min.replace(tzinfo=UTC)


def _named(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def test_the_namespace_of_the_secrets_is_a_base_object() -> None:
    assert a_cluster().peek(Ref(NAMESPACES, "", NAMES.serving.namespace)) is not None
