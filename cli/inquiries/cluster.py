"""What the Kubernetes API says of one graph: its objects by label, then what concerns those that are not ready.

Two rounds of concurrent requests. The second asks only about what is not ready, and about at most `MOST` objects of a
kind, so that a graph of a hundred broken pods costs no more than one of ten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from cli.explanations.evidence import ClusterEvidence
from cli.explanations.moments import condition, is_true
from cli.explanations.workloads import account_of, is_complete, is_made_of, makes_pods, wanted_pods, wanted_replicas
from cli.inquiries.sources import part
from cli.stories import is_pod_ready
from shared.core import labels
from shared.core.errors import NotFoundError, PlatformError
from shared.core.json import Manifest, items, text
from shared.core.objects import is_deleting, name_of, namespace_of, uid_of
from shared.core.resources import (
    ADD_ONS,
    COMPONENTS,
    DEPLOYMENTS,
    EVENTS,
    GRAPHS,
    LEADER_WORKER_SETS,
    NODES,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    PODS,
    REPLICA_SETS,
    RESOURCE_QUOTAS,
    SERVICE_ACCOUNTS,
    VALIDATING_WEBHOOKS,
    Ref,
    Resource,
)
from shared.ports.cluster import Cluster, Selection

MOST = 12  # objects of a kind that are asked about further
MOST_SIMILAR = 3
TRIAL_MANAGER = "dynamoctl-explain"
PART_OF = "app.kubernetes.io/part-of"  # the label by which Grove tells of which set an object is
NOT_ASKED = "failed calling webhook"  # what the API server says when admission could not be asked


@dataclass(frozen=True, slots=True)
class Objects:
    """The first round: the graph and what carries its label."""

    graph: Manifest | None
    components: tuple[Manifest, ...] = ()
    deployments: tuple[Manifest, ...] = ()
    replica_sets: tuple[Manifest, ...] = ()
    gangs: tuple[Manifest, ...] = ()
    clique_set: Manifest | None = None
    pods: tuple[Manifest, ...] = ()
    webhooks: tuple[Manifest, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)


async def read_objects(cluster: Cluster, namespace: str, name: str) -> Objects:
    """Read the graph and its objects; raise what reading the graph itself raises."""
    gaps: dict[str, str] = {}
    own = Selection(namespace=namespace, label_selector=f"{labels.GRAPH_NAME}={name}")

    part_of_set = Selection(namespace=namespace, label_selector=f"{PART_OF}={name}")

    async def all_of(resource: Resource, selection: Selection) -> tuple[Manifest, ...]:
        try:
            return (await cluster.list(resource, selection)).items
        except NotFoundError:
            if resource in ADD_ONS:
                return ()  # the cluster does without it
            raise

    kinds = (COMPONENTS, DEPLOYMENTS, REPLICA_SETS, PODS)
    gangs = ((LEADER_WORKER_SETS, own), (POD_CLIQUES, part_of_set), (POD_CLIQUE_SCALING_GROUPS, part_of_set))
    async with asyncio.TaskGroup() as tasks:
        graph = tasks.create_task(cluster.get(Ref(GRAPHS, namespace, name)))
        found = [tasks.create_task(part(gaps, each.plural, all_of(each, own), ())) for each in kinds]
        spanning = [tasks.create_task(part(gaps, each.plural, all_of(each, which), ())) for each, which in gangs]
        whole = tasks.create_task(cluster.get(Ref(POD_CLIQUE_SETS, namespace, name)))
        hooks = tasks.create_task(part(gaps, VALIDATING_WEBHOOKS.plural, all_of(VALIDATING_WEBHOOKS, Selection()), ()))
    components, deployments, replica_sets, pods = (each.result() for each in found)
    concerned = tuple(each for each in hooks.result() if _concerns_graphs(each))
    return Objects(
        graph.result(),
        components,
        deployments,
        replica_sets,
        gangs=tuple(each for kind in spanning for each in kind.result()),
        clique_set=whole.result(),
        pods=pods,
        webhooks=concerned,
        gaps=gaps,
    )


async def read_circumstances(cluster: Cluster, namespace: str, name: str, own: Objects) -> ClusterEvidence:
    """Read what concerns the objects that are not ready, and return all of it."""
    gaps = dict(own.gaps)
    asking = _Circumstances(cluster, namespace, gaps)
    unready = [each for each in own.pods if not is_pod_ready(each) and not is_deleting(each)]
    short = [each for each in own.replica_sets if _is_short(each)]
    short += [each for each in own.gangs if makes_pods(each) and _made(each, own.pods) < wanted_pods(each)]
    is_unplaced = any(_is_unplaced(each) for each in unready)
    async with asyncio.TaskGroup() as tasks:
        events = tasks.create_task(asking.events_of([*short[:MOST], *unready[:MOST]]))
        accounts = tasks.create_task(asking.accounts_of([*own.deployments, *own.gangs]))
        nodes = tasks.create_task(asking.nodes_of(own.pods))
        quotas = tasks.create_task(asking.list(RESOURCE_QUOTAS)) if short else None
        fleet = tasks.create_task(asking.fleet()) if is_unplaced else None
        admission = tasks.create_task(asking.trial(own.graph, name)) if own.webhooks else None
        similar = tasks.create_task(asking.similar(name)) if own.graph is None else None
    return ClusterEvidence(
        graph=own.graph,
        components=own.components,
        deployments=own.deployments,
        replica_sets=own.replica_sets,
        gangs=own.gangs,
        clique_set=own.clique_set,
        pods=own.pods,
        events=events.result(),
        accounts=accounts.result(),
        quotas=quotas.result() if quotas is not None else (),
        nodes=nodes.result(),
        fleet=fleet.result() if fleet is not None else None,
        webhooks=own.webhooks,
        admission=admission.result() if admission is not None else "",
        similar=similar.result() if similar is not None else (),
        gaps=gaps,
    )


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """The second round of requests; what fails becomes a gap."""

    cluster: Cluster
    namespace: str
    gaps: dict[str, str]

    async def list(self, resource: Resource, selection: Selection | None = None) -> tuple[Manifest, ...]:
        async def ask() -> tuple[Manifest, ...]:
            return (await self.cluster.list(resource, selection or Selection(namespace=self.namespace))).items

        return await part(self.gaps, resource.plural, ask(), ())

    async def events_of(self, objects: Iterable[Manifest]) -> tuple[Manifest, ...]:
        async with asyncio.TaskGroup() as tasks:
            found = [
                tasks.create_task(
                    self.list(EVENTS, Selection(self.namespace, field_selector=f"involvedObject.uid={uid_of(each)}"))
                )
                for each in objects
            ]
        return tuple(event for each in found for event in each.result())

    async def accounts_of(self, workloads: Iterable[Manifest]) -> dict[str, bool]:
        """Return which accounts the pods of workloads that are not at full strength need, and whether they exist."""
        names = {account_of(each) for each in workloads if not is_complete(each)}
        return {name: found is not None for name, found in (await self._get(SERVICE_ACCOUNTS, names - {""})).items()}

    async def nodes_of(self, pods: Iterable[Manifest]) -> dict[str, Manifest | None]:
        names = {text(each, "spec", "nodeName") for each in pods if not is_pod_ready(each)}
        return await self._get(NODES, names - {""})

    async def fleet(self) -> tuple[Manifest, ...] | None:
        """Return all nodes: asked only when a pod has none; None where that is not allowed."""
        found = await self.list(NODES, Selection())
        return None if NODES.plural in self.gaps else found

    async def trial(self, graph: Manifest | None, name: str) -> str:
        """Return why a write of the graph that changes nothing does not come through admission, if it does not."""
        metadata = {"name": name, "namespace": self.namespace}
        trial: Manifest = {"apiVersion": GRAPHS.api_version, "kind": GRAPHS.kind, "metadata": metadata}
        if graph is not None:
            metadata["uid"] = uid_of(graph)
        else:
            trial["spec"] = {"services": {"Frontend": {"componentType": "frontend", "replicas": 1}}}
        try:
            await self.cluster.apply(trial, manager=TRIAL_MANAGER, dry_run=True)
        except PlatformError as error:  # whoever may not write, or is refused for a reason, has met admission
            return str(error)[str(error).find(NOT_ASKED) :] if NOT_ASKED in str(error) else ""
        return ""

    async def similar(self, name: str) -> tuple[str, ...]:
        """Return the graphs whose names are nearest, those of the namespace first."""
        found = await self.list(GRAPHS, Selection(metadata_only=True))
        here = [each for each in found if namespace_of(each) == self.namespace]
        elsewhere = [each for each in found if namespace_of(each) != self.namespace]
        return tuple([*_nearest(name, here), *_nearest(name, elsewhere)][:MOST_SIMILAR])

    async def _get(self, resource: Resource, names: Iterable[str]) -> dict[str, Manifest | None]:
        namespace = self.namespace if resource.namespaced else ""
        asked = sorted(names)[:MOST]
        async with asyncio.TaskGroup() as tasks:
            found = {name: tasks.create_task(self._get_one(Ref(resource, namespace, name))) for name in asked}
        return {name: task.result()[0] for name, task in found.items() if task.result()[1]}

    async def _get_one(self, ref: Ref) -> tuple[Manifest | None, bool]:
        """Return an object, and whether it could be asked for at all."""

        async def ask() -> tuple[Manifest | None, bool]:
            return await self.cluster.get(ref), True

        return await part(self.gaps, f"{ref.resource.kind} {ref.name}", ask(), (None, False))


def _nearest(name: str, graphs: Iterable[Manifest]) -> list[str]:
    by_name: dict[str, list[str]] = {}
    for each in graphs:
        by_name.setdefault(name_of(each), []).append(f"{namespace_of(each)}/{name_of(each)}")
    near = get_close_matches(name, by_name, n=MOST_SIMILAR, cutoff=0.5)
    return [full for each in near for full in by_name[each]]


def _concerns_graphs(configuration: Manifest) -> bool:
    return any(
        GRAPHS.group in items(rule, "apiGroups") and GRAPHS.plural in items(rule, "resources")
        for webhook in items(configuration, "webhooks")
        for rule in items(webhook, "rules")
    )


def _is_short(replica_set: Manifest) -> bool:
    made = replica_set.get("status", {}).get("replicas", 0)
    return is_true(replica_set, "ReplicaFailure") or made < wanted_replicas(replica_set)


def _made(workload: Manifest, pods: Iterable[Manifest]) -> int:
    return sum(1 for pod in pods if is_made_of(pod, workload))


def _is_unplaced(pod: Manifest) -> bool:
    return not text(pod, "spec", "nodeName") and text(condition(pod, "PodScheduled"), "status") == "False"
