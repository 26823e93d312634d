"""What was seen of a platform: plain values, so that every conclusion from them can be tested without a server.

A part that could not be seen is `Unseen` with the reason, never absent: a server that is away is itself a finding, and
must not look like one that is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cli.letters import Letter
from shared.contracts.controls import PartitionStatus
from shared.contracts.markers import SyncedMarker
from shared.core.json import Manifest
from shared.core.resources import Resource
from shared.ports.bus import StreamState
from shared.ports.store import StoreHealth

SERVICES = ("reconciler", "rbac", "discovery")  # that own partitions
WATCHER = "watcher"
FACT_WRITERS = "discovery-facts"
NAMESPACE_FACTS = "reconciler-facts"  # pull secrets, accounts, and the version of the SSH keys


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something could not be looked at."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoOwner:
    """Nobody serves the questions to a partition."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a local stack."""

    name: str
    is_running: bool
    log: str
    waits_for: str = ""  # what it says it is not ready for; empty when it is ready or has no readiness


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """What the API server says."""

    version: str
    definitions: Mapping[str, Manifest | None]  # live CRDs by name
    denied: tuple[str, ...] = ()  # what dynamoctl asks for and this user may not
    newest: int = 0  # version of the newest state


@dataclass(frozen=True, slots=True)
class BusSeen:
    """What NATS says; a stream that is not there is None."""

    streams: Mapping[str, StreamState | None]
    limit: int | None = None  # bytes that the account may store
    markers: Mapping[Resource, SyncedMarker | None] = field(default_factory=dict)
    letters: Sequence[Letter] = ()
    statuses: Mapping[tuple[str, int], PartitionStatus | NoOwner | Unseen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a claim, and under which token."""

    member: str
    token: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Up to which version the watcher stored everything of a resource."""

    version: int
    epoch: str
    stream_created: datetime


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """What etcd says."""

    health: StoreHealth | Unseen
    incarnation: str = ""
    partition_count: str = ""
    epoch: str = ""
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # version by member, by service
    claims: Mapping[str, Mapping[str, Holder]] = field(default_factory=dict)  # by service and unit
    checkpoints: Mapping[str, Checkpoint | None] = field(default_factory=dict)  # by group resource


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One webhook entry, and what a TLS connection to it showed."""

    webhook: str
    address: str  # URL, or the Service that only the cluster can reach
    bundle_ends: datetime | None  # the first end among the authorities; None when the bundle holds none
    ends: datetime | None = None  # of the certificate that was shown
    problem: str = ""  # why no trusted connection was made; empty also where it was not tried


@dataclass(frozen=True, slots=True)
class WebhookSeen:
    """What the registration says; None when there is none."""

    endpoints: Sequence[Endpoint] | None


@dataclass(frozen=True, slots=True)
class Lateness:
    """Whether the newest state of a graph has reached the log."""

    graph: str
    version: int
    logged: int  # newest version in the log; 0 where there is none


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen."""

    now: datetime
    version: str  # of dynamoctl
    install: str
    cluster: ClusterSeen | Unseen
    bus: BusSeen | Unseen
    store: StoreSeen | Unseen
    webhook: WebhookSeen | Unseen
    lateness: Lateness | Unseen | None = None  # None where no graph exists
    processes: Sequence[Process] | None = None  # None where no local stack is asked
