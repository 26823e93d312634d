"""What keeps pods from being ready, in the words of scheduler and kubelet; and that `Impossible` is sound."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.explanations.capacity import requests_of
from cli.explanations.findings import Certainty, Tier, Verdict
from shared.contracts.capacity import Capacity, GpuCount, NodeCapacity
from shared.core.json import Manifest
from tests.unit.cli.explanations.builders import (
    LONG_AGO,
    NODE,
    NOW,
    a_cluster,
    a_deployment,
    a_node,
    a_pod,
    a_ready_pod,
    a_serving_cluster,
    an_event,
    an_ownership,
    an_unplaced_pod,
    cause,
    codes,
    conditions,
    explained,
)

GPU = "nvidia.com/gpu"
TERMINATED = {"exitCode": 1, "reason": "Error"}
RUNNING = [{"name": "main", "ready": False, "state": {"running": {"startedAt": LONG_AGO}}}]
YOUNG: dict[str, Any] = {"metadata": {"creationTimestamp": (NOW - timedelta(seconds=3)).isoformat()}}


@pytest.mark.parametrize(
    ("pod", "code", "says"),
    [
        pytest.param(a_pod(waiting="ImagePullBackOff/Back-off"), "ImagePullFailed", "Back-off", id="image"),
        pytest.param(a_pod(waiting="ErrImagePull/denied"), "ImagePullFailed", "denied", id="image at once"),
        pytest.param(a_pod(waiting="InvalidImageName/bad"), "ImagePullFailed", "no valid name", id="image name"),
        pytest.param(a_pod(waiting="CrashLoopBackOff/back-off 10s"), "CrashLoop", "back-off 10s", id="crash loop"),
        pytest.param(
            a_pod(containerStatuses=[{"name": "main", "ready": False, "state": {"terminated": TERMINATED}}]),
            "CrashLoop",
            "exit code 1",
            id="crashed a moment ago",
        ),
        pytest.param(
            a_pod(
                containerStatuses=[
                    {
                        "name": "main",
                        "ready": False,
                        "restartCount": 2,
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    }
                ]
            ),
            "OutOfMemory",
            "exit code 137",
            id="out of memory",
        ),
        pytest.param(
            a_pod(waiting='CreateContainerConfigError/secret "s" not found'),
            "ConfigurationMissing",
            'secret "s" not found',
            id="configuration",
        ),
        pytest.param(a_pod(waiting="RunContainerError/exec"), "ContainerFailed", "exec", id="cannot be run"),
        pytest.param(
            a_pod(initContainerStatuses=[{"name": "first", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]),
            "ImagePullFailed",
            "container first",
            id="an init container",
        ),
        pytest.param(a_pod(containerStatuses=RUNNING), "NeverReady", "without becoming ready", id="never ready"),
        pytest.param(a_pod(waiting="ContainerCreating"), "SlowStart", "not been created", id="slow"),
    ],
)
def test_names_what_is_wrong_with_a_pod(pod: Manifest, code: str, says: str) -> None:
    found = explained(a_cluster(pods=(pod,)))

    assert (found.verdict, cause(found).code, cause(found).tier) == (Verdict.BLOCKED, code, Tier.STARTED)
    assert says in cause(found).evidence


def test_the_same_trouble_of_several_pods_is_told_once() -> None:
    pods = tuple(a_pod(f"pod-{number}", waiting="ImagePullBackOff/x") for number in range(3))

    found = explained(a_cluster(pods=pods, deployments=(a_deployment(replicas=3),)))

    assert (str(cause(found).thing), cause(found).further, list(found.also)) == ("Pod demo/pod-0", 2, [])


def test_a_volume_that_cannot_be_mounted_is_known_from_events() -> None:
    pod = a_pod(waiting="ContainerCreating")
    event = an_event(pod, "FailedMount", 'configmap "x" not found')

    found = explained(a_cluster(pods=(pod,), events=(event, an_event(a_pod("other"), "FailedMount", "y"))))

    assert cause(found).code == "VolumeNotMounted"
    assert 'configmap "x" not found' in cause(found).evidence


def test_a_probe_that_fails_is_quoted() -> None:
    pod = a_pod(containerStatuses=RUNNING)

    found = explained(a_cluster(pods=(pod,), events=(an_event(pod, "Unhealthy", "Readiness probe failed: 503"),)))

    assert (cause(found).code, cause(found).certainty) == ("NeverReady", Certainty.CERTAIN)
    assert "Readiness probe failed: 503" in cause(found).evidence


@pytest.mark.parametrize(
    ("node", "says"),
    [
        pytest.param(a_node(ready="Unknown/NodeStatusUnknown/Kubelet stopped posting"), "Kubelet stopped", id="lost"),
        pytest.param(a_node(ready="False/KubeletNotReady"), "KubeletNotReady", id="not ready"),
        pytest.param(None, "the node is gone", id="gone"),
    ],
)
def test_names_the_node_that_is_lost(node: Manifest | None, says: str) -> None:
    pod = a_pod(phase="Running", conditions=conditions(Ready="False"))

    found = explained(a_cluster(pods=(pod,), nodes={NODE: node}))

    assert (cause(found).code, str(cause(found).thing)) == ("NodeLost", f"Node {NODE}")
    assert says in cause(found).evidence


def test_a_node_that_lives_is_not_blamed() -> None:
    found = explained(a_cluster(pods=(a_pod(waiting="ImagePullBackOff/x"),), nodes={NODE: a_node()}))

    assert cause(found).code == "ImagePullFailed"


@pytest.mark.parametrize(
    ("pod", "code"),
    [
        pytest.param(
            a_pod(node="", conditions=conditions(PodScheduled="False/SchedulingGated/gated")),
            "SchedulingGated",
            id="gated",
        ),
        pytest.param(a_pod(node="", spec={"schedulerName": "kai"}), "NotScheduled", id="no scheduler looked"),
        pytest.param(
            a_pod(metadata={"deletionTimestamp": LONG_AGO}, waiting="ContainerCreating"), "PodStuck", id="does not end"
        ),
    ],
)
def test_names_what_the_scheduler_or_a_node_has_not_done(pod: Manifest, code: str) -> None:
    found = explained(a_cluster(pods=(pod,)))

    assert code in [cause(found).code, *codes(found.also)]


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(a_pod(node="", **YOUNG), id="waits for the scheduler"),
        pytest.param(a_pod(waiting="ContainerCreating", **YOUNG), id="is being created"),
        pytest.param(
            a_pod(containerStatuses=[{"name": "main", "state": {"running": {"startedAt": NOW.isoformat()}}}]),
            id="loads its model",
        ),
    ],
)
def test_a_usual_start_is_no_trouble(pod: Manifest) -> None:
    found = explained(a_cluster(pods=(pod,)))

    assert (found.verdict, cause(found).code) == (Verdict.STARTING, "Starting")


def test_pods_that_end_or_have_ended_are_no_trouble() -> None:
    leaving = a_pod("leaving", metadata={"deletionTimestamp": NOW.isoformat()})
    done = a_pod("done", phase="Succeeded")

    found = explained(a_serving_cluster(pods=(a_ready_pod(), leaving, done)))

    assert (found.verdict, found.notes) == (Verdict.READY, [])


# Capacity


@pytest.mark.parametrize(
    ("fleet", "code", "tier"),
    [
        pytest.param((a_node(nvidia_com__gpu="8"),), "Impossible", Tier.IMPOSSIBLE, id="the largest is too small"),
        pytest.param((a_node(cpu="64"),), "Impossible", Tier.IMPOSSIBLE, id="no GPU anywhere"),
        pytest.param((), "Impossible", Tier.IMPOSSIBLE, id="no node at all"),
        pytest.param((a_node(nvidia_com__gpu="16"),), "NoRoomNow", Tier.NOT_NOW, id="one is large enough"),
        pytest.param(
            (a_node(ready="Unknown", nvidia_com__gpu="16"),), "NoRoomNow", Tier.NOT_NOW, id="one that is lost"
        ),
        pytest.param(None, "NoRoomNow", Tier.NOT_NOW, id="nodes cannot be read"),
    ],
)
def test_impossible_is_said_only_where_no_node_could_ever_run_it(
    fleet: tuple[Manifest, ...] | None, code: str, tier: Tier
) -> None:
    pod = an_unplaced_pod(nvidia_com__gpu="16")

    found = explained(a_cluster(pods=(pod,), fleet=fleet))

    assert (cause(found).code, cause(found).tier) == (code, tier)
    assert f"16 {GPU}" in cause(found).evidence or not fleet


@pytest.mark.parametrize(
    "node",
    [
        pytest.param({"status": {"capacity": {GPU: "16"}, "allocatable": {GPU: "0"}}}, id="its plug-in is not up yet"),
        pytest.param({"metadata": {"labels": {"nvidia.com/gpu.count": "16"}}}, id="its label says so"),
    ],
)
def test_a_node_that_may_offer_more_later_is_not_counted_out(node: Manifest) -> None:
    whole = a_node()
    fleet = ({**whole, **node, "metadata": {**whole["metadata"], **node.get("metadata", {})}},)

    found = explained(a_cluster(pods=(an_unplaced_pod(nvidia_com__gpu="16"),), fleet=fleet))

    assert cause(found).code == "NoRoomNow"


def test_a_cluster_that_makes_a_node_is_believed() -> None:
    pod = an_unplaced_pod(nvidia_com__gpu="16")
    event = an_event(pod, "TriggeredScaleUp", "pod triggered scale-up: [pool 0->1]")

    found = explained(a_cluster(pods=(pod,), fleet=(), events=(event,)))

    assert (cause(found).code, cause(found).tier) == ("WaitsForNewNode", Tier.NOT_NOW)


def test_rules_that_keep_a_pod_away_are_not_impossible() -> None:
    pod = an_unplaced_pod("0/2 nodes are available: 2 node(s) had untolerated taint {a: b}.", cpu="1")

    found = explained(a_cluster(pods=(pod,), fleet=(a_node(cpu="8"),)))

    assert cause(found).code == "NoNodeAdmits"


@pytest.mark.parametrize(
    ("is_fresh", "says"),
    [
        pytest.param(True, "(8 of 8 nvidia.com/gpu are taken, at most 0 free on one node)", id="kept up to date"),
        pytest.param(False, "an old count: discovery is away", id="an old count is named as one"),
    ],
)
def test_the_count_of_discovery_tells_what_is_taken(is_fresh: bool, says: str) -> None:
    counted = Capacity(nodes=(NodeCapacity(name="n", gpus={GPU: GpuCount(allocatable=8, requested=8)}),))
    owned = an_ownership(capacity=counted, is_capacity_fresh=is_fresh)

    found = explained(a_cluster(pods=(an_unplaced_pod(nvidia_com__gpu="16"),)), ownership=owned)

    assert cause(found).code == "NoRoomNow"
    assert says in cause(found).evidence


def test_a_pod_asks_for_the_most_that_it_ever_needs() -> None:
    early = {"name": "early", "resources": {"requests": {"cpu": "3"}}}
    side = {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}}
    pod = a_pod(requests={"cpu": "1", "memory": "1Gi"}, spec={"overhead": {"memory": "1Mi"}})
    pod["spec"]["initContainers"] = [early, side]

    assert requests_of(pod) == {"cpu": Decimal(3), "memory": Decimal(1025 * 2**20)}


AMOUNTS = st.fixed_dictionaries({"cpu": st.integers(1, 8), GPU: st.integers(0, 8), "memory": st.integers(1, 8)})


@settings(max_examples=50)
@given(st.lists(AMOUNTS, max_size=4), AMOUNTS)
def test_no_pod_that_fits_some_node_is_ever_impossible(fleet: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    nodes = tuple(
        {**a_node(f"n{number}"), "status": {"allocatable": {name: str(amount) for name, amount in each.items()}}}
        for number, each in enumerate(fleet)
    )
    pod = a_pod(
        node="",
        requests={name: str(amount) for name, amount in wanted.items()},
        conditions=conditions(PodScheduled="False/Unschedulable/Insufficient cpu"),
    )

    found = explained(a_cluster(pods=(pod,), fleet=nodes))

    fits = any(all(each[name] >= amount for name, amount in wanted.items()) for each in fleet)
    assert cause(found).code == ("NoRoomNow" if fits else "Impossible")
