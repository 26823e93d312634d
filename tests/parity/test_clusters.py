"""What our rooms leave of each recorded manifest, in each of the six clusters, against what the reference left."""

from __future__ import annotations

from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster
from tests.parity.courses import comparisons
from tests.parity.events import told_of


def test_objects_and_status_are_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    result = comparisons(conformance, cluster)[path].result

    assert [(each.where, each.reference, each.ours) for each in result.differences] == []
    assert result.compared > 100


def test_events_tell_of_everything_that_matters_in_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]

    assert told_of(found.reference.events) - told_of(found.ours.events) == set()
