"""The six clusters that the reference was recorded in: what each offers, and how its installation is set.

One description for both forms of parity: rooms on fakes take the platform context, a lab stack takes the same settings
as options. Invariant: a cluster is described by what its administrator chose, never by what a manifest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest
from shared.core.resources import (
    CLUSTER_ROLES,
    LEADER_WORKER_SETS,
    NAMESPACES,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    QUEUES,
    SECRETS,
    VIRTUAL_SERVICES,
    Resource,
)

SSH_SECRET, SSH_NAMESPACE = "mpi-run-ssh-key-secret", "dynamo-system"
SSH_KEYS = {"private.key": "bGFi", "private.key.pub": "bGFi"}
PLANNER_ROLE, PROFILING_ROLE = "dynamo-planner", "dynamo-dgdr-profiling"
COMMON = {
    "nats.address": "nats://dynamo-platform-nats.dynamo-system.svc.cluster.local:4222",
    "etcd.address": "dynamo-platform-etcd.dynamo-system.svc.cluster.local:2379",
    "mpi.sshSecretName": SSH_SECRET,
    "mpi.sshSecretNamespace": SSH_NAMESPACE,
    "planner.clusterRoleName": PLANNER_ROLE,
}
KINDS_OF: Mapping[Capability, tuple[Resource, ...]] = {
    Capability.GROVE: (POD_CLIQUE_SETS, POD_CLIQUES, POD_CLIQUE_SCALING_GROUPS),
    Capability.KAI: (QUEUES,),
    Capability.LWS: (LEADER_WORKER_SETS, POD_GROUPS),
    Capability.ISTIO: (VIRTUAL_SERVICES,),
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordedCluster:
    """One cluster of the recordings."""

    name: str  # the folder that holds them
    capabilities: tuple[Capability, ...] = ()
    own_settings: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = ""  # the cluster whose recording holds for a manifest that this one has none of
    queues: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the installation's settings by their paths below `platform`."""
        return {**COMMON, **self.own_settings}

    @property
    def platform(self) -> PlatformContext:
        """Return what rendering depends on in this cluster."""
        return PlatformContext().with_settings(self.settings).with_capabilities(self.capabilities)

    @property
    def kinds(self) -> tuple[Resource, ...]:
        """Return the kinds of add-ons that the cluster serves."""
        return tuple(kind for capability in self.capabilities for kind in KINDS_OF[capability])


PLAIN = RecordedCluster("A-plain")
GROVE = RecordedCluster("B-grove", (Capability.GROVE,))
LWS = RecordedCluster("C-lws", (Capability.LWS,), otherwise=PLAIN.name)
OPTIONS = RecordedCluster(
    "D-options",
    (Capability.ISTIO,),
    {
        "ingress.className": "nginx",
        "ingress.tlsSecretName": "tls-cert",
        "ingress.hostSuffix": "example.com",
        "istio.gateway": "istio-system/gw",
        "modelExpress.url": "http://model-express:8001",
        "prometheus.endpoint": "http://prometheus:9090",
    },
)
KAI = RecordedCluster("E-grove-kai", (Capability.GROVE, Capability.KAI), queues=("dynamo", "team-a"))
ETCD = RecordedCluster("F-etcd", (), {"discovery.backend": "etcd"})

CLUSTERS = (PLAIN, GROVE, LWS, OPTIONS, KAI, ETCD)


def found_there(cluster: RecordedCluster) -> list[Manifest]:
    """Return what stood in a cluster before the first manifest."""
    metadata = {"name": SSH_SECRET, "namespace": SSH_NAMESPACE}
    return [
        _named(NAMESPACES, SSH_NAMESPACE),
        {"apiVersion": "v1", "kind": SECRETS.kind, "metadata": metadata, "type": "Opaque", "data": dict(SSH_KEYS)},
        *(_named(CLUSTER_ROLES, role) for role in (PLANNER_ROLE, PROFILING_ROLE)),
        *({**_named(QUEUES, queue), "spec": {}} for queue in cluster.queues),
    ]


def _named(resource: Resource, name: str) -> Manifest:
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
