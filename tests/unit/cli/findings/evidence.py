"""A platform that is well, for tests that break one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.findings.evidence import (
    BusSeen,
    Checkpoint,
    ClusterSeen,
    Endpoint,
    Evidence,
    Holder,
    Lateness,
    Process,
    StoreSeen,
    WebhookSeen,
)
from cli.findings.ownership import UNITS
from cli.letters import Letter
from services.webhook.reviews.kinds import REVIEWED_KINDS
from shared.api.crds import DEFINITIONS, crd
from shared.bus.provisioning import stream_configuration
from shared.contracts.controls import PartitionStatus
from shared.contracts.keys import PARTITIONS
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import INSTALL_KEY, stream_specs
from shared.contracts.watched import WATCHED
from shared.core.json import Manifest
from shared.ports.bus import StreamState
from shared.ports.store import StoreHealth, StoreMember

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EPOCH = "uid.0"
VERSION = "1.2.3"
SERVICES = ("reconciler", "rbac", "discovery")


def a_definition(manifest: Manifest) -> Manifest:
    """Return a CRD as a server that serves it shows it."""
    return {**manifest, "status": {"conditions": [{"type": "Established", "status": "True"}]}}


def a_stream(name: str, **changed: Any) -> StreamState:
    """Return the state of a stream that is well."""
    spec = next(each for each in stream_specs() if each.name == name)
    state = StreamState(
        created=NOW - timedelta(days=1),
        first_sequence=1,
        last_sequence=9,
        messages=9,
        metadata={INSTALL_KEY: "dynamo"},
        size=2048,
        configuration=stream_configuration(spec, install="dynamo", replicas=1),
    )
    return replace(state, **changed)


def a_status(service: str, partition: int, **changed: Any) -> PartitionStatus:
    """Return how a partition is that has nothing to do."""
    given = {"member": f"{service}-0", "token": 100 + partition, "version": VERSION, "is_complete": True} | changed
    return PartitionStatus(service=service, partition=partition, **given)


def a_letter(reason: str = "broken", *, age: timedelta = timedelta(hours=2)) -> Letter:
    """Return a dead letter."""
    return Letter(1, NOW - age, "dynamo.dlq.x", "reconciler", "dynamographdeployments/team/chat", reason)


def an_endpoint(**changed: Any) -> Endpoint:
    """Return a webhook entry that is well."""
    far = NOW + timedelta(days=300)
    return replace(Endpoint(REVIEWED_KINDS[0].webhook, "https://127.0.0.1:1/validate", far, ends=far), **changed)


def a_cluster(**changed: Any) -> ClusterSeen:
    """Return an API server that is well."""
    definitions = {each["metadata"]["name"]: a_definition(each) for each in map(crd, DEFINITIONS)}
    return replace(ClusterSeen("v1.33.0", definitions, newest=5000), **changed)


def a_bus(**changed: Any) -> BusSeen:
    """Return a NATS that is well."""
    markers = {resource: SyncedMarker(EPOCH, NOW - timedelta(days=1), 1) for resource in WATCHED}
    seen = BusSeen(
        streams={spec.name: a_stream(spec.name) for spec in stream_specs()},
        markers=markers,
        statuses={(name, number): a_status(name, number) for name in SERVICES for number in range(PARTITIONS)},
    )
    return replace(seen, **changed)


def a_store(**changed: Any) -> StoreSeen:
    """Return an etcd that is well."""
    claims = {
        service: {unit: Holder(f"{service}-0", 100 + number) for number, unit in enumerate(units)}
        for service, units in UNITS.items()
    }
    seen = StoreSeen(
        health=StoreHealth((StoreMember("127.0.0.1:2379", is_leader=True, version="3.5.1", size=4096),)),
        incarnation="random",
        partition_count=str(PARTITIONS),
        epoch=EPOCH,
        members={service: {f"{service}-0": VERSION} for service in UNITS},
        claims=claims,
        checkpoints={"pods": Checkpoint(4000, EPOCH, NOW - timedelta(days=1))},
    )
    return replace(seen, **changed)


def evidence(**changed: Any) -> Evidence:
    """Return what is seen of a platform that is well."""
    seen = Evidence(
        now=NOW,
        version=VERSION,
        install="dynamo",
        cluster=a_cluster(),
        bus=a_bus(),
        store=a_store(),
        webhook=WebhookSeen([an_endpoint()]),
        lateness=Lateness("team/chat", 10, 10),
        processes=(Process("nats", is_running=True, log="nats.log"), Process("watcher", is_running=True, log="w.log")),
    )
    return replace(seen, **changed)
