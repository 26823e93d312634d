"""The whole control plane on fakes: watcher, reconciler, rbac and discovery, each with its real handlers.

The simulation runs watcher and reconciler; here the two other rooms that share its partitions join, with what they need
in the cluster: a ClusterRole, and somebody who writes EndpointSlices. What is left of a run includes their part: grants
in the cluster and instance views in etcd.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.discovery import handlers as discovery
from services.rbac import handlers as rbac
from services.reconciler.app import READS
from shared.applying.children import Children
from shared.applying.inventories import Inventories
from shared.applying.writes import Writer
from shared.contracts.ownership import DISCOVERY, RBAC
from shared.core import labels
from shared.core.json import Manifest, integer
from shared.core.objects import labels_of, name_of, namespace_of, ref_of, uid_of
from shared.core.resources import (
    CLUSTER_ROLES,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
    Ref,
    Resource,
)
from shared.core.resources import SERVICES as KUBE_SERVICES
from shared.runtime.partitions.rules import PassRules, pass_rules
from shared.testing.cluster_faults import Request
from shared.testing.cluster_objects import Change
from shared.testing.store import FakeStore
from tests.chaos.simulation import KEYS, Process, Silence, Simulation

ROLE = "dynamo-platform-planner"
KINDS: tuple[Resource, ...] = tuple(sorted({*READS, *rbac.READS, *discovery.READS}))
GRANTS = (SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS)
SERVICES = ("watcher", "reconciler", "rbac", "discovery")


@dataclass(slots=True)
class ControlPlane:
    """One run with four services."""

    run: Simulation
    processes: dict[str, Process] = field(default_factory=dict)
    starts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Put into the cluster what stands there before the first graph."""
        self.add_role()
        self.run.cluster.objects.listeners.append(self._write_slices)

    def add_role(self) -> None:
        """Make the planner's ClusterRole."""
        role = {"apiVersion": CLUSTER_ROLES.api_version, "kind": CLUSTER_ROLES.kind, "metadata": {"name": ROLE}}
        self.run.cluster.put(role)

    def start(self, *services: str) -> None:
        """Start services, all of them by default; one that runs already gets a second replica."""
        for service in services or SERVICES:
            self.starts[service] += 1
            self.processes[service] = self._started(service, f"{service}-{self.starts[service]}")

    def _started(self, service: str, name: str) -> Process:
        if service == "watcher":
            return self.run.watcher(name, kinds=KINDS)
        if service == "reconciler":
            return self.run.reconciler(name)
        store = self.run.store.another()
        rules = self._rbac(store) if service == "rbac" else self._discovery(store)
        return self.run.reconciler(name, rules=rules)

    def _rbac(self, store: FakeStore) -> PassRules:
        inventories = Inventories(store, KEYS, "rbac")
        children = Children(Writer(self.run.cluster, RBAC), inventories, Silence(), rbac.MANAGED)
        return pass_rules(
            "rbac",
            reads=frozenset(rbac.READS),
            primaries={
                GRAPHS: rbac.GraphGrantsHandler(children, inventories, "kubernetes"),
                SERVICE_ACCOUNTS: rbac.SharedAccountsHandler(self.run.cluster, children, Silence(), ROLE),
            },
            router=rbac.route,
            heeds_progress=False,
        )

    def _discovery(self, store: FakeStore) -> PassRules:
        inventories = Inventories(store, KEYS, "discovery")
        children = Children(Writer(self.run.cluster, DISCOVERY), inventories, Silence(), discovery.MANAGED)
        return pass_rules(
            "discovery",
            reads=discovery.READS,
            primaries={
                GRAPHS: discovery.InstancesHandler(store, KEYS, Silence()),
                KUBE_SERVICES: discovery.ModelServiceHandler(self.run.cluster, children, inventories, Silence()),
            },
            router=discovery.route,
            heeds_progress=False,
        )

    def asked(self) -> list[Request]:
        """Return the requests about objects; the watcher looks at a namespace to know its epoch."""
        return [request for request in self.run.cluster.requests if request.resource is not NAMESPACES]

    def left(self) -> dict[str, Any]:
        """Return everything that the four services brought about."""
        grants = {str(ref_of(each)): _grant(each) for kind in GRANTS for each in self.run.cluster.all(kind)}
        views = {key: value.replace(b" ", b"") for key, value in self.run.store.pairs(f"{KEYS.root}instances/").items()}
        return {"objects": self.run.essence(), "grants": grants, "instances": views}

    # The endpoint slice controller

    def _write_slices(self, change: Change) -> None:
        deployment = change.after
        if change.ref.resource is not DEPLOYMENTS or deployment is None:
            return
        ready = integer(deployment, "status", "readyReplicas")
        ref = Ref(ENDPOINT_SLICES, change.ref.namespace, change.ref.name)
        before = self.run.cluster.peek(ref)
        if ready and (before is None or len(before["endpoints"]) != ready):
            self.run.cluster.put(_slice(deployment, ready))


def _slice(deployment: Manifest, ready: int) -> Manifest:
    """Return the slice of a component's Service, collected with its Deployment."""
    name = name_of(deployment)
    owner = {"apiVersion": "apps/v1", "kind": DEPLOYMENTS.kind, "name": name, "uid": uid_of(deployment)}
    own = {key: value for key, value in labels_of(deployment).items() if key in (labels.GRAPH_NAME, labels.COMPONENT)}
    endpoints = [
        {
            "addresses": [f"10.0.0.{number}"],
            "conditions": {"ready": True},
            "targetRef": {"kind": "Pod", "name": f"{name}-{number}"},
        }
        for number in range(ready)
    ]
    metadata = {"name": name, "namespace": namespace_of(deployment), "labels": own, "ownerReferences": [owner]}
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": endpoints,
    }


def _grant(manifest: Mapping[str, Any]) -> dict[str, Any]:
    owners = [owner["name"] for owner in manifest["metadata"].get("ownerReferences", [])]
    return {"owners": owners} | {key: manifest[key] for key in ("rules", "roleRef", "subjects") if key in manifest}


@asynccontextmanager
async def a_control_plane(seed: int) -> AsyncIterator[ControlPlane]:
    """Run a simulation in which nothing is started yet, and end what is started in it."""
    async with asyncio.TaskGroup() as tasks:
        run = Simulation(seed, tasks)
        await run.prepare()
        yield ControlPlane(run)
        for process in run.processes:
            process.kill()
