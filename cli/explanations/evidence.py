"""What was observed of one graph: in the cluster, in the event log, and of who owns what.

Separate from reading it, so that every explanation can be tested without a server. Each of the three sources may be
`Unread`; within the cluster, what could not be read is listed as a gap and left empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cli.explanations.findings import Step
from shared.contracts.capacity import Capacity
from shared.core.json import Manifest


@dataclass(frozen=True, slots=True)
class Unread:
    """A source that did not answer, or that nobody named."""

    address: str
    reason: str
    is_away: bool = True  # it was asked, so that its silence means something


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEvidence:
    """What the Kubernetes API said."""

    graph: Manifest | None
    components: tuple[Manifest, ...] = ()
    deployments: tuple[Manifest, ...] = ()
    replica_sets: tuple[Manifest, ...] = ()
    gangs: tuple[Manifest, ...] = ()  # workloads whose replicas span nodes: LeaderWorkerSets, and Grove's objects
    clique_set: Manifest | None = None  # Grove's object for the whole graph
    pods: tuple[Manifest, ...] = ()
    events: tuple[Manifest, ...] = ()  # of what is not ready
    accounts: Mapping[str, bool] = field(default_factory=dict)  # that pods need, and whether they exist
    quotas: tuple[Manifest, ...] = ()
    nodes: Mapping[str, Manifest | None] = field(default_factory=dict)  # of pods that are not ready; None: gone
    fleet: tuple[Manifest, ...] | None = None  # all nodes; None: not asked, or not allowed to
    webhooks: tuple[Manifest, ...] = ()  # validating configurations that concern graphs
    admission: str = ""  # why a trial write did not come through admission
    similar: tuple[str, ...] = ()  # other graphs, where this one does not exist
    gaps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The newest event of the graph."""

    version: int
    epoch: str
    at: datetime
    generation: int
    state: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter about the graph or one of its components."""

    number: int
    service: str
    kind: str
    name: str
    reason: str
    at: datetime
    correlation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvidence:
    """What the streams held."""

    change: LastChange | None = None
    incomplete: tuple[str, ...] = ()  # resources without a current synced marker
    steps: tuple[Step, ...] = ()
    letters: tuple[Letter, ...] = ()
    missing_stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipEvidence:
    """What etcd said of replicas, claims and facts."""

    partition: int
    replicas: Mapping[str, Mapping[str, datetime | None]]  # of each service, and since when each lives
    owners: Mapping[str, str]  # of the graph's partition, by service; a service without one is left out
    unwatched: tuple[str, ...] = ()  # resources that no watcher has claimed
    has_orchestrators: bool = True
    capacity: Capacity | None = None
    is_capacity_fresh: bool = False  # somebody keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was observed."""

    namespace: str
    name: str
    cluster: ClusterEvidence | Unread
    log: LogEvidence | Unread
    ownership: OwnershipEvidence | Unread
    ended: Mapping[str, str] = field(default_factory=dict)  # processes of a local stack that ended, with their logs
    stack: str = ""  # the local stack, if it is one
