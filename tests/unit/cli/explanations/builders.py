"""Evidence for tests: a graph with one service that is ready, and what each test changes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.explanations.evidence import ClusterEvidence, Evidence, LastChange, LogEvidence, OwnershipEvidence
from cli.explanations.explaining import explain
from cli.explanations.findings import Explanation, Finding
from shared.contracts.capacity import Capacity
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import name_of, uid_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, EVENTS, GRAPHS, NODES, PODS, REPLICA_SETS, Resource

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
LONG_AGO = (NOW - timedelta(minutes=10)).isoformat()
JUST_NOW = (NOW - timedelta(seconds=2)).isoformat()
VERSION = 7
NODE = "node-1"


def an_object(resource: Resource, name: str, *, owner: Manifest | None = None, **content: Any) -> Manifest:
    """Return an object of graph `chat` in namespace `demo`; `metadata` is added to what every object has."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "demo",
        "uid": f"uid-{name}",
        "resourceVersion": str(VERSION),
        "generation": 1,
        "creationTimestamp": LONG_AGO,
        "labels": {labels.GRAPH_NAME: "chat", labels.COMPONENT: "web"},
    }
    if owner is not None:
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name_of(owner)}
        metadata["ownerReferences"] = [{**reference, "uid": uid_of(owner), "controller": True}]
    metadata |= content.pop("metadata", {})
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}


def conditions(**stated: str) -> list[Manifest]:
    """Return conditions, each given as `Status/Reason/message`."""
    found = []
    for kind, words in stated.items():
        status, reason, message = (*words.split("/", 2), "", "")[:3]
        each = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": LONG_AGO}
        found.append(each)
    return found


def a_graph(*, state: str = "pending", observed: int = 1, generation: int = 1, **stated: str) -> Manifest:
    """Return the graph; further conditions by their names."""
    status = {"state": state, "observedGeneration": observed, "conditions": conditions(**{"Ready": "False", **stated})}
    metadata = {"generation": generation}
    return an_object(
        GRAPHS, "chat", metadata=metadata, spec={"services": {"web": {}}}, status=status if observed else {}
    )


def a_component(**stated: str) -> Manifest:
    """Return the component of the graph's service."""
    status = {"observedGeneration": 1, "conditions": conditions(**stated), "service": {"componentKind": "Deployment"}}
    return an_object(COMPONENTS, "chat-web", spec={"serviceName": "web", "replicas": 1}, status=status)


def a_deployment(*, ready: int = 0, **spec: Any) -> Manifest:
    """Return the component's Deployment."""
    status: Manifest = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": ready}
    stated = {"conditions": conditions(Available="True" if ready else "False")}
    return an_object(DEPLOYMENTS, "chat-web", owner=a_component(), spec={"replicas": 1, **spec}, status=status | stated)


def a_replica_set(**stated: str) -> Manifest:
    """Return the Deployment's ReplicaSet."""
    return an_object(
        REPLICA_SETS,
        "chat-web-1",
        owner=a_deployment(),
        spec={"replicas": 1},
        status={"conditions": conditions(**stated)},
    )


def a_pod(name: str = "pod-1", *, node: str = NODE, waiting: str = "", **status: Any) -> Manifest:
    """Return a pod; `waiting` is reason and message of its container, separated by a slash."""
    requests = status.pop("requests", {})
    metadata = status.pop("metadata", {})
    if waiting:
        reason, message = (*waiting.split("/", 1), "")[:2]
        state = {"waiting": {"reason": reason, "message": message}}
        status["containerStatuses"] = [{"name": "main", "ready": False, "state": state}]
    container: Manifest = {"name": "main", "resources": {"requests": requests}}
    spec: Manifest = {"nodeName": node, "containers": [container], **status.pop("spec", {})}
    return an_object(
        PODS, name, owner=a_replica_set(), metadata=metadata, spec=spec, status={"phase": "Pending", **status}
    )


def a_ready_pod() -> Manifest:
    """Return a pod that is ready."""
    return a_pod(phase="Running", conditions=conditions(Ready="True"))


def an_unplaced_pod(message: str = "0/1 nodes are available: 1 Insufficient cpu.", **requests: str) -> Manifest:
    """Return a pod that the scheduler has placed nowhere; two underscores in names of resources stand for a slash."""
    wanted = {name.replace("__", "/").replace("_", "."): amount for name, amount in requests.items()}
    said = conditions(PodScheduled=f"False/Unschedulable/{message}")
    return a_pod(node="", requests=wanted, conditions=said)


def a_node(name: str = NODE, *, ready: str = "True", **offers: str) -> Manifest:
    """Return a node that offers resources."""
    amounts = {key.replace("__", "/").replace("_", "."): amount for key, amount in offers.items()}
    status = {"allocatable": amounts, "conditions": conditions(Ready=ready)}
    return an_object(NODES, name, status=status)


def an_event(about: Manifest, reason: str, message: str) -> Manifest:
    """Return an Event."""
    regarding: Manifest = {"involvedObject": {"uid": uid_of(about)}, "reason": reason, "message": message}
    return an_object(EVENTS, f"event-{reason}", lastTimestamp=LONG_AGO, **regarding)


def a_cluster(**found: Any) -> ClusterEvidence:
    """Return what the cluster said; the graph is pending and its Deployment wants a pod."""
    usual: dict[str, Any] = {
        "graph": a_graph(),
        "components": (a_component(),),
        "deployments": (a_deployment(),),
        "replica_sets": (a_replica_set(),),
        "pods": (a_pod(waiting="ContainerCreating", metadata={"creationTimestamp": JUST_NOW}),),
    }
    return ClusterEvidence(**(usual | found))


def a_serving_cluster(**found: Any) -> ClusterEvidence:
    """Return a cluster in which the graph is ready."""
    usual = {
        "graph": a_graph(state="successful", Ready="True"),
        "deployments": (a_deployment(ready=1),),
        "pods": (a_ready_pod(),),
    }
    return a_cluster(**(usual | found))


def a_log(**found: Any) -> LogEvidence:
    """Return a log that is up to date."""
    change = LastChange(VERSION, "cluster.0", NOW - timedelta(minutes=1), 1, "pending", is_gone=False)
    return LogEvidence(**({"change": change} | found))


def an_ownership(**found: Any) -> OwnershipEvidence:
    """Return etcd's view while all services live."""
    services = ("watcher", "reconciler", "rbac", "discovery")
    usual: dict[str, Any] = {
        "partition": 3,
        "replicas": {each: {f"{each}-0": NOW - timedelta(hours=1)} for each in services},
        "owners": {each: f"{each}-0" for each in services[1:]},
        "capacity": Capacity(),
        "is_capacity_fresh": True,
    }
    return OwnershipEvidence(**(usual | found))


def without(service: str, **found: Any) -> OwnershipEvidence:
    """Return etcd's view while no replica of a service lives."""
    whole = an_ownership(**found)
    return replace(
        whole,
        replicas={each: members for each, members in whole.replicas.items() if each != service},
        owners={each: owner for each, owner in whole.owners.items() if each != service},
    )


def evidence(cluster: Any = None, log: Any = None, ownership: Any = None, **more: Any) -> Evidence:
    """Return evidence; what is not given is whole."""
    return Evidence(
        namespace="demo",
        name="chat",
        cluster=cluster if cluster is not None else a_cluster(),
        log=log if log is not None else a_log(),
        ownership=ownership if ownership is not None else an_ownership(),
        **more,
    )


def explained(cluster: Any = None, log: Any = None, ownership: Any = None, **more: Any) -> Explanation:
    """Return the explanation of evidence."""
    return explain(evidence(cluster, log, ownership, **more), NOW)


def cause(found: Explanation) -> Finding:
    """Return the cause of an explanation that has one."""
    assert found.cause is not None
    return found.cause


def codes(findings: Any) -> list[str]:
    """Return the codes of findings."""
    return [each.code for each in findings]
