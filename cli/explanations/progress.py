"""How far the platform's own work for a graph has come, and how far the cluster's.

Separate because it decides whether a part of the platform that is away is *the cause* or only worth a note: a graph
whose objects are all applied and reported does not wait for the platform, whatever is stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from cli.explanations.evidence import ClusterEvidence
from cli.explanations.findings import ServiceRow
from cli.explanations.moments import condition, is_true
from cli.explanations.workloads import is_complete, is_of_set, pods_of_replica, wanted_replicas, workloads
from cli.stories import is_pod_ready
from shared.core import labels
from shared.core.json import Manifest, integer, mapping, text
from shared.core.objects import controller_of, generation_of, is_deleting, labels_of, name_of, uid_of

SUCCESSFUL = "successful"
REFUSED = frozenset({"WriteFailed", "FinalizerFailed"})  # codes that a status gives while a refused write is repeated


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Something that the platform has not done yet for this generation of the graph."""

    what: str  # a clause, such as `generation 2 has not been looked at (status is of 1)`


def outstanding(graph: Manifest, seen: ClusterEvidence) -> Outstanding | None:
    """Return what the reconciler still has to do, the earliest step of it; None when it is done."""
    if is_deleting(graph):
        return Outstanding("it is being deleted and its finalizer is still there")
    generation, observed = generation_of(graph), integer(graph, "status", "observedGeneration")
    if observed == 0:
        return Outstanding("no service has reported on it yet")
    if observed < generation:
        return Outstanding(f"generation {generation} has not been looked at (its status is of generation {observed})")
    if text(graph, "status", "state") == "failed":
        return None
    for step in (_components, _deployments, _report):
        found = step(graph, seen)
        if found is not None:
            return found
    return None


def is_serving(graph: Manifest, seen: ClusterEvidence) -> bool:
    """Return whether the graph is reported as ready in its newest generation, and its workloads agree."""
    is_current = integer(graph, "status", "observedGeneration") >= generation_of(graph)
    is_reported = text(graph, "status", "state") == SUCCESSFUL and is_current and not is_deleting(graph)
    return is_reported and all(is_complete(each) for each in workloads(seen))


def is_refused(manifest: Manifest) -> bool:
    """Return whether an object's status says that something was refused: then it waits for somebody's correction."""
    return is_true(manifest, "Stalled") or text(condition(manifest, "Reconciling"), "reason") in REFUSED


def service_rows(graph: Manifest, seen: ClusterEvidence) -> tuple[ServiceRow, ...]:
    """Return how many pods of each service are ready."""
    pods = [each for each in seen.pods if not is_deleting(each)]
    return tuple(
        ServiceRow(
            name,
            sum(1 for pod in pods if labels_of(pod).get(labels.COMPONENT) == name and is_pod_ready(pod)),
            _wanted_of(name, spec, seen),
        )
        for name, spec in sorted(mapping(graph, "spec", "services").items())
    )


def _wanted_of(service: str, spec: object, seen: ClusterEvidence) -> int:
    component = next((each for each in seen.components if text(each, "spec", "serviceName") == service), None)
    found = mapping(component, "spec") if component is not None else mapping(spec)
    return wanted_replicas({"spec": dict(found)}) * pods_of_replica(found)


def _components(graph: Manifest, seen: ClusterEvidence) -> Outstanding | None:
    if is_of_set(seen):
        return None  # Grove makes what the services consist of
    have = {text(each, "spec", "serviceName"): each for each in seen.components}
    for service in sorted(mapping(graph, "spec", "services")):
        component = have.get(service)
        if component is None:
            return Outstanding(f"service {service} has no component yet")
        if integer(component, "status", "observedGeneration") < generation_of(component):
            return Outstanding(f"component {name_of(component)} has not been looked at in its newest generation")
    return None


def _deployments(_graph: Manifest, seen: ClusterEvidence) -> Outstanding | None:
    served = {owner.uid for each in seen.deployments if (owner := controller_of(each)) is not None}
    for component in seen.components:
        is_plain = text(component, "status", "service", "componentKind") in _PLAIN
        if uid_of(component) not in served and is_plain and not is_refused(component):
            return Outstanding(f"component {name_of(component)} has no Deployment")
    return None


def _report(graph: Manifest, seen: ClusterEvidence) -> Outstanding | None:
    found = list(workloads(seen))
    are_done = bool(found) and all(is_complete(each) for each in found)
    if are_done and text(graph, "status", "state") != SUCCESSFUL and not is_refused(graph):
        return Outstanding("all its workloads are ready and its status does not say so yet")
    return None


_PLAIN = ("", "Deployment")  # a component of another kind has no Deployment
