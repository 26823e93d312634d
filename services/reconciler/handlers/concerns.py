"""Which primaries a changed fact concerns: pure. Whoever is not named here renders the same as before."""

from __future__ import annotations

from collections.abc import Iterable

from services.reconciler.desired.ssh_secrets import spans_nodes
from shared.contracts.facts import ACCOUNTS, ORCHESTRATORS, QUEUES, REGISTRIES, SSH_SOURCE, namespace_of_fact
from shared.core.resources import GRAPHS, Ref
from shared.ports.passes import View

_OF_ALL = frozenset({ORCHESTRATORS, REGISTRIES, ACCOUNTS})  # without a namespace: that all have been looked at


def concerned_by_fact(fact: str, primaries: Iterable[Ref], view: View) -> Iterable[Ref]:
    """Return the primaries that a fact concerns."""
    namespace = namespace_of_fact(fact)
    if namespace:
        return [primary for primary in primaries if primary.namespace == namespace]
    if fact in _OF_ALL:
        return primaries
    graphs = [primary for primary in primaries if primary.resource is GRAPHS]
    if fact == QUEUES:
        return graphs
    if fact == SSH_SOURCE:
        return [graph for graph in graphs if _spans_nodes(graph, view)]
    return ()


def _spans_nodes(graph: Ref, view: View) -> bool:
    entry = view.get(graph)
    return entry is not None and spans_nodes(entry.summary)
