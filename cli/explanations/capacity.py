"""Why a pod has no node: none could ever run it, all are taken, or rules keep it away. Sound.

`Impossible` is said only when every node there is, ready or not, empty or not, is too small for the pod: the larger of
a node's capacity and what it offers is compared, so a node whose device plug-in has not started is not counted out,
and a cluster that is making a node for the pod is believed. Where nodes may not be read, nothing is impossible. Rules
that an administrator can change with a word (labels, taints) never make a pod impossible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cli.explanations.evidence import ClusterEvidence, Evidence, OwnershipEvidence
from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from cli.explanations.moments import changed, condition, newest_event
from services.reconciler.desired.quantities import QuantityError, amount
from shared.contracts.watched import is_gpu
from shared.core.json import Manifest, items, mapping, text
from shared.core.objects import labels_of, name_of, namespace_of, uid_of

GPU_COUNT_LABEL = "nvidia.com/gpu.count"  # of a node, by NVIDIA's feature discovery, whatever the plug-in offers
Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A pod that no node took, and the scheduler's words."""

    pod: Manifest
    words: str
    since: datetime | None
    requests: Amounts

    @property
    def thing(self) -> Thing:
        return Thing("Pod", name_of(self.pod), namespace_of(self.pod))

    def finding(self, tier: Tier, code: str, *, evidence: str, remedy: str) -> Finding:
        return Finding(
            tier=tier,
            code=code,
            thing=self.thing,
            evidence=evidence + (f"; the scheduler says {quoted(self.words)}" if self.words else ""),
            remedy=remedy,
            command=f"kubectl describe pod {self.thing.name} -n {self.thing.namespace}",
            since=self.since,
            certainty=Certainty.CERTAIN if self.words else Certainty.LIKELY,
        )


def unschedulable(pod: Manifest, seen: ClusterEvidence, evidence: Evidence) -> Finding:
    """Return why the scheduler has placed a pod on no node."""
    said = condition(pod, "PodScheduled")
    waiting = _Waiting(pod, text(said, "message").partition(_PREEMPTION)[0], changed(said), requests_of(pod))
    growing = newest_event(seen.events, uid_of(pod), ("TriggeredScaleUp",))
    if growing is not None:
        what, remedy = (
            f"a node is being made for it: {quoted(text(growing, 'message'))}",
            "this passes when it has joined",
        )
        return waiting.finding(Tier.NOT_NOW, "WaitsForNewNode", evidence=what, remedy=remedy)
    sizes = [(name_of(node), _size(node)) for node in seen.fleet or ()]
    too_large = _too_large(waiting.requests, sizes) if seen.fleet is not None else ""
    if too_large:
        remedy = "add a node of a larger type, or ask for less in the graph's spec"
        return waiting.finding(Tier.IMPOSSIBLE, "Impossible", evidence=too_large, remedy=remedy)
    if waiting.words and "Insufficient " not in waiting.words:
        remedy = "label or untaint a node, or change selector, affinity or tolerations in the graph's spec"
        return waiting.finding(Tier.NOT_NOW, "NoNodeAdmits", evidence="rules keep it from every node", remedy=remedy)
    what = f"it needs {_amounts(waiting.requests)} on one node, and no node has that free{_free(waiting, evidence)}"
    remedy = "stop or shrink what holds the resources, or add a node"
    return waiting.finding(Tier.NOT_NOW, "NoRoomNow", evidence=what, remedy=remedy)


def requests_of(pod: Manifest) -> dict[str, Decimal]:
    """Return what a pod asks of one node, as the scheduler counts it; what is no quantity counts as nothing."""
    running: dict[str, Decimal] = {}
    first: dict[str, Decimal] = {}
    for container in items(pod, "spec", "containers"):
        _add(running, _requests(container))
    for container in items(pod, "spec", "initContainers"):
        if text(container, "restartPolicy") == "Always":
            _add(running, _requests(container))
        else:
            for name, wanted in _requests(container).items():
                first[name] = max(first.get(name, Decimal(0)), wanted)
    total = {name: max(running.get(name, Decimal(0)), first.get(name, Decimal(0))) for name in {**running, **first}}
    _add(total, _quantities(mapping(pod, "spec", "overhead")))
    return {name: wanted for name, wanted in total.items() if wanted}


def _too_large(requests: Amounts, nodes: Sequence[tuple[str, Amounts]]) -> str:
    """Return why none of all nodes could ever run a pod with these requests; nothing where one could."""
    if not nodes:
        return "the cluster has no node" if requests else ""
    if any(all(size.get(name, _NONE) >= wanted for name, wanted in requests.items()) for _, size in nodes):
        return ""
    for name, wanted in sorted(requests.items(), key=lambda each: (not is_gpu(each[0]), each[0])):
        largest_node, largest = max(((node, size.get(name, _NONE)) for node, size in nodes), key=lambda each: each[1])
        if largest < wanted:
            have = f"the largest, {largest_node}, has {_number(largest)}" if largest else "no node has any"
            return f"it needs {_number(wanted)} {name} on one node, and of {len(nodes)} nodes {have}"
    return f"it needs {_amounts(requests)} on one node, and none of {len(nodes)} nodes has all of that together"


def _size(node: Manifest) -> dict[str, Decimal]:
    """Return the most that a node may ever offer."""
    offered = _quantities(mapping(node, "status", "allocatable"))
    built = _quantities(mapping(node, "status", "capacity"))
    size = {name: max(offered.get(name, _NONE), built.get(name, _NONE)) for name in {**offered, **built}}
    counted = labels_of(node).get(GPU_COUNT_LABEL, "")
    if counted.isdecimal():
        size["nvidia.com/gpu"] = max(size.get("nvidia.com/gpu", _NONE), Decimal(counted))
    return size


def _free(waiting: _Waiting, evidence: Evidence) -> str:
    """Return how many of the GPUs that a pod asks for are free, if discovery keeps count."""
    owned = evidence.ownership
    wanted = next((name for name in sorted(waiting.requests) if is_gpu(name)), "")
    if not wanted or not isinstance(owned, OwnershipEvidence) or owned.capacity is None:
        return ""
    counts = [node.gpus[wanted] for node in owned.capacity.nodes if wanted in node.gpus]
    total, taken = sum(each.allocatable for each in counts), sum(each.requested for each in counts)
    most = max((each.allocatable - each.requested for each in counts), default=0)
    age = "" if owned.is_capacity_fresh else " (an old count: discovery is away)"
    return f" ({taken} of {total} {wanted} are taken, at most {max(most, 0)} free on one node{age})"


def _requests(container: object) -> dict[str, Decimal]:
    limits = _quantities(mapping(container, "resources", "limits"))
    return limits | _quantities(mapping(container, "resources", "requests"))


def _quantities(found: Mapping[str, object]) -> dict[str, Decimal]:
    known = {}
    for name, value in found.items():
        try:
            known[name] = amount(str(value))
        except QuantityError:
            continue
    return known


def _add(total: dict[str, Decimal], more: Amounts) -> None:
    for name, wanted in more.items():
        total[name] = total.get(name, _NONE) + wanted


def _amounts(requests: Amounts) -> str:
    """Return amounts in words, GPUs first."""
    ordered = sorted(requests.items(), key=lambda each: (not is_gpu(each[0]), each[0]))
    return ", ".join(f"{_number(wanted)} {name}" for name, wanted in ordered) or "nothing in particular"


def _number(value: Decimal) -> str:
    for unit, size in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20)):
        if value >= size:
            return f"{(value / size).normalize():f}{unit}" if value % size == 0 else f"{value / size:.1f}{unit}"
    return f"{value.normalize():f}"


_PREEMPTION = " preemption: "  # the scheduler's second sentence repeats the first
_NONE = Decimal(0)
