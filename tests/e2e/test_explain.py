"""`dynamoctl explain` names the true cause, on a stack whose graphs and parts are broken one after the other.

A stack of its own, because parts of it are killed. What is wrong with graphs comes first, all at once; what is wrong
with the platform follows, one part after the other. Each test leaves the stack whole, but the last: an API server that
is gone takes all graphs along.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.explanations.explaining import explain
from cli.explanations.findings import Explanation, Finding, Tier, Verdict
from cli.failures import Exit
from cli.histories.timelines import Source, timeline
from cli.inquiries.graphs import gather
from cli.inquiries.history import gather as gather_history
from shared.core import labels
from shared.core.json import Manifest, text
from shared.core.objects import labels_of
from shared.core.resources import GRAPHS, PODS, SERVICE_ACCOUNTS, Ref
from shared.ports.cluster import Cluster, Selection
from shared.testing.eventually import eventually
from tests.e2e.graphs import is_successful
from tests.e2e.stacks import LiveStack, dynamoctl, running_stack

NAMESPACE = "why"
TIGHT = "tight"  # a namespace with a quota
MANAGER = "tests"
PATIENCE = timedelta(seconds=30)
FAULT = "simulator.lab/fault"


def a_graph(name: str, namespace: str = NAMESPACE, **services: Manifest) -> Manifest:
    """Return a graph; services are given as what differs from a plain frontend."""
    wanted = {service: a_service(**more) for service, more in (services or {"Frontend": {}}).items()}
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"backendFramework": "vllm", "services": wanted},
    }


def a_service(fault: str = "", gpus: int = 0, pod: Manifest | None = None, **container: Any) -> Manifest:
    """Return a service of one pod."""
    main = {"image": "registry.example/dynamo:1.0", "command": ["/bin/sh", "-c"], "args": ["serve"], **container}
    found: Manifest = {
        "componentType": "frontend",
        "replicas": 1,
        "extraPodSpec": {"mainContainer": main, **(pod or {})},
    }
    if fault:
        found["extraPodMetadata"] = {"annotations": {FAULT: fault}}
    if gpus:
        found["resources"] = {"limits": {"gpu": str(gpus)}}
    return found


MISSING_FILES = {"pod": {"volumes": [{"name": "files", "configMap": {"name": "nowhere"}}]}}
NO_SUCH_VOLUME = {"volumeMounts": [{"name": "unheard", "mountPath": "/x"}]}
GRAPHS_OF_ALL = (
    a_graph("chat"),
    a_graph("unpullable", Frontend={"fault": "image-pull"}),
    a_graph("crashing", Frontend={"fault": "crash-loop"}),
    a_graph("hungry", Frontend={"fault": "oom"}),
    a_graph("giant", Frontend={"gpus": 64}),
    a_graph("fileless", Frontend=MISSING_FILES),
    a_graph("refused", Frontend=NO_SUCH_VOLUME),
    a_graph("double", Frontend={"gpus": 64}, Other={"fault": "image-pull"}),
    a_graph("foreign", Frontend={"pod": {"serviceAccountName": "nobody"}}),
    a_graph("limited", TIGHT),
)


@pytest.fixture(scope="module")
def broken(home: Path) -> Iterator[LiveStack]:
    """Return a stack with graphs that are wrong in every way."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "nothing"},
        "spec": {"hard": {"pods": "0"}},
    }
    with running_stack("broken", nodes="2x8xH100,1xcpu") as stack:
        stack.create_namespaces([NAMESPACE])
        stack.create_namespaces([TIGHT], quota)
        stack.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(GRAPHS_OF_ALL))
        yield stack


@contextmanager
def without(stack: LiveStack, part: str) -> Iterator[None]:
    """Run the stack without one of its parts for a while."""
    stack.crash(part)
    try:
        yield
    finally:
        stack.restart(part)
        stack.wait_until_ready()


@asynccontextmanager
async def cluster_of(stack: LiveStack) -> AsyncIterator[Cluster]:
    """Open the stack's Kubernetes API."""
    async with stack.target.cluster() as cluster:
        yield cluster


async def asked(stack: LiveStack, name: str, namespace: str = NAMESPACE, *, is_remote: bool = False) -> Explanation:
    """Return the explanation of a graph; a remote one knows nothing of the processes of the stack."""
    target = replace(stack.target, stack=None) if is_remote else stack.target
    return explain(await gather(target, namespace, name), datetime.now(UTC))


async def cause_of(
    stack: LiveStack, name: str, namespace: str = NAMESPACE, *, code: str, is_remote: bool = False
) -> Explanation:
    """Return the explanation as soon as its cause has a code, or fail with what it says at the end."""
    last: list[Explanation] = []

    async def is_named() -> bool:
        last[:] = [await asked(stack, name, namespace, is_remote=is_remote)]
        return last[0].cause is not None and last[0].cause.code == code

    try:
        await eventually(is_named, within=PATIENCE)
    except TimeoutError:
        raise AssertionError(f"the cause is not {code}: {last[0].record()}") from None
    return last[0]


def cause(found: Explanation) -> Finding:
    """Return the cause of an explanation that has one."""
    assert found.cause is not None
    return found.cause


async def until_ready(stack: LiveStack, name: str) -> None:
    """Wait until a graph is successful."""
    async with cluster_of(stack) as cluster:

        async def is_ready() -> bool:
            found = await cluster.get(Ref(GRAPHS, NAMESPACE, name))
            return found is not None and is_successful(found)

        await eventually(is_ready, within=PATIENCE)


async def printed(name: str, *options: str, code: Exit) -> str:
    """Return what `dynamoctl explain` prints when it ends with a code; a busy machine may be silent at first."""
    last: list[subprocess.CompletedProcess[str]] = []

    async def has_ended_so() -> bool:
        arguments = ("explain", name, "-n", NAMESPACE, "--name", "broken", *options)
        last[:] = [await asyncio.to_thread(dynamoctl, *arguments)]
        return last[0].returncode == code

    try:
        await eventually(has_ended_so, within=PATIENCE)
    except TimeoutError:
        raise AssertionError(f"it does not end with {code!r}: {last[0].stdout}{last[0].stderr}") from None
    return last[0].stdout


async def cause_of_edit(stack: LiveStack, name: str, *, code: str) -> Explanation:
    """Return the explanation of a graph that is edited until an edit waits, as somebody elsewhere sees it.

    Without etcd the first edits still pass: claims last for their TTL.
    """
    last: list[Explanation] = []
    numbers = itertools.count(1)

    async def waits() -> bool:
        await edit(stack, name, f"registry.example/{code.lower()}:{next(numbers)}")
        last[:] = [await asked(stack, name, is_remote=True)]
        return last[0].cause is not None and last[0].cause.code == code

    try:
        await eventually(waits, within=PATIENCE)
    except TimeoutError:
        raise AssertionError(f"the cause is not {code}: {last[0].record()}") from None
    return last[0]


async def edit(stack: LiveStack, name: str, image: str) -> None:
    """Change the image of a graph's frontend."""
    path = "/spec/services/Frontend/extraPodSpec/mainContainer/image"
    async with cluster_of(stack) as cluster:
        await cluster.patch(
            Ref(GRAPHS, NAMESPACE, name), [{"op": "replace", "path": path, "value": image}], manager=MANAGER
        )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "code", "tier", "kind", "says"),
    [
        pytest.param("unpullable", "ImagePullFailed", Tier.STARTED, "Pod", "registry.example/dynamo:1.0", id="image"),
        pytest.param("crashing", "CrashLoop", Tier.STARTED, "Pod", "exit code 1", id="crash loop"),
        pytest.param("hungry", "OutOfMemory", Tier.STARTED, "Pod", "OOMKilled", id="out of memory"),
        pytest.param("giant", "Impossible", Tier.IMPOSSIBLE, "Pod", "64 nvidia.com/gpu", id="no node has the GPUs"),
        pytest.param("fileless", "VolumeNotMounted", Tier.STARTED, "Pod", '"nowhere" not found', id="volume"),
        pytest.param("foreign", "AccountMissing", Tier.ADMISSION, "ServiceAccount", "nobody", id="account of a user"),
        pytest.param("double", "Impossible", Tier.IMPOSSIBLE, "Pod", "64 nvidia.com/gpu", id="two causes at once"),
    ],
)
async def test_names_what_blocks_a_graph(
    broken: LiveStack, name: str, code: str, tier: Tier, kind: str, says: str
) -> None:
    found = await cause_of(broken, name, code=code)

    blamed = cause(found)
    assert found.verdict is Verdict.BLOCKED
    assert (blamed.tier, blamed.thing.kind, blamed.thing.namespace) == (tier, kind, NAMESPACE)
    assert says in blamed.evidence
    assert blamed.since is not None
    assert blamed.remedy
    assert blamed.command


@pytest.mark.asyncio
async def test_names_the_quota(broken: LiveStack) -> None:
    found = await cause_of(broken, "limited", TIGHT, code="QuotaExceeded")

    blamed = cause(found)
    assert (blamed.tier, str(blamed.thing)) == (Tier.QUOTA, "ResourceQuota tight/nothing")
    assert "exceeded quota: nothing, requested: pods=1, used: pods=0, limited: pods=0" in blamed.evidence


@pytest.mark.asyncio
async def test_lists_the_second_cause_after_the_first(broken: LiveStack) -> None:
    codes: list[str] = []

    async def has_both() -> bool:
        found = await asked(broken, "double")
        codes[:] = [each.code for each in (found.cause, *found.also) if each is not None]
        return codes == ["Impossible", "ImagePullFailed"]

    await eventually(has_both, within=PATIENCE)


@pytest.mark.asyncio
async def test_tells_of_a_spec_that_the_api_server_refuses(broken: LiveStack) -> None:
    found = await cause_of(broken, "refused", code="WriteFailed")

    blamed = cause(found)
    assert (blamed.tier, blamed.thing.kind) == (Tier.ADMISSION, "DynamoComponentDeployment")
    assert "volumeMounts[0].name" in blamed.evidence


@pytest.mark.asyncio
async def test_a_graph_that_is_ready_says_so(broken: LiveStack) -> None:
    await until_ready(broken, "chat")

    record = json.loads(await printed("chat", "-o", "json", code=Exit.DONE))

    assert (record["verdict"], record["cause"], record["unread"]) == ("ready", None, {})
    assert record["services"] == [{"name": "Frontend", "ready": 1, "wanted": 1}]


@pytest.mark.asyncio
async def test_the_history_of_a_graph_is_one_line_from_the_edit_to_ready(broken: LiveStack) -> None:
    await until_ready(broken, "chat")

    moments = timeline(await gather_history(broken.target, NAMESPACE, "chat"))

    told = [(each.source, each.who, each.about.partition(" ")[0]) for each in moments]
    graph, pod = GRAPHS.kind, PODS.kind
    steps = [
        (Source.DECISION, "webhook", graph),
        (Source.CHANGE, "cluster", graph),
        (Source.DECISION, "reconciler", graph),
        (Source.CHANGE, "cluster", pod),
    ]
    assert [told.index(step) for step in steps] == sorted(told.index(step) for step in steps)
    assert {"rbac", "discovery"} <= {each.who for each in moments}
    assert all(each.fence for each in moments if each.who == "reconciler")
    assert len({each.correlation for each in moments if each.source is Source.DECISION}) == 1
    assert not [each for each in moments if "crashing" in each.about]


@pytest.mark.asyncio
@pytest.mark.usefixtures("broken")
async def test_a_graph_that_does_not_exist_has_the_nearest_names() -> None:
    done = await printed("chta", code=Exit.NOTHING_FOUND)

    assert done.startswith(f"{NAMESPACE}/chta: does not exist")
    assert f"{NAMESPACE}/chat" in done


@pytest.mark.asyncio
async def test_names_a_node_that_is_lost(broken: LiveStack) -> None:
    await until_ready(broken, "chat")
    async with cluster_of(broken) as cluster:
        pods = await cluster.list(PODS, Selection(NAMESPACE, label_selector=f"{labels.GRAPH_NAME}=chat"))
        node = next(text(pod, "spec", "nodeName") for pod in pods.items if labels_of(pod))
    broken.kubectl("annotate", "node", node, f"{FAULT}=lost")

    found = await cause_of(broken, "chat", code="NodeLost")

    assert str(cause(found).thing) == f"Node {node}"
    assert cause(found).tier is Tier.ORCHESTRATOR
    broken.kubectl("annotate", "node", node, f"{FAULT}-")
    await until_ready(broken, "chat")


@pytest.mark.asyncio
async def test_a_pod_that_fits_and_has_no_room_now_is_not_impossible(broken: LiveStack) -> None:
    first, second = ("first", "second"), "third"
    broken.kubectl(
        "apply", "-f", "-", given=yaml.safe_dump_all([a_graph(each, Frontend={"gpus": 8}) for each in first])
    )
    for each in first:
        await until_ready(broken, each)
    broken.kubectl("apply", "-f", "-", given=yaml.safe_dump(a_graph(second, Frontend={"gpus": 8})))

    found = await cause_of(broken, second, code="NoRoomNow")

    assert cause(found).tier is Tier.NOT_NOW
    assert "8 nvidia.com/gpu" in cause(found).evidence


# What is wrong with the platform


@pytest.mark.asyncio
async def test_names_the_account_that_is_missing_while_rbac_is_stopped(broken: LiveStack) -> None:
    with without(broken, "rbac"):
        broken.kubectl("apply", "-f", "-", given=yaml.safe_dump(a_graph("accountless")))

        found = await cause_of(broken, "accountless", code="AccountMissing")

        blamed = cause(found)
        assert str(blamed.thing) == f"{SERVICE_ACCOUNTS.kind} {NAMESPACE}/accountless-k8s-service-discovery"
        assert "rbac" in blamed.evidence
    await until_ready(broken, "accountless")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("part", "code"),
    [
        pytest.param("watcher", "WatcherStopped", id="watcher"),
        pytest.param("reconciler", "ReconcilerStopped", id="reconciler"),
        pytest.param("nats", "NatsUnreachable", id="NATS"),
        pytest.param("etcd", "EtcdUnreachable", id="etcd"),
    ],
)
async def test_names_the_part_that_is_away_while_an_edit_waits(broken: LiveStack, part: str, code: str) -> None:
    await until_ready(broken, "chat")
    with without(broken, part):
        before = await asked(broken, "chat")

        found = await cause_of_edit(broken, "chat", code=code)

        assert before.verdict is Verdict.READY
        assert code in [each.code for each in before.notes]
        assert cause(found).tier is Tier.ADMISSION
        assert "generation" in cause(found).evidence
    await until_ready(broken, "chat")


@pytest.mark.asyncio
async def test_names_the_webhook_that_is_away(broken: LiveStack) -> None:
    await until_ready(broken, "chat")
    with without(broken, "webhook"):
        unborn, serving = await asyncio.gather(asked(broken, "unborn"), asked(broken, "chat"))

        assert (unborn.verdict, cause(unborn).code) == (Verdict.MISSING, "WebhookUnreachable")
        assert (serving.verdict, [each.code for each in serving.notes]) == (Verdict.READY, ["WebhookUnreachable"])
        assert "failed calling webhook" in cause(unborn).evidence
        broken.kubectl("delete", "dgd", "hungry", "-n", NAMESPACE, "--wait=false")
        leaving = await cause_of(broken, "hungry", code="WebhookUnreachable")
        assert leaving.verdict is Verdict.BLOCKED


@pytest.mark.asyncio
async def test_an_api_server_that_is_away_leaves_what_the_log_knew(broken: LiveStack) -> None:
    await until_ready(broken, "chat")
    broken.crash("apiserver")

    done = await printed("chat", code=Exit.UNREACHABLE)

    assert "ApiServerUnreachable" in done
    assert '"successful"' in done
