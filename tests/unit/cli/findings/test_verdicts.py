"""What is concluded from what was seen: every finding, and that a platform that is well has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cli.findings.evidence import Checkpoint, Evidence, Holder, Lateness, NoOwner, Process, Unseen, WebhookSeen
from cli.findings.finding import Severity, Topic
from cli.findings.verdicts import findings, has_errors, is_out_of_reach, verdict
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import CHANGES, DECISIONS, INSTALL_KEY
from shared.contracts.watched import WATCHED
from shared.core.resources import ADD_ONS, GRAPHS, PODS
from shared.ports.store import StoreHealth, StoreMember
from tests.unit.cli.findings.evidence import (
    EPOCH,
    NOW,
    VERSION,
    a_bus,
    a_cluster,
    a_letter,
    a_status,
    a_store,
    a_stream,
    an_endpoint,
    evidence,
)

DAY = timedelta(days=1)
GONE = Unseen("connection refused")
CRD = "dynamomodels.nvidia.com"


def with_crd(change: Mapping[str, Any] | None) -> Evidence:
    """Return a platform one of whose CRDs is another."""
    seen = a_cluster()
    live = seen.definitions[CRD]
    assert live is not None
    changed = None if change is None else {**live, **change}
    return evidence(cluster=a_cluster(definitions={**seen.definitions, CRD: changed}))


def with_stream(name: str, **changed: Any) -> Evidence:
    """Return a platform one of whose streams is another."""
    return evidence(bus=a_bus(streams={**a_bus().streams, name: a_stream(name, **changed)}))


def without_stream(name: str) -> Evidence:
    """Return a platform that lacks a stream."""
    return evidence(bus=a_bus(streams={**a_bus().streams, name: None}))


def with_status(answer: object, *, service: str = "reconciler", partition: int = 7) -> Evidence:
    """Return a platform in which the owner of a partition answers something else."""
    return evidence(bus=a_bus(statuses={**a_bus().statuses, (service, partition): answer}))


def with_claims(service: str, units: Mapping[str, Holder]) -> Evidence:
    """Return a platform with other claims of a service."""
    return evidence(store=a_store(claims={**a_store().claims, service: units}))


def with_marker(resource: object, marker: SyncedMarker | None) -> Evidence:
    """Return a platform with another synced marker."""
    return evidence(bus=a_bus(markers={**a_bus().markers, resource: marker}))


def with_health(*members: StoreMember, alarms: tuple[str, ...] = ()) -> Evidence:
    """Return a platform with other members of etcd."""
    return evidence(store=a_store(health=StoreHealth(members, alarms)))


WELL = StoreMember("a", is_leader=True, version="3.5.1")

CASES = [
    # stack
    (
        evidence(processes=[Process("rbac", is_running=False, log="rbac.log")]),
        "error",
        "stack",
        "process rbac",
        "rbac.log",
    ),
    (
        evidence(processes=[Process("rbac", is_running=True, log="", waits_for="claims: of one")]),
        "warning",
        "stack",
        "process rbac",
        "not ready: claims: of one",
    ),
    # cluster
    (evidence(cluster=GONE), "error", "cluster", "API server", "connection refused"),
    (with_crd(None), "error", "cluster", f"CRD {CRD}", "dynamoctl provision"),
    (with_crd({"status": {}}), "error", "cluster", f"CRD {CRD}", "does not serve it"),
    (with_crd({"spec": {"versions": []}}), "error", "cluster", f"CRD {CRD}", "lacks version v1alpha1"),
    (with_crd({"spec": {"versions": [{"name": "v1alpha1"}]}}), "warning", "cluster", f"CRD {CRD}", "its schema"),
    (evidence(cluster=a_cluster(denied=("list pods",))), "warning", "cluster", "permissions", "may not list pods"),
    # NATS
    (evidence(bus=GONE), "error", "nats", "NATS", "connection refused"),
    (without_stream(CHANGES), "error", "nats", f"stream {CHANGES}", "start the watcher"),
    (
        with_stream(DECISIONS, metadata={INSTALL_KEY: "other"}),
        "error",
        "nats",
        f"stream {DECISIONS}",
        "belongs to installation 'other'",
    ),
    (with_stream(CHANGES, configuration={}), "warning", "nats", f"stream {CHANGES}", "configured otherwise"),
    (with_stream(CHANGES, behind=("n2",)), "warning", "nats", f"stream {CHANGES}", "not in sync: n2"),
    (evidence(bus=a_bus(limit=7000)), "warning", "nats", "storage", "6.0 KiB of 6.8 KiB"),
    # etcd
    (evidence(store=GONE), "error", "etcd", "etcd", "connection refused"),
    (with_health(WELL, StoreMember("b", problem="no answer")), "warning", "etcd", "member b", "no answer"),
    (with_health(WELL, alarms=("NOSPACE",)), "error", "etcd", "alarm NOSPACE", "etcdctl alarm disarm"),
    (with_health(WELL, alarms=("CORRUPT",)), "error", "etcd", "alarm CORRUPT", "damaged member"),
    (evidence(store=a_store(health=Unseen("denied"))), "warning", "etcd", "members", "denied"),
    (evidence(store=a_store(incarnation="")), "error", "etcd", "incarnation key", "wiped"),
    (evidence(store=a_store(partition_count="")), "warning", "etcd", "partition count", "no service has recorded it"),
    (evidence(store=a_store(partition_count="64")), "error", "etcd", "partition count", "recorded are 64"),
    # members
    (
        evidence(store=a_store(members={**a_store().members, "rbac": {}})),
        "error",
        "members",
        "rbac",
        "no replica is alive",
    ),
    (
        evidence(store=a_store(members={**a_store().members, "rbac": {"r": "1.0.0"}})),
        "warning",
        "members",
        "versions",
        "mixed: 1.0.0: rbac r;",
    ),
    (evidence(version="9"), "warning", "members", "versions", f"the services are {VERSION}, this dynamoctl is 9"),
    # claims
    (with_claims("rbac", {}), "error", "claims", "rbac", "32 partitions of 32 held by nobody: 0, 1, 2, 3, 4, 5 and 26"),
    (with_claims("watcher", {}), "error", "claims", "watcher", "start watcher"),
    (with_claims("discovery-facts", {}), "error", "claims", "discovery-facts", "start discovery"),
    (with_claims("reconciler-facts", {}), "error", "claims", "reconciler-facts", "start reconciler"),
    (with_status(NoOwner()), "error", "claims", "reconciler", "on 1 partition stand, but it does not answer any more"),
    (with_status(Unseen("late")), "error", "claims", "reconciler", "gives no answer in time"),
    (with_status(a_status("reconciler", 7, token=3)), "warning", "claims", "reconciler", "another replica"),
    # watcher
    (with_marker(PODS, None), "error", "watcher", "synced markers", "not complete in the log, so no pass runs"),
    (
        with_marker(GRAPHS, SyncedMarker("uid.1", NOW - timedelta(days=1), 1)),
        "error",
        "watcher",
        "synced markers",
        "another stream or epoch",
    ),
    (with_marker(GRAPHS, SyncedMarker(EPOCH, NOW, 1)), "error", "watcher", "synced markers", "of another stream"),
    (
        evidence(store=a_store(checkpoints={"pods": Checkpoint(6000, EPOCH, NOW)})),
        "error",
        "watcher",
        "checkpoints",
        "it was restored",
    ),
    (evidence(store=a_store(checkpoints={"pods": None})), "warning", "watcher", "checkpoints", "cannot be read: pods"),
    (evidence(lateness=Lateness("team/chat", 10, 9)), "error", "watcher", "graph team/chat", "the log knows 9"),
    (evidence(lateness=Lateness("team/chat", 10, 0)), "error", "watcher", "graph team/chat", "the log knows none"),
    # lag
    (
        with_status(a_status("rbac", 7, waits_for="events that the log holds"), service="rbac"),
        "error",
        "lag",
        "rbac",
        "partition 7: no pass runs, waiting for events",
    ),
    (with_status(a_status("reconciler", 7, lag=60.0)), "warning", "lag", "reconciler", "unseen for 60 s"),
    (with_status(a_status("reconciler", 7, oldest_queued=90.0)), "warning", "lag", "reconciler", "its pass for 90 s"),
    (with_status(a_status("reconciler", 7, oldest_pass=90.0)), "warning", "lag", "reconciler", "running for 90 s"),
    # webhook
    (evidence(webhook=GONE), "warning", "webhook", "registration", "connection refused"),
    (evidence(webhook=WebhookSeen(None)), "warning", "webhook", "registration", "dynamoctl provision"),
    (evidence(webhook=WebhookSeen([])), "error", "webhook", "registration", "dynamographdeployments are not reviewed"),
    (
        evidence(webhook=WebhookSeen([an_endpoint(bundle_ends=None)])),
        "error",
        "webhook",
        f"webhook {an_endpoint().webhook}",
        "no CA bundle",
    ),
    (
        evidence(webhook=WebhookSeen([an_endpoint(bundle_ends=NOW - timedelta(hours=3))])),
        "error",
        "webhook",
        f"webhook {an_endpoint().webhook}",
        "ended 3h ago",
    ),
    (
        evidence(webhook=WebhookSeen([an_endpoint(problem="it cannot be reached")])),
        "error",
        "webhook",
        f"webhook {an_endpoint().webhook}",
        "it cannot be reached",
    ),
    (
        evidence(webhook=WebhookSeen([an_endpoint(ends=NOW + timedelta(days=3))])),
        "warning",
        "webhook",
        f"webhook {an_endpoint().webhook}",
        "its certificate ends in 3d",
    ),
    (
        evidence(webhook=WebhookSeen([an_endpoint(bundle_ends=NOW + timedelta(days=3), ends=None)])),
        "warning",
        "webhook",
        f"webhook {an_endpoint().webhook}",
        "its CA bundle ends in 3d",
    ),
    # letters
    (
        evidence(bus=a_bus(letters=[a_letter(), a_letter(), a_letter("other")])),
        "warning",
        "letters",
        "dead letters",
        "3 letters, the oldest 2h old, 0 objects still given up: 2 x reconciler: broken; 1 x reconciler: other",
    ),
]


@pytest.mark.parametrize(("seen", "severity", "topic", "subject", "told"), CASES)
def test_what_is_wrong_is_found_and_says_what_to_do(
    seen: Evidence, severity: str, topic: str, subject: str, told: str
) -> None:
    found = [each for each in findings(seen, [Topic(topic)]) if each.subject == subject]

    assert [each.severity for each in found] == [Severity(severity)]
    assert told in f"{found[0].seen} {found[0].todo}"
    assert found[0].todo


def test_a_platform_that_is_well_has_nothing_to_do() -> None:
    found = findings(evidence())

    assert {each.severity for each in found} == {Severity.OK}
    assert {each.topic for each in found} == set(Topic)
    assert not any(each.todo for each in found)
    assert verdict(found) == "healthy"
    assert not has_errors(found)


def test_a_service_that_only_the_cluster_reaches_is_no_problem() -> None:
    seen = evidence(webhook=WebhookSeen([an_endpoint(address="Service a/b", ends=None)]))

    assert [each.severity for each in findings(seen, [Topic.WEBHOOK])] == [Severity.OK]


def test_the_verdict_says_where_to_begin() -> None:
    found = findings(evidence(bus=GONE, processes=None))

    assert verdict(found).startswith("not healthy: 1 error; begin with NATS: start it")
    assert has_errors(found)


def test_warnings_alone_leave_the_platform_healthy() -> None:
    found = findings(evidence(bus=a_bus(letters=[a_letter()])))

    assert verdict(found).startswith("healthy, with warnings: 1 warning; begin with dead letters")
    assert not has_errors(found)


def test_what_cannot_be_seen_for_want_of_a_server_is_told_once() -> None:
    found = findings(evidence(cluster=GONE, bus=GONE, store=GONE, webhook=GONE, lateness=GONE, processes=None))

    assert [each.subject for each in found] == ["API server", "NATS", "etcd"]
    assert is_out_of_reach(evidence(cluster=GONE, bus=GONE, store=GONE))
    assert not is_out_of_reach(evidence(cluster=GONE, bus=GONE))


def test_an_upgrade_in_between_names_both_versions() -> None:
    members = {"reconciler": {"a": "1", "b": "2"}}
    found = findings(evidence(store=a_store(members={**a_store().members, **members})), [Topic.MEMBERS])

    assert next(each.seen for each in found if each.subject == "versions").startswith("mixed: 1: reconciler a;")


def test_all_kinds_are_named_when_no_marker_is_there() -> None:
    found = findings(evidence(bus=a_bus(markers={})), [Topic.WATCHER])

    assert f"and {len(WATCHED) - 6} more" in found[0].seen


@pytest.mark.rule("W-02")
def test_a_cluster_without_add_ons_is_well() -> None:
    markers = {resource: SyncedMarker(EPOCH, NOW - DAY, 1, absent=resource in ADD_ONS) for resource in WATCHED}
    found = findings(evidence(bus=a_bus(markers=markers)), [Topic.WATCHER])

    assert [each.severity for each in found] == [Severity.OK]
    assert f"{len(ADD_ONS)} kinds not served here" in found[0].seen
