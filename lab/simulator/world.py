"""Holds what the simulator knows of the cluster: one cache per resource, with the indexes that decisions need.

Separate so that controllers and nodes share one view and one way to ask. Invariant: each cache has one informer, and
own writes enter it at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.simulator.client.add_ons import AddOn, serves, summary
from lab.simulator.client.api import Api
from lab.simulator.client.caches import Cache, Key, key_of
from lab.simulator.client.informers import Informer
from lab.simulator.client.resources import (
    CLAIMS,
    CONFIG_MAPS,
    DEFINITIONS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    JOBS,
    LEADER_WORKER_SETS,
    NODES,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    QUEUES,
    REPLICA_SETS,
    SCALING_GROUPS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
    Document,
    Resource,
)
from lab.simulator.nodes.gangs import gang_of
from lab.simulator.objects import controller_uid, labels_of


def by_controller(document: Document) -> Iterable[str]:
    """File an object under the uid of its controller."""
    uid = controller_uid(document)
    return (uid,) if uid is not None else ()


def by_node(document: Document) -> Iterable[str]:
    """File a pod under its node, or under nothing while it has none."""
    return (document["spec"].get("nodeName") or "",)


def by_labels(document: Document) -> Iterable[str]:
    """File an object under each of its labels, within its namespace."""
    return label_keys(document["metadata"]["namespace"], labels_of(document).items())


def by_selector(document: Document) -> Iterable[str]:
    """File a Service under the longest pair of its selector: the one that says most."""
    pairs = label_keys(document["metadata"]["namespace"], (document["spec"].get("selector") or {}).items())
    return sorted(pairs, key=len)[-1:]


def by_service(document: Document) -> Iterable[str]:
    """File a slice under its Service."""
    service = labels_of(document).get("kubernetes.io/service-name")
    return (f"{document['metadata']['namespace']}/{service}",) if service else ()


def by_gang(document: Document) -> Iterable[str]:
    """File a pod under the gang that it is scheduled with."""
    gang = gang_of(document)
    return (gang.key,) if gang is not None else ()


def label_keys(namespace: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return the index keys of labels in a namespace."""
    return [f"{namespace}|{key}={value}" for key, value in pairs]


def keys_only(document: Document) -> Document:
    """Keep of a Secret or ConfigMap which keys it has, never a value."""
    metadata = document["metadata"]
    kept = {field: metadata[field] for field in ("namespace", "name", "uid", "resourceVersion") if field in metadata}
    return {"metadata": kept, "keys": sorted({**(document.get("data") or {}), **(document.get("binaryData") or {})})}


def whole_without_managers(document: Document) -> Document:
    """Keep an object without its managed fields, which nothing here reads."""
    document["metadata"].pop("managedFields", None)
    return document


@dataclass(frozen=True, slots=True)
class World:
    """The cluster as it is known here, and the way to ask it."""

    api: Api
    deployments: Cache = field(default_factory=Cache)
    replica_sets: Cache = field(default_factory=lambda: Cache({"controller": by_controller}))
    pods: Cache = field(
        default_factory=lambda: Cache(
            {"controller": by_controller, "node": by_node, "label": by_labels, "gang": by_gang}
        )
    )
    services: Cache = field(default_factory=lambda: Cache({"selector": by_selector}))
    endpoint_slices: Cache = field(default_factory=lambda: Cache({"service": by_service}))
    service_accounts: Cache = field(default_factory=Cache)
    nodes: Cache = field(default_factory=Cache)
    secrets: Cache = field(default_factory=Cache)
    config_maps: Cache = field(default_factory=Cache)
    stateful_sets: Cache = field(default_factory=Cache)
    jobs: Cache = field(default_factory=Cache)
    claims: Cache = field(default_factory=Cache)
    definitions: Cache = field(default_factory=Cache)
    leader_worker_sets: Cache = field(default_factory=Cache)
    pod_groups: Cache = field(default_factory=Cache)
    pod_clique_sets: Cache = field(default_factory=Cache)
    pod_cliques: Cache = field(default_factory=lambda: Cache({"controller": by_controller, "label": by_labels}))
    scaling_groups: Cache = field(default_factory=lambda: Cache({"controller": by_controller}))
    queues: Cache = field(default_factory=Cache)

    def informers(self, *, with_controllers: bool) -> list[Informer]:
        """Return what keeps the caches up to date."""
        watched: list[tuple[Resource, Cache]] = [(PODS, self.pods), (NODES, self.nodes), (CLAIMS, self.claims)]
        if with_controllers:
            watched += [
                (DEPLOYMENTS, self.deployments),
                (REPLICA_SETS, self.replica_sets),
                (SERVICES, self.services),
                (ENDPOINT_SLICES, self.endpoint_slices),
                (SERVICE_ACCOUNTS, self.service_accounts),
                (STATEFUL_SETS, self.stateful_sets),
                (JOBS, self.jobs),
            ]
        full = [Informer(self.api, resource, cache, project=whole_without_managers) for resource, cache in watched]
        names = [(SECRETS, self.secrets), (CONFIG_MAPS, self.config_maps)]
        short = [Informer(self.api, resource, cache, project=keys_only) for resource, cache in names]
        return [*full, *short, Informer(self.api, DEFINITIONS, self.definitions, project=summary)]

    def add_ons(self) -> list[AddOn]:
        """Return what keeps the caches of resources up to date that a cluster may learn and forget."""
        offered = (
            (LEADER_WORKER_SETS, self.leader_worker_sets),
            (POD_GROUPS, self.pod_groups),
            (POD_CLIQUE_SETS, self.pod_clique_sets),
            (POD_CLIQUES, self.pod_cliques),
            (SCALING_GROUPS, self.scaling_groups),
            (QUEUES, self.queues),
        )
        return [AddOn(resource, cache, self._watch, self.definitions) for resource, cache in offered]

    def serves(self, resource: Resource) -> bool:
        """Say whether the cluster serves a resource that it may also not serve."""
        return serves(self.definitions, resource)

    def _watch(self, resource: Resource, cache: Cache) -> Informer:
        return Informer(self.api, resource, cache, project=whole_without_managers)


def changed_key(before: Document | None, after: Document | None) -> Key:
    """Return the key of the object that a change is about."""
    document = after if after is not None else before
    assert document is not None, "a change has a before or an after"
    return key_of(document)


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
