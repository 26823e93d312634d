"""The order of causes, and what is concluded from what was not read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from cli.explanations.evidence import LastChange, Letter, Unread
from cli.explanations.findings import Certainty, Explanation, Finding, Step, Thing, Tier, Verdict, quoted
from shared.core.json import Manifest
from tests.unit.cli.explanations.builders import (
    NOW,
    a_cluster,
    a_component,
    a_deployment,
    a_graph,
    a_log,
    a_pod,
    a_replica_set,
    a_serving_cluster,
    an_ownership,
    an_unplaced_pod,
    cause,
    codes,
    explained,
    without,
)

AWAY = Unread("127.0.0.1:1", "Connection refused")
WEBHOOK = {"metadata": {"name": "dynamo-validating"}}
REFUSAL = 'failed calling webhook "v.kb.io": connection refused'


def test_a_graph_that_is_ready_has_no_cause() -> None:
    found = explained(a_serving_cluster())

    assert (found.verdict, found.cause, found.also, found.notes) == (Verdict.READY, None, [], [])
    assert [(row.name, row.ready, row.wanted) for row in found.services] == [("web", 1, 1)]
    assert found.since is not None


def test_a_pod_that_is_being_created_is_no_trouble() -> None:
    starting = a_pod(waiting="ContainerCreating", metadata={"creationTimestamp": NOW.isoformat()})

    found = explained(a_cluster(pods=(starting,)))

    assert (found.verdict, cause(found).code) == (Verdict.STARTING, "Starting")


def test_the_first_tier_is_the_cause_and_others_follow() -> None:
    pods = (an_unplaced_pod(nvidia_com__gpu="8"), a_pod("pod-2", waiting="ImagePullBackOff/Back-off"))

    found = explained(a_cluster(pods=pods, fleet=()))

    assert cause(found).code == "Impossible"
    assert codes(found.also) == ["ImagePullFailed"]


def test_what_passes_by_itself_is_told_after_what_does_not() -> None:
    young = {"creationTimestamp": NOW.isoformat()}
    pods = (
        a_pod("a", waiting="ContainerCreating", metadata=young),
        a_pod("b", waiting="CrashLoopBackOff/back-off 10s"),
    )

    found = explained(a_cluster(pods=pods, deployments=(a_deployment(replicas=2),)))

    assert cause(found).code == "CrashLoop"


# Parts of the platform


@pytest.mark.parametrize(
    ("sources", "code"),
    [
        pytest.param({"log": AWAY}, "NatsUnreachable", id="NATS"),
        pytest.param({"ownership": AWAY}, "EtcdUnreachable", id="etcd"),
        pytest.param({"ownership": without("watcher")}, "WatcherStopped", id="watcher"),
        pytest.param({"ownership": without("reconciler")}, "ReconcilerStopped", id="reconciler"),
        pytest.param({"ownership": without("discovery", has_orchestrators=False)}, "DiscoveryStopped", id="discovery"),
        pytest.param({"ownership": an_ownership(owners={})}, "PartitionUnowned", id="nobody owns the partition"),
        pytest.param({"ended": {"watcher-0": "/log"}}, "WatcherStopped", id="a process of the stack ended"),
        pytest.param({"log": a_log(missing_stream="DYNAMO_CHANGES")}, "StreamMissing", id="no stream"),
        pytest.param({"log": a_log(incomplete=("pods",))}, "LogIncomplete", id="a list is not complete"),
        pytest.param({"log": a_log(change=None)}, "WatcherBehind", id="no event of the graph"),
        pytest.param(
            {"ownership": an_ownership(unwatched=("dynamographdeployments",))}, "GraphsUnwatched", id="unclaimed kind"
        ),
        pytest.param({}, "ReconcilerBehind", id="nothing is away and nothing happens"),
    ],
)
def test_a_part_that_is_away_is_the_cause_while_the_graph_waits_for_it(sources: dict[str, Any], code: str) -> None:
    edited = a_cluster(graph=a_graph(observed=1, generation=2))

    found = explained(edited, **sources)

    assert (found.verdict, cause(found).code, cause(found).tier) == (Verdict.BLOCKED, code, Tier.ADMISSION)
    assert "generation 2 has not been looked at" in cause(found).evidence


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param({"log": AWAY}, id="NATS"),
        pytest.param({"ownership": AWAY}, id="etcd"),
        pytest.param({"ownership": without("watcher")}, id="watcher"),
        pytest.param({"ownership": without("reconciler")}, id="reconciler"),
        pytest.param({"ownership": without("rbac")}, id="rbac"),
        pytest.param({"ownership": without("discovery")}, id="discovery"),
    ],
)
def test_a_part_that_is_away_is_a_note_for_a_graph_that_does_not_wait(sources: dict[str, Any]) -> None:
    serving = explained(a_serving_cluster(), **sources)
    broken = explained(a_cluster(pods=(a_pod(waiting="ImagePullBackOff/Back-off"),)), **sources)

    assert (serving.verdict, len(serving.notes)) == (Verdict.READY, 1)
    assert (cause(broken).code, len(broken.notes)) == ("ImagePullFailed", 1)


def test_a_stack_without_its_simulator_runs_nothing() -> None:
    found = explained(ended={"simulator": "/log"})
    serving = explained(a_serving_cluster(), ended={"simulator": "/log"})

    assert (cause(found).code, cause(found).tier) == ("SimulatorStopped", Tier.ORCHESTRATOR)
    assert (serving.verdict, codes(serving.notes)) == (Verdict.READY, ["SimulatorStopped"])


def test_a_replica_elsewhere_serves_for_a_process_that_ended() -> None:
    owned = an_ownership(
        replicas={each: {"elsewhere": None} for each in ("watcher", "reconciler", "rbac", "discovery")}
    )

    found = explained(a_serving_cluster(), ownership=owned, ended={"watcher": "/log"})

    assert found.notes == []


def test_an_event_that_is_on_its_way_to_the_reconciler_blames_nobody() -> None:
    change = LastChange(7, "cluster.0", NOW - timedelta(seconds=1), 2, "", is_gone=False)

    found = explained(a_cluster(graph=a_graph(generation=2), pods=(), replica_sets=()), a_log(change=change))

    assert (found.verdict, cause(found).code) == (Verdict.STARTING, "WorkInProgress")


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        pytest.param({"graph": a_graph(observed=0)}, "no service has reported on it yet", id="not observed"),
        pytest.param({"components": ()}, "service web has no component yet", id="no component"),
        pytest.param({"deployments": ()}, "component chat-web has no Deployment", id="no workload"),
        pytest.param({"deployments": (a_deployment(ready=1),)}, "its status does not say so yet", id="not reported"),
    ],
)
def test_tells_what_the_platform_has_not_done(seen: dict[str, Any], what: str) -> None:
    found = explained(a_cluster(**seen), ownership=without("reconciler"))

    assert cause(found).code == "ReconcilerStopped"
    assert what in cause(found).evidence


def test_a_graph_whose_deletion_waits_says_for_whom() -> None:
    leaving = a_graph()
    leaving["metadata"] |= {"deletionTimestamp": NOW.isoformat(), "finalizers": ["nvidia.com/finalizer"]}

    found = explained(a_cluster(graph=leaving), ownership=without("reconciler"))
    refused = explained(a_cluster(graph=leaving, webhooks=(WEBHOOK,), admission=REFUSAL))

    assert "it is being deleted and its finalizer is still there" in cause(found).evidence
    assert cause(refused).code == "WebhookUnreachable"


# What could not be read, and what does not exist


def test_without_the_api_server_nothing_is_concluded() -> None:
    change = LastChange(7, "cluster.0", NOW, 3, "pending", is_gone=False)

    found = explained(AWAY, a_log(change=change), AWAY)

    assert (found.verdict, cause(found).code) == (Verdict.UNKNOWN, "ApiServerUnreachable")
    assert '"pending" of generation 3' in cause(found).evidence
    assert codes(found.also) == ["EtcdUnreachable"]
    assert set(found.unread) == {"Kubernetes API", "etcd"}


def test_from_a_source_that_nobody_named_nothing_is_concluded() -> None:
    unnamed = Unread("", "not asked: name it with --nats", is_away=False)

    found = explained(a_cluster(graph=a_graph(generation=2), pods=(), replica_sets=()), unnamed, unnamed)

    assert (found.verdict, cause(found).code, list(found.notes)) == (Verdict.STARTING, "WorkInProgress", [])
    assert found.unread["NATS"] == "not asked: name it with --nats"


def test_nothing_at_all_can_be_read() -> None:
    found = explained(AWAY, AWAY, AWAY)

    assert codes(found.also) == ["EtcdUnreachable", "NatsUnreachable"]


def test_a_graph_that_does_not_exist_has_names_like_it_and_what_keeps_it_away() -> None:
    nowhere = a_cluster(graph=None, similar=("demo/chat2",), webhooks=(WEBHOOK,), admission=REFUSAL)

    found = explained(nowhere)

    assert (found.verdict, found.similar) == (Verdict.MISSING, ("demo/chat2",))
    assert (cause(found).code, cause(found).thing.name) == ("WebhookUnreachable", "dynamo-validating")


def test_a_webhook_that_is_away_does_not_stop_a_graph_that_serves() -> None:
    found = explained(a_serving_cluster(webhooks=(WEBHOOK,), admission=REFUSAL))

    assert (found.verdict, codes(found.notes)) == (Verdict.READY, ["WebhookUnreachable"])


def test_what_a_part_of_the_cluster_did_not_tell_is_named() -> None:
    found = explained(a_serving_cluster(gaps={"nodes": "forbidden"}))

    assert found.unread == {"nodes": "forbidden"}


def test_without_any_finding_the_status_itself_is_told() -> None:
    moving = a_graph(Reconciling="True/Waiting/for something")

    found = explained(a_cluster(graph=moving, pods=(), replica_sets=()))

    assert (cause(found).code, cause(found).certainty) == ("Waiting", Certainty.LIKELY)
    assert '"for something"' in cause(found).evidence


# What was refused


def test_a_spec_that_the_rules_refuse_is_told_in_their_words() -> None:
    failed = a_graph(state="failed", Stalled="True/ValidationFailed/spec.services: too many. To go on: correct it.")

    found = explained(a_cluster(graph=failed, components=(), deployments=(), pods=()))

    assert (cause(found).code, str(cause(found).thing)) == ("ValidationFailed", "DynamoGraphDeployment demo/chat")
    assert '"spec.services: too many"' in cause(found).evidence


def test_a_refused_child_is_told_of_its_component_only_and_blames_no_service() -> None:
    refused = a_component(Reconciling='True/WriteFailed/Deployment is invalid: Invalid value: "secret": wrong')
    repeating = a_graph(Reconciling="True/WriteFailed/component: Deployment is invalid")
    letter = Letter(4, "reconciler", "DynamoComponentDeployment", "chat-web", "InvalidObjectError: x", NOW)
    seen = a_cluster(graph=repeating, components=(refused,), deployments=(), replica_sets=(), pods=())

    found = explained(seen, a_log(letters=(letter,)))

    assert (cause(found).code, cause(found).thing.name, list(found.also)) == ("WriteFailed", "chat-web", [])
    assert "dead letter 4 holds the same" in cause(found).evidence
    assert "secret" not in cause(found).evidence


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [
        pytest.param("uid-chat.1", ["DeadLetter"], id="of this generation"),
        pytest.param("", ["DeadLetter"], id="of an unknown one"),
        pytest.param("uid-chat.0", [], id="of an edit that another one replaced"),
    ],
)
def test_a_dead_letter_counts_for_the_edit_it_speaks_of(correlation: str, expected: list[str]) -> None:
    letter = Letter(4, "rbac", "DynamoGraphDeployment", "chat", "ForbiddenError: no", NOW, correlation)

    found = explained(a_serving_cluster(), a_log(letters=(letter,)))

    assert codes(found.notes) == expected


def test_a_refusal_by_a_quota_is_told_as_one() -> None:
    words = (
        "deployments.apps is forbidden: exceeded quota: few, requested: count/a=1, used: count/a=2, limited: count/a=2"
    )
    refused = a_component(Reconciling=f"True/WriteFailed/{words}. To go on: wait.")

    found = explained(a_cluster(components=(refused,), deployments=(), replica_sets=(), pods=()))

    assert (cause(found).code, str(cause(found).thing)) == ("QuotaExceeded", "ResourceQuota demo/few")


# Pods that are not made


@pytest.mark.parametrize(
    ("message", "code", "thing"),
    [
        pytest.param(
            'pods "x" is forbidden: exceeded quota: gpus, requested: pods=1, used: pods=3, limited: pods=3',
            "QuotaExceeded",
            "ResourceQuota demo/gpus",
            id="quota",
        ),
        pytest.param(
            'pods "x" is forbidden: failed quota: cpus: must specify requests.cpu for: main',
            "QuotaNeedsAmounts",
            "ResourceQuota demo/cpus",
            id="amounts that a quota needs",
        ),
        pytest.param(
            'error looking up service account demo/nobody: serviceaccount "nobody" not found',
            "AccountMissing",
            "ServiceAccount demo/nobody",
            id="account",
        ),
        pytest.param(
            'admission webhook "policy" denied the request: no', "PodRefused", "ReplicaSet demo/chat-web-1", id="policy"
        ),
    ],
)
def test_tells_why_no_pod_is_made(message: str, code: str, thing: str) -> None:
    failing = a_replica_set(ReplicaFailure=f"True/FailedCreate/{message}")

    found = explained(a_cluster(replica_sets=(failing,), pods=()))

    assert (cause(found).code, str(cause(found).thing)) == (code, thing)
    assert cause(found).since is not None


@pytest.mark.parametrize(
    ("hard", "used", "says", "certainty"),
    [
        pytest.param("3", "3", "used now: pods 3 of 3", Certainty.CERTAIN, id="as full as then"),
        pytest.param("4", "3", "it has room by now, used: pods 3 of 4", Certainty.LIKELY, id="raised since"),
        pytest.param("", "", "not limited any more", Certainty.LIKELY, id="limits something else now"),
    ],
)
def test_tells_what_the_quota_says_now(hard: str, used: str, says: str, certainty: Certainty) -> None:
    message = 'pods "x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=3, limited: pods=3'
    status = {"hard": {"pods": hard}, "used": {"pods": used}} if hard else {}
    quota = {"metadata": {"name": "few"}, "status": status}
    failing = a_replica_set(ReplicaFailure=f"True/FailedCreate/{message}")

    found = explained(a_cluster(replica_sets=(failing,), pods=(), quotas=(quota,)))

    assert says in cause(found).evidence
    assert cause(found).certainty is certainty


@pytest.mark.parametrize(
    ("account", "sources", "certainty", "says"),
    [
        pytest.param("chat-k8s-service-discovery", {}, Certainty.LIKELY, "rbac", id="about to be made"),
        pytest.param(
            "chat-k8s-service-discovery", {"ownership": without("rbac")}, Certainty.CERTAIN, "no replica", id="stopped"
        ),
        pytest.param("mine", {"ownership": without("rbac")}, Certainty.CERTAIN, "it does not exist", id="of the user"),
    ],
)
def test_tells_who_makes_an_account_that_is_missing(
    account: str, sources: dict[str, Any], certainty: Certainty, says: str
) -> None:
    found = explained(a_cluster(accounts={account: False, "there": True}, pods=()), **sources)

    blamed = cause(found)
    assert (blamed.code, blamed.thing.name, blamed.certainty) == ("AccountMissing", account, certainty)
    assert says in f"{blamed.evidence} {blamed.remedy}"


def test_a_server_that_is_away_comes_before_the_account_that_waits_for_it() -> None:
    found = explained(a_cluster(accounts={"chat-k8s-service-discovery": False}, pods=()), AWAY)

    assert (cause(found).code, codes(found.also)[0]) == ("NatsUnreachable", "AccountMissing")


@pytest.mark.parametrize(
    ("deployment", "code"),
    [
        pytest.param(a_deployment(paused=True), "DeploymentPaused", id="paused"),
        pytest.param(
            {**a_deployment(), "status": {"observedGeneration": 0}}, "ControllerBehind", id="nobody looked at it"
        ),
        pytest.param(a_deployment(), "ControllerBehind", id="no pods and no reason"),
    ],
)
def test_tells_of_controllers_that_have_not_acted(deployment: Manifest, code: str) -> None:
    found = explained(a_cluster(deployments=(deployment,), pods=()))

    assert (cause(found).code, cause(found).tier) == (code, Tier.ORCHESTRATOR)


def test_a_rollout_that_replaces_pods_counts_each_replica_set_for_itself() -> None:
    owned = replace(a_cluster(), pods=(a_pod(waiting="ImagePullBackOff/x"),))

    assert codes(explained(owned).also) == []


# The record


def test_the_record_holds_everything_and_is_json() -> None:
    finding = Finding(
        tier=Tier.QUOTA, code="C", thing=Thing("Pod", "p", "n"), evidence="e", remedy="r", since=NOW, further=2
    )
    whole = Explanation(
        namespace="n",
        name="g",
        verdict=Verdict.BLOCKED,
        since=NOW,
        cause=finding,
        also=(finding,),
        steps=(Step(NOW, "rbac", "about", "did", "words"),),
    )

    record = orjson.loads(orjson.dumps(whole.record()))

    assert record["schemaVersion"] == 1
    assert record["cause"] == {
        "tier": 3,
        "tierName": "quota",
        "code": "C",
        "object": {"kind": "Pod", "namespace": "n", "name": "p"},
        "since": "2025-01-01T12:00:00+00:00",
        "evidence": "e",
        "remedy": "r",
        "command": "",
        "certainty": "certain",
        "further": 2,
    }
    assert record["decisions"][0]["decision"] == "did"


def test_facts_are_quoted_on_one_line_and_not_at_length() -> None:
    assert quoted("a\n  b") == '"a b"'
    assert len(quoted("x" * 1000)) < 500
