"""What our rooms leave of each recorded manifest, in each of the six clusters, against what the reference left."""

from __future__ import annotations

import json

from tests.conformance import Conformance
from tests.parity.clusters import RecordedCluster
from tests.parity.commands import containers, words
from tests.parity.courses import comparisons
from tests.parity.events import told_of


def test_objects_and_status_are_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    result = comparisons(conformance, cluster)[path].result

    assert [(each.where, each.reference, each.ours) for each in result.differences] == []
    assert result.compared > 50


def test_events_tell_of_everything_that_matters_in_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]

    assert told_of(found.reference.events) - told_of(found.ours.events) == set()


def test_containers_start_the_same_but_for_the_ways_of_writing_that_are_mended(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]
    both = found.reference.objects.keys() & found.ours.objects.keys()
    reference = {(key, where): words(each) for key in both for where, each in containers(found.reference.objects[key])}
    ours = {(key, where): words(each) for key in both for where, each in containers(found.ours.objects[key])}

    assert ours == reference


def test_no_pod_mounts_a_secret_that_only_the_reference_copied(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]
    missing = {name for _, kind, name in found.reference.objects.keys() - found.ours.objects.keys() if kind == "Secret"}

    assert [
        name for name in missing if f'"secretName": "{name}"' in json.dumps(list(found.ours.objects.values()))
    ] == []
