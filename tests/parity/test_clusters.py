"""What our rooms leave of each recorded manifest, in each of the six clusters, against what the reference left."""

from __future__ import annotations

import json

import pytest

from shared.core.resources import GRAPHS
from tests.conformance import Conformance
from tests.parity.clusters import CLUSTERS, RecordedCluster
from tests.parity.commands import containers, words
from tests.parity.courses import comparisons, requests_at_rest
from tests.parity.events import told_of


def test_objects_and_status_are_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    result = comparisons(conformance, cluster)[path].result

    assert [(each.where, each.reference, each.ours) for each in result.differences] == []
    assert result.compared > 50


@pytest.mark.rule("OB-03", "OB-06", "W-29")
def test_events_tell_of_everything_that_matters_in_those_of_the_reference(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]

    assert told_of(found.reference.events) - told_of(found.ours.events) == set()


@pytest.mark.rule("W-22", "W-26", "W-27")
def test_containers_start_the_same_but_for_the_ways_of_writing_that_are_mended(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]
    both = found.reference.objects.keys() & found.ours.objects.keys()
    reference = {(key, where): words(each) for key in both for where, each in containers(found.reference.objects[key])}
    ours = {(key, where): words(each) for key in both for where, each in containers(found.ours.objects[key])}

    assert ours == reference


@pytest.mark.rule("OB-04")
def test_a_graph_that_becomes_successful_is_told_of_without_a_warning(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    ours = comparisons(conformance, cluster)[path].ours
    states = {each["status"]["state"] for (_, kind, _), each in ours.objects.items() if kind == GRAPHS.kind}

    assert states == {"failed"} or [event for event in ours.events if " Warning " in event] == []


@pytest.mark.rule("W-05", "workloads 3.1 8")
def test_no_pod_mounts_a_secret_that_only_the_reference_copied(
    conformance: Conformance, cluster: RecordedCluster, path: str
) -> None:
    found = comparisons(conformance, cluster)[path]
    missing = {name for _, kind, name in found.reference.objects.keys() - found.ours.objects.keys() if kind == "Secret"}

    assert [
        name for name in missing if f'"secretName": "{name}"' in json.dumps(list(found.ours.objects.values()))
    ] == []


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda cluster: cluster.name)
def test_a_second_pass_over_everything_asks_the_cluster_for_nothing(
    conformance: Conformance, cluster: RecordedCluster
) -> None:
    assert requests_at_rest(conformance, cluster) == []
