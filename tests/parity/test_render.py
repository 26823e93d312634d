"""`dynamoctl render` prints what the reconciler applies: the same objects, for each manifest in each cluster."""

from __future__ import annotations

from services.reconciler.desired.rendering import render
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.resources import GRAPHS
from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster
from tests.parity.comparison import compare, written_down
from tests.parity.courses import applied_documents, comparisons


def test_render_gives_exactly_what_the_reconciler_applies(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    graphs = [each for each in applied_documents(conformance, path) if each["kind"] == GRAPHS.kind]
    found = [manifest for graph in graphs for manifest in render(graph, cluster.platform)]
    ours = comparisons(conformance, cluster)[path].ours
    applied = {key: each for key, each in ours.objects.items() if GRAPH_CHILDREN in ours.managers[key]}

    rendered = {
        key: {**each, "status": applied.get(key, {}).get("status")}
        for key, each in written_down(conformance, found, frozenset()).items()
    }
    result = compare(conformance, rendered, applied, ())

    assert [(each.where, each.reference, each.ours) for each in result.differences] == []
