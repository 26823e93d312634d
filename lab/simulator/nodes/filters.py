"""Decides whether one node could run one pod, and if not, why in the scheduler's own words.

Pure. The reasons are those of Kubernetes' scheduler plug-ins, since people and programs search for them. Invariant: the
first plug-in that objects gives the reasons, in the scheduler's order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.simulator.client.resources import Document
from lab.simulator.nodes.demands import Demand
from lab.simulator.nodes.quantities import amount
from lab.simulator.objects import labels_of, matches

AFFINITY_REASON = "node(s) didn't match Pod's node affinity/selector"
UNSCHEDULABLE_REASON = "node(s) were unschedulable"
UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a node does not take a pod, and whether removing other pods could change that."""

    reasons: tuple[str, ...]
    could_preempt: bool


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What the filters read of a node."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Mapping[str, str], ...]
    is_unschedulable: bool
    allocatable: Mapping[str, int]


def node_facts(node: Document) -> NodeFacts:
    """Return what the filters read of `node`."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return NodeFacts(
        name=node["metadata"]["name"],
        labels=labels_of(node),
        taints=tuple(spec.get("taints") or ()),
        is_unschedulable=bool(spec.get("unschedulable")),
        allocatable={name: amount(name, value) for name, value in (status.get("allocatable") or {}).items()},
    )


def standing_objection(demand: Demand, node: NodeFacts) -> Objection | None:
    """Return why `node` never takes such a pod, whatever runs on it."""
    tolerations = demand.spec.get("tolerations") or ()
    if node.is_unschedulable and not _tolerates(tolerations, {"key": UNSCHEDULABLE_TAINT, "effect": "NoSchedule"}):
        return Objection((UNSCHEDULABLE_REASON,), could_preempt=False)
    for taint in node.taints:
        if taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerates(tolerations, taint):
            text = f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
            return Objection((text,), could_preempt=False)
    if not _is_wanted(demand, node):
        return Objection((AFFINITY_REASON,), could_preempt=False)
    return None


def lack(demand: Demand, node: NodeFacts, used: Mapping[str, int]) -> Objection | None:
    """Return which resources `node` lacks for the pod beside what is `used`."""
    reasons, could_preempt = [], True
    for name, wanted in demand.resources.items():
        if wanted == 0:
            continue
        whole = node.allocatable.get(name, 0)
        if wanted > whole - used.get(name, 0):
            reasons.append("Too many pods" if name == "pods" else f"Insufficient {name}")
            could_preempt = could_preempt and wanted <= whole
    return Objection(tuple(reasons), could_preempt) if reasons else None


def preference(demand: Demand, node: NodeFacts) -> int:
    """Return the sum of the weights of the preferred node affinities that `node` meets."""
    affinity = (demand.spec.get("affinity") or {}).get("nodeAffinity") or {}
    return sum(
        int(term.get("weight", 1))
        for term in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        if _meets(term.get("preference") or {}, node)
    )


def _is_wanted(demand: Demand, node: NodeFacts) -> bool:
    selector: Mapping[str, str] = demand.spec.get("nodeSelector") or {}
    if any(node.labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (demand.spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_meets(term, node) for term in required.get("nodeSelectorTerms") or ())


def _meets(term: Mapping[str, Any], node: NodeFacts) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False  # an empty term selects nothing
    by_name = {"metadata.name": node.name}
    return matches({"matchExpressions": expressions}, node.labels) and matches({"matchExpressions": fields}, by_name)


def _tolerates(tolerations: Iterable[Mapping[str, str]], taint: Mapping[str, str]) -> bool:
    return any(_covers(toleration, taint) for toleration in tolerations)


def _covers(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def explanation(objections: Sequence[Objection]) -> str:
    """Return the scheduler's message for a pod that none of the nodes takes."""
    nodes = len(objections)
    if nodes == 0:
        return "no nodes available to schedule pods"
    hopeless = sum(1 for objection in objections if not objection.could_preempt)
    counts: dict[str, int] = {}
    for objection in objections:
        for reason in objection.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    return f"0/{nodes} nodes are available: {_histogram(counts)}. {preemption(hopeless=hopeless, nodes=nodes)}."


def preemption(*, hopeless: int, nodes: int) -> str:
    """Return what the scheduler says of preemption, which would help on none of the nodes."""
    reasons = {
        "Preemption is not helpful for scheduling": hopeless,
        "No preemption victims found for incoming pod": nodes - hopeless,
    }
    return f"preemption: 0/{nodes} nodes are available: {_histogram(reasons)}"


def _histogram(counts: Mapping[str, int]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items() if count))
