"""What a namespace offers, on whole passes: pull secrets, accounts, SSH keys, and claims that outlive their graph."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.claims import RETAIN
from services.reconciler.desired.ssh_secrets import version_of_source
from services.reconciler.handlers.results import orphaned_adapters
from shared.api.platform import Capability, MpiSecret, PlatformContext
from shared.applying.children import Result
from shared.applying.writes import Written
from shared.contracts.facts import (
    ACCOUNTS,
    REGISTRIES,
    SSH_SOURCE,
    encode_accounts,
    encode_registries,
    encode_ssh_source,
    of_namespace,
)
from shared.core import labels
from shared.core.json import Manifest, items, member, text
from shared.core.resources import (
    COMPONENTS,
    EVENTS,
    LEADER_WORKER_SETS,
    POD_GROUPS,
    SCALING_ADAPTERS,
    SECRETS,
    VOLUME_CLAIMS,
    Ref,
)
from shared.testing.facts import facts_of_a_cluster
from tests.unit.services.reconciler.handlers.worlds import CHAT, NAMESPACE, WEB_DEPLOYMENT, Desk, a_desk, a_graph
from tests.unit.shared.applying.worlds import a_view

pytestmark = pytest.mark.asyncio

KEYS = MpiSecret(ssh_secret_name="keys", ssh_secret_namespace="kube-system")
SOURCE, COPY = Ref(SECRETS, "kube-system", "keys"), Ref(SECRETS, NAMESPACE, "keys")
MODELS = Ref(VOLUME_CLAIMS, NAMESPACE, "models")
CLAIM = {"name": "models", "create": True, "size": "1Gi", "storageClass": "fast", "volumeAccessMode": "ReadWriteOnce"}


def pod(desk: Desk) -> object:
    """Return the pod spec of the only Deployment."""
    return member(desk.cluster.peek(WEB_DEPLOYMENT), "spec", "template", "spec")


def the_keys(**data: str) -> Manifest:
    metadata = {"name": SOURCE.name, "namespace": SOURCE.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def a_wide_graph(framework: str = "trtllm") -> Manifest:
    graph = a_graph()
    worker = graph["spec"]["services"]["web"]
    container = {**worker["extraPodSpec"]["mainContainer"], "args": [f"python3 -m dynamo.{framework} --tp-size 2"]}
    wide = {"multinode": {"nodeCount": 2}, "resources": {"limits": {"gpu": "1"}}}
    graph["spec"]["backendFramework"] = framework
    graph["spec"]["services"]["web"] = {**worker, **wide, "extraPodSpec": {"mainContainer": container}}
    return graph


async def a_wide_desk(graph: Manifest | None = None) -> Desk:
    """Return a desk in a cluster that can run replicas of several nodes."""
    desk = await a_desk(graph or a_wide_graph(), platform=PlatformContext(mpi=KEYS))
    desk.facts = facts_of_a_cluster([Capability.LWS])
    for kind in (LEADER_WORKER_SETS, POD_GROUPS):
        desk.cluster.serve(kind)
    return desk


@pytest.mark.rule("workloads 5.8 #9", "PS-06", "PS-07")
async def test_pods_get_the_secrets_of_their_namespace_and_follow_them() -> None:
    desk = await a_desk(a_graph())
    desk.facts[of_namespace(REGISTRIES, NAMESPACE)] = encode_registries({"registry.example": ["one"]})
    await desk.bring_about()
    first = items(pod(desk), "imagePullSecrets")

    desk.facts[of_namespace(REGISTRIES, NAMESPACE)] = encode_registries({"registry.example": ["one", "two"]})
    await desk.bring_about()

    assert first == [{"name": "one"}]
    assert items(pod(desk), "imagePullSecrets") == [{"name": "one"}, {"name": "two"}]


@pytest.mark.rule("OB-07")
async def test_a_change_in_another_namespace_writes_nothing() -> None:
    desk = await a_desk(a_graph())
    await desk.bring_about()
    desk.forget_requests()

    desk.facts[of_namespace(REGISTRIES, "elsewhere")] = encode_registries({"registry.example": ["one"]})
    await desk.bring_about()

    assert desk.cluster.requests == []


@pytest.mark.rule("W-60", "workloads 5.9 4")
async def test_pods_run_as_the_marked_account_with_the_smallest_name() -> None:
    graph = a_graph(annotations={labels.DISCOVERY_BACKEND: "etcd"})
    desk = await a_desk(graph)
    desk.facts[of_namespace(ACCOUNTS, NAMESPACE)] = encode_accounts(["b", "a"])

    await desk.bring_about()

    assert text(pod(desk), "serviceAccountName") == "a"


@pytest.mark.rule("W-05", "workloads 3.1 #8", "workloads 9.7 #1")
async def test_the_keys_are_there_before_the_workloads_that_mount_them() -> None:
    desk = await a_wide_desk()
    desk.cluster.put(the_keys(a="MQ=="))

    await desk.run()

    kinds = [request.resource for request in desk.cluster.writes if request.resource in (SECRETS, COMPONENTS)]
    assert kinds == [SECRETS, COMPONENTS]


@pytest.mark.rule("W-05")
async def test_other_graphs_of_several_nodes_get_no_keys() -> None:
    desk = await a_wide_desk(a_wide_graph("sglang"))
    desk.cluster.put(the_keys(a="MQ=="))

    await desk.run()

    assert desk.cluster.peek(COPY) is None


@pytest.mark.rule("W-05", "TB-26")
async def test_a_newer_version_of_the_keys_reaches_the_copy_and_then_it_is_quiet() -> None:
    desk = await a_wide_desk()
    first = desk.cluster.put(the_keys(a="MQ=="))
    desk.facts[SSH_SOURCE] = encode_ssh_source(version_of_source(first))
    await desk.bring_about()
    newer = desk.cluster.put(the_keys(a="Mg=="))
    desk.facts[SSH_SOURCE] = encode_ssh_source(version_of_source(newer))

    await desk.bring_about()
    desk.forget_requests()
    await desk.bring_about()

    assert member(desk.cluster.peek(COPY), "data", "a") == "Mg=="
    assert desk.cluster.requests == []


@pytest.mark.rule("workloads 12 MPI secret #2", "MS-06", "workloads 3.1 8")
async def test_a_graph_whose_keys_are_missing_says_which_secret_it_waits_for() -> None:
    desk = await a_wide_desk()

    await desk.run()

    message = 'failed to replicate MPI secret: error getting source secret: Secret "keys" not found'
    assert desk.condition(CHAT, "Ready") == ("False", "failed_to_reconcile_the_resources", message)
    assert "Secret kube-system/keys" in desk.condition(CHAT, "Stalled")[2]
    assert desk.cluster.all(COMPONENTS) == ()


@pytest.mark.rule("W-58")
@pytest.mark.parametrize("when", ["before it is made", "while it stands", "with the deletion"])
async def test_claims_outlive_a_graph_that_says_so(when: str) -> None:
    graph = a_graph()
    graph["spec"]["pvcs"] = [CLAIM]
    retaining: Any = {RETAIN: "true"}
    graph["metadata"]["annotations"] = retaining if when == "before it is made" else {}
    desk = await a_desk(graph)
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["metadata"].update(annotations=retaining))
    if when == "while it stands":
        await desk.bring_about()

    desk.cluster.remove(CHAT)
    await desk.bring_about()

    claim = desk.cluster.peek(MODELS)
    assert desk.cluster.peek(CHAT) is None
    assert claim is not None
    assert not items(claim, "metadata", "ownerReferences")


@pytest.mark.rule("W-58")
async def test_a_claim_that_differs_is_told_though_nothing_else_changes_and_then_it_is_quiet() -> None:
    graph = a_graph()
    graph["spec"]["pvcs"] = [CLAIM]
    desk = await a_desk(graph)
    await desk.bring_about()
    desk.cluster.edit(CHAT, lambda live: live["spec"].update(pvcs=[{**CLAIM, "size": "2Gi"}]))

    await desk.bring_about()
    told = await desk.events()
    await desk.bring_about()

    assert ("Warning", "VolumeClaimDiffers") in told
    assert [each["count"] for each in desk.cluster.all(EVENTS) if each["reason"] == "VolumeClaimDiffers"] == [1]


@pytest.mark.rule("W-58", "workloads 9.6 #1")
async def test_claims_go_with_their_graph_otherwise() -> None:
    graph = a_graph()
    graph["spec"]["pvcs"] = [CLAIM]
    desk = await a_desk(graph)
    await desk.bring_about()

    desk.cluster.remove(CHAT)
    await desk.bring_about()

    assert desk.cluster.peek(MODELS) is None


@pytest.mark.rule("workloads 3.3 #1", "SA-07", "SA-T4")
async def test_an_adapter_whose_event_was_faster_than_the_pass_is_told_by_its_name() -> None:
    gone, off = (Ref(SCALING_ADAPTERS, NAMESPACE, f"chat-{service}") for service in ("removed", "web"))
    result = Result(written=Written({}, {}, frozenset({gone, off, Ref(COMPONENTS, NAMESPACE, "chat-removed")})))

    found = orphaned_adapters(a_graph("Web"), result, a_view())

    assert found == {(SCALING_ADAPTERS.kind, "chat-removed"): "removed"}
