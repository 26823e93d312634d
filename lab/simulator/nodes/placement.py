"""Decides on which node a pod goes, or in which words it is told that it must wait.

Pure decisions over a ledger of what is used where. The ledger counts a pod from the decision on, before the binding is
written, so that two pods never get the same GPU. Invariant: what is used of a node never exceeds what it has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab.simulator.nodes.demands import Demand
from lab.simulator.nodes.filters import NodeFacts, Objection, explanation, lack, preference, standing_objection
from lab.simulator.nodes.neighbours import Neighbour, has_neighbour_rules, neighbour_objection

REMEMBERED_SIGNATURES = 4096
ENOUGH_CHOICE = 16  # nodes scored for one pod; more would only cost time


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pod goes to this node."""

    node: str


@dataclass(frozen=True, slots=True)
class Waits:
    """No node takes the pod; the scheduler's message, and whether it will be overtaken in a moment."""

    message: str
    is_brief: bool = False


@dataclass(slots=True)
class Ledger:
    """The nodes, what is used on each, and by whom."""

    nodes: dict[str, NodeFacts] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=dict)
    _holders: dict[str, tuple[str, Demand]] = field(default_factory=dict)
    _standing: dict[bytes, dict[str, Objection | None]] = field(default_factory=dict)
    _next: int = 0

    def set_node(self, facts: NodeFacts) -> None:
        """Take in a node or its change."""
        if self.nodes.get(facts.name) != facts:
            self.nodes[facts.name] = facts
            self._standing.clear()

    def drop_node(self, name: str) -> None:
        """Take in that a node is gone."""
        self.nodes.pop(name, None)
        self._standing.clear()

    def hold(self, uid: str, node: str, demand: Demand) -> None:
        """Count a pod on a node."""
        if uid in self._holders:
            if self._holders[uid][0] == node:
                return
            self.release(uid)
        self._holders[uid] = (node, demand)
        used = self.used.setdefault(node, {})
        for name, wanted in demand.resources.items():
            used[name] = used.get(name, 0) + wanted

    def release(self, uid: str) -> bool:
        """Count a pod no longer; answer whether it was counted."""
        held = self._holders.pop(uid, None)
        if held is None:
            return False
        node, demand = held
        for name, wanted in demand.resources.items():
            self.used[node][name] -= wanted
        return True

    def place(self, demand: Demand) -> Chosen | Waits:
        """Return the node for a pod, or why it waits."""
        feasible: list[NodeFacts] = []
        objections: list[Objection] = []
        for node in self._from_next():
            objection = self._objection(demand, node)
            if objection is not None:
                objections.append(objection)
                continue
            feasible.append(node)
            if len(feasible) == ENOUGH_CHOICE:
                break
        if not feasible:
            return Waits(explanation(objections))
        self._next += 1
        return Chosen(max(feasible, key=lambda node: self._score(demand, node)).name)

    def _from_next(self) -> Sequence[NodeFacts]:
        nodes = list(self.nodes.values())
        if len(nodes) <= ENOUGH_CHOICE:
            return nodes
        start = self._next % len(nodes)
        return nodes[start:] + nodes[:start]

    def _objection(self, demand: Demand, node: NodeFacts) -> Objection | None:
        if len(self._standing) > REMEMBERED_SIGNATURES:
            self._standing.clear()
        standing = self._standing.setdefault(demand.signature, {})
        if node.name not in standing:
            standing[node.name] = standing_objection(demand, node)
        objection = standing[node.name] or lack(demand, node, self.used.get(node.name, {}))
        if objection is None and has_neighbour_rules(demand):
            objection = neighbour_objection(demand, node, self._neighbours())
        return objection

    def _neighbours(self) -> Iterable[Neighbour]:
        for node, demand in self._holders.values():
            if node in self.nodes:
                yield Neighbour(demand.namespace, demand.labels, self.nodes[node].labels)

    def _score(self, demand: Demand, node: NodeFacts) -> tuple[float, float, str]:
        used = self.used.get(node.name, {})
        shares = [
            1 - (used.get(name, 0) + demand.resources.get(name, 0)) / node.allocatable[name]
            for name in ("cpu", "memory")
            if node.allocatable.get(name)
        ]
        return preference(demand, node), sum(shares) / len(shares) if shares else 0.0, node.name
