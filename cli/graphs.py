"""What the cluster says about graphs: components, pods, GPUs and nodes, and why something is not ready. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cli.stories import is_pod_ready
from shared.contracts.watched import gpus_requested
from shared.core import labels
from shared.core.json import Manifest, integer, items, mapping, member, text
from shared.core.objects import labels_of, name_of, namespace_of


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One component of a graph."""

    name: str
    kind: str
    ready: int
    wanted: int
    gpus: int
    nodes: tuple[str, ...]
    reason: str = ""  # why it is not ready; empty when it is

    @property
    def cells(self) -> list[str]:
        """Return the row as text."""
        return [self.name, self.kind, f"{self.ready}/{self.wanted}", str(self.gpus), ",".join(self.nodes) or "-"]


_REPLICAS = ("spec", "replicas")  # 0 is an answer
_NODES = ("spec", "multinode", "nodeCount")  # pods of one replica

HEADINGS = ["COMPONENT", "KIND", "PODS", "GPUS", "NODE"]


@dataclass(frozen=True, slots=True)
class GraphReport:
    """One graph as `status` shows it."""

    namespace: str
    name: str
    state: str
    is_ready: bool
    reason: str  # why it is not ready; empty when it is
    components: tuple[ComponentRow, ...]


def graph_report(graph: Manifest, components: Sequence[Manifest], pods: Sequence[Manifest]) -> GraphReport:
    """Return the report of one graph from the objects of its namespace."""
    namespace, name = namespace_of(graph), name_of(graph)
    own = [each for each in components if belongs(each, namespace, name)]
    own_pods = [each for each in pods if belongs(each, namespace, name)]
    services = mapping(graph, "spec", "services")
    reported = mapping(graph, "status", "services")
    rows = [
        _row(service, services[service], own, own_pods, reported=reported.get(service)) for service in sorted(services)
    ]
    state = text(graph, "status", "state") or "not observed yet"
    observed = integer(graph, "status", "observedGeneration") >= integer(graph, "metadata", "generation")
    is_ready = state == "successful" and observed
    reason = "" if is_ready else _why(graph, is_observed=observed)
    return GraphReport(
        namespace, name, state if observed else f"{state} (old generation)", is_ready, reason, tuple(rows)
    )


def graph_reports(
    graphs: Iterable[Manifest], components: Sequence[Manifest], pods: Sequence[Manifest]
) -> list[GraphReport]:
    """Return the reports of graphs, sorted by namespace and name."""
    found = [graph_report(graph, components, pods) for graph in graphs]
    return sorted(found, key=lambda report: (report.namespace, report.name))


def belongs(manifest: Manifest, namespace: str, graph: str) -> bool:
    """Return whether an object carries the label of a graph."""
    return namespace_of(manifest) == namespace and labels_of(manifest).get(labels.GRAPH_NAME) == graph


def _row(
    service: str, spec: object, components: Sequence[Manifest], pods: Sequence[Manifest], *, reported: object
) -> ComponentRow:
    component = next((each for each in components if text(each, "spec", "serviceName") == service), {})
    wanted = next((each for each in (member(component, *_REPLICAS), member(spec, "replicas")) if each is not None), 1)
    nodes = next((each for each in (member(component, *_NODES), member(spec, *_NODES[1:])) if each is not None), 1)
    mine = [each for each in pods if labels_of(each).get(labels.COMPONENT) == service]
    return ComponentRow(
        name=service,
        kind=text(component, "status", "service", "componentKind") or text(reported, "componentKind") or "-",
        ready=sum(1 for pod in mine if is_pod_ready(pod)),
        wanted=(wanted if isinstance(wanted, int) else 1) * (nodes if isinstance(nodes, int) else 1),
        gpus=sum(sum(gpus_requested(pod).values()) for pod in mine),
        nodes=tuple(sorted({node for pod in mine if (node := text(pod, "spec", "nodeName"))})),
        reason=_in_the_way(component),
    )


def _why(graph: Manifest, *, is_observed: bool) -> str:
    conditions = {text(each, "type"): each for each in items(graph, "status", "conditions")}
    if not conditions:
        return "no service has reported on it yet: is the reconciler running?"
    if not is_observed:
        return "its newest spec has not been looked at yet"
    return _in_the_way(graph) or text(conditions.get("Ready"), "message")


def _in_the_way(manifest: Manifest) -> str:
    """Return what an object's own conditions say is in its way."""
    conditions = {text(each, "type"): each for each in items(manifest, "status", "conditions")}
    for kind in ("Stalled", "Reconciling"):
        if text(conditions.get(kind), "status") == "True":
            return f"{text(conditions[kind], 'reason')}: {text(conditions[kind], 'message')}"
    return ""
