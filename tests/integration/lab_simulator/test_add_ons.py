"""LeaderWorkerSets, Volcano and Grove on simulated nodes, in a cluster that learns of them while it runs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import (
    DEFINITIONS,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    POD_GROUPS,
    PODS,
    SCALING_GROUPS,
    SERVICES,
    Document,
    Resource,
)
from lab.simulator.objects import is_deleting, is_pod_ready
from shared.testing.eventually import eventually
from tests.integration.lab_simulator.conftest import Lab, comes_to_rest, says

pytestmark = pytest.mark.asyncio

CRDS = Path(__file__).resolve().parents[3] / "lab" / "crds"
WITHIN = timedelta(seconds=20)


@pytest_asyncio.fixture
async def offering(lab: Lab) -> AsyncIterator[Lab]:
    """A cluster that serves Grove, LeaderWorkerSet, Volcano and KAI; the definitions are applied while it runs."""
    present = {found["metadata"]["name"] for found in (await lab.api.list(DEFINITIONS))[0]}
    for file in sorted(file for offer in ("grove", "lws", "kai") for file in (CRDS / offer).glob("*.yaml")):
        definition = yaml.safe_load(file.read_text())
        if definition["metadata"]["name"] not in present:
            await lab.api.create(DEFINITIONS, definition)

        async def is_served(name: str = definition["metadata"]["name"]) -> bool:
            found = await lab.api.get(DEFINITIONS, None, name)
            return (says(found, "Established") or ("", "", ""))[0] == "True"

        await eventually(is_served, within=WITHIN)
    yield lab


def a_pod_spec(gpus: int = 0, **spec: Any) -> Document:
    """Return the spec of a pod that asks for GPUs."""
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    return {"containers": [{"name": "main", "image": "app:1", "resources": {"limits": limits}}], **spec}


def a_leader_worker_set(size: int, *, gpus: int = 0, group: str = "", **spec: Any) -> Document:
    """Return a LeaderWorkerSet of one group, whose pods Volcano schedules if a PodGroup is named."""
    metadata = {"annotations": {"scheduling.k8s.io/group-name": group}} if group else {}
    template = {"metadata": metadata, "spec": a_pod_spec(gpus, **({"schedulerName": "volcano"} if group else {}))}
    return {
        "metadata": {"name": "tp"},
        "spec": {"leaderWorkerTemplate": {"size": size, "leaderTemplate": template, "workerTemplate": template}} | spec,
    }


def a_clique(name: str, replicas: int = 1, *, after: tuple[str, ...] = (), **pod_spec: Any) -> Document:
    """Return a clique of a PodCliqueSet, labelled as the platform labels them."""
    spec: Document = {"roleName": name, "replicas": replicas, "minAvailable": 1, "podSpec": a_pod_spec(**pod_spec)}
    if after:
        spec["startsAfter"] = list(after)
    return {"name": name, "labels": {"nvidia.com/dynamo-component": name}, "spec": spec}


def a_pod_clique_set(*cliques: Document, group: tuple[str, ...] = (), explicit: bool = False) -> Document:
    """Return a PodCliqueSet of one replica, with one scaling group for the cliques that it names."""
    template: Document = {"cliques": list(cliques)}
    if group:
        template["podCliqueScalingGroups"] = [{"name": "worker", "cliqueNames": list(group)}]
    if explicit:
        template["cliqueStartupType"] = "CliqueStartupTypeExplicit"
    return {"metadata": {"name": "graph"}, "spec": {"replicas": 1, "template": template}}


async def count(lab: Lab, resource: Resource, name: str, field: str) -> int:
    """Return a counter of an object's status; -1 while there is none."""
    found = await lab.get(resource, name)
    return int(((found or {}).get("status") or {}).get(field, -1))


async def counts(lab: Lab, resource: Resource, name: str, **wanted: int) -> bool:
    """Say whether an object's status has these counters."""
    return {field: await count(lab, resource, name, field) for field in wanted} == wanted


async def ready_hosts(lab: Lab) -> list[str]:
    """Return the host names of the pods that are ready, in order."""
    return sorted(pod["spec"]["hostname"] for pod in await lab.pods() if is_pod_ready(pod) and not is_deleting(pod))


async def has_hosts(lab: Lab, *hosts: str) -> bool:
    """Say whether exactly these pods are ready, and no others are there."""
    return await ready_hosts(lab) == sorted(hosts) and len(await lab.pods()) == len(hosts)


def variables(pod: Document) -> dict[str, str]:
    """Return the literal variables of a pod's first container."""
    return {each["name"]: each.get("value", "") for each in pod["spec"]["containers"][0]["env"]}


async def set_scale(lab: Lab, resource: Resource, name: str, replicas: int) -> None:
    """Scale an object through its subresource."""
    found = await lab.api.get(resource, lab.namespace, name)
    await lab.api.patch(resource, found, {"spec": {"replicas": replicas}}, subresource="scale")


@pytest.mark.rule("workloads 6.2 #2")
async def test_a_leader_worker_set_becomes_available_with_upstreams_names(offering: Lab) -> None:
    lab = offering
    await lab.create(POD_GROUPS, {"metadata": {"name": "tp-group"}, "spec": {"minMember": 2}})
    await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(2, gpus=4, group="tp-group"))

    await eventually(lambda: counts(lab, LEADER_WORKER_SETS, "tp", readyReplicas=1, updatedReplicas=1), within=WITHIN)
    await eventually(lambda: counts(lab, POD_GROUPS, "tp-group", running=2), within=WITHIN)

    by_name = {pod["metadata"]["name"]: pod for pod in await lab.pods()}
    assert sorted(by_name) == ["tp-0", "tp-0-1"]
    assert variables(by_name["tp-0-1"]) == {
        "LWS_LEADER_ADDRESS": f"tp-0.tp.{lab.namespace}",
        "LWS_GROUP_SIZE": "2",
        "LWS_WORKER_INDEX": "1",
    }
    assert says(await lab.get(LEADER_WORKER_SETS, "tp"), "Available") == (
        "True",
        "AllGroupsReady",
        "All replicas are ready",
    )
    assert ((await lab.get(POD_GROUPS, "tp-group")) or {})["status"]["phase"] == "Running"


async def test_a_group_is_made_anew_when_it_loses_one_pod(offering: Lab) -> None:
    lab = offering
    await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(2))
    await eventually(lambda: has_hosts(lab, "tp-0", "tp-0-1"), within=WITHIN)
    before = {pod["metadata"]["name"]: pod for pod in await lab.pods()}

    await lab.api.delete(PODS, before["tp-0-1"])

    async def are_replaced() -> bool:
        uids = {pod["metadata"]["uid"] for pod in await lab.pods()}
        is_new = uids.isdisjoint(pod["metadata"]["uid"] for pod in before.values())
        return is_new and await has_hosts(lab, "tp-0", "tp-0-1")

    await eventually(are_replaced, within=WITHIN)


async def test_a_gang_that_does_not_fit_as_a_whole_gets_no_node(offering: Lab) -> None:
    lab = offering
    await lab.create(POD_GROUPS, {"metadata": {"name": "tp-group"}, "spec": {"minMember": 3}})
    made = await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(3, gpus=8, group="tp-group"))  # two such nodes

    async def are_told_to_wait() -> bool:
        said = [says(pod, "PodScheduled") for pod in await lab.pods()]
        return len(said) == 3 and all(each is not None and "Insufficient nvidia.com/gpu" in each[2] for each in said)

    await eventually(are_told_to_wait, within=WITHIN)
    assert [pod["spec"].get("nodeName") for pod in await lab.pods()] == [None] * 3

    async def is_queued() -> bool:
        found = await lab.get(POD_GROUPS, "tp-group") or {}
        return (found.get("status") or {}).get("phase") == "Inqueue"

    await eventually(is_queued, within=WITHIN)
    await lab.api.delete(LEADER_WORKER_SETS, made)
    await eventually(lambda: has_hosts(lab), within=WITHIN)


async def test_a_pod_says_what_its_gang_lacks(offering: Lab) -> None:
    lab = offering
    await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(1, group="tp-group"))

    async def says_wait(message: str) -> bool:
        return [says(pod, "PodScheduled") for pod in await lab.pods()] == [("False", "Unschedulable", message)]

    await eventually(lambda: says_wait('pod group "tp-group" is not complete yet'), within=WITHIN)
    await lab.create(POD_GROUPS, {"metadata": {"name": "tp-group"}, "spec": {"minMember": 2}})
    await eventually(lambda: says_wait("pod group is not ready, 1 Pending, 2 minAvailable"), within=WITHIN)

    pod_group = await lab.api.get(POD_GROUPS, lab.namespace, "tp-group")
    await lab.api.patch(POD_GROUPS, pod_group, {"spec": {"minMember": 1}})
    await eventually(lambda: has_hosts(lab, "tp-0"), within=WITHIN)


@pytest.mark.rule("workloads 6.2 #2")
async def test_a_pod_clique_set_becomes_groups_cliques_and_pods(offering: Lab) -> None:
    lab = offering
    cliques = (a_clique("front"), a_clique("worker-ldr", after=("worker-wkr",)), a_clique("worker-wkr", 2))
    await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(*cliques, group=("worker-ldr", "worker-wkr"), explicit=True))

    await eventually(lambda: counts(lab, POD_CLIQUE_SETS, "graph", availableReplicas=1), within=WITHIN)

    hosts = ["graph-0-front-0", *(f"graph-0-worker-0-worker-{end}" for end in ("ldr-0", "wkr-0", "wkr-1"))]
    assert await ready_hosts(lab) == sorted(hosts)
    (leader,) = [pod for pod in await lab.pods() if pod["spec"]["hostname"] == hosts[1]]
    assert variables(leader) == {
        "GROVE_PCS_NAME": "graph",
        "GROVE_PCS_INDEX": "0",
        "GROVE_PCLQ_NAME": "graph-0-worker-0-worker-ldr",
        "GROVE_HEADLESS_SERVICE": f"graph-0.{lab.namespace}.svc.cluster.local",
        "GROVE_PCLQ_POD_INDEX": "0",
        "GROVE_PCSG_NAME": "graph-0-worker",
        "GROVE_PCSG_INDEX": "0",
        "GROVE_PCSG_TEMPLATE_NUM_PODS": "3",
    }
    assert leader["spec"]["subdomain"] == "graph-0"
    assert leader["spec"]["initContainers"][0]["args"] == ["--podcliques=graph-0-worker-0-worker-wkr:1"]
    assert leader["metadata"]["labels"]["nvidia.com/dynamo-component"] == "worker-ldr"


async def test_groups_and_cliques_are_scaled_through_their_own_objects(offering: Lab) -> None:
    lab = offering
    await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("front"), a_clique("ldr"), group=("ldr",)))
    await eventually(lambda: has_hosts(lab, "graph-0-front-0", "graph-0-worker-0-ldr-0"), within=WITHIN)

    await set_scale(lab, POD_CLIQUES, "graph-0-front", 2)
    await set_scale(lab, SCALING_GROUPS, "graph-0-worker", 2)
    await eventually(lambda: counts(lab, POD_CLIQUES, "graph-0-front", readyReplicas=2), within=WITHIN)
    await eventually(lambda: counts(lab, SCALING_GROUPS, "graph-0-worker", availableReplicas=2), within=WITHIN)
    await set_scale(lab, POD_CLIQUES, "graph-0-front", 0)
    await set_scale(lab, SCALING_GROUPS, "graph-0-worker", 1)

    await eventually(lambda: has_hosts(lab, "graph-0-worker-0-ldr-0"), within=WITHIN)
    await eventually(lambda: counts(lab, POD_CLIQUES, "graph-0-front", readyReplicas=0, replicas=0), within=WITHIN)


async def test_a_new_template_replaces_the_pods_of_groups_and_cliques(offering: Lab) -> None:
    lab = offering
    made = await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("front", 2), a_clique("ldr"), group=("ldr",)))
    await eventually(lambda: counts(lab, POD_CLIQUE_SETS, "graph", availableReplicas=1), within=WITHIN)
    template = made["spec"]["template"]
    for clique in template["cliques"]:
        clique["spec"]["podSpec"]["containers"][0]["image"] = "app:2"

    await lab.api.patch(POD_CLIQUE_SETS, made, {"spec": {"template": {"cliques": template["cliques"]}}})

    async def is_updated() -> bool:
        images = [pod["spec"]["containers"][0]["image"] for pod in await lab.pods()]
        return images == ["app:2"] * 3 and await counts(lab, POD_CLIQUE_SETS, "graph", updatedReplicas=1)

    await eventually(is_updated, within=WITHIN)
    await eventually(lambda: counts(lab, POD_CLIQUE_SETS, "graph", availableReplicas=1), within=WITHIN)


async def test_a_gang_of_the_kai_scheduler_is_placed_as_a_whole(offering: Lab) -> None:
    lab = offering
    large = [a_clique(name, gpus=8, schedulerName="kai-scheduler") for name in ("one", "two", "three")]
    made = await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(*large))

    async def are_told_to_wait() -> bool:
        return [(says(pod, "PodScheduled") or ("",))[0] for pod in await lab.pods()] == ["False"] * 3

    await eventually(are_told_to_wait, within=WITHIN)
    assert not any(pod["spec"].get("nodeName") for pod in await lab.pods())

    await lab.api.delete(POD_CLIQUE_SETS, made)
    await eventually(lambda: has_hosts(lab), within=WITHIN)
    await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(*large[:2]))
    await eventually(lambda: has_hosts(lab, "graph-0-one-0", "graph-0-two-0"), within=WITHIN)


async def test_add_ons_at_rest_ask_nothing(offering: Lab) -> None:
    lab = offering
    await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(2))
    await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("front"), a_clique("ldr"), group=("ldr",)))

    async def are_available() -> bool:
        is_set_up = await counts(lab, LEADER_WORKER_SETS, "tp", readyReplicas=1)
        return is_set_up and await counts(lab, POD_CLIQUE_SETS, "graph", availableReplicas=1)

    await comes_to_rest(lab, are_available)


async def test_deleting_a_pod_clique_set_leaves_nothing(offering: Lab) -> None:
    lab = offering
    made = await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("front"), a_clique("ldr"), group=("ldr",)))
    await eventually(lambda: counts(lab, POD_CLIQUE_SETS, "graph", availableReplicas=1), within=WITHIN)

    await lab.api.delete(POD_CLIQUE_SETS, made)

    async def is_gone() -> bool:
        resources = (POD_CLIQUE_SETS, SCALING_GROUPS, POD_CLIQUES, PODS, SERVICES)
        return not any([await lab.all_of(resource) for resource in resources])

    await eventually(is_gone, within=WITHIN)


async def test_a_fault_strikes_the_pods_of_a_clique(offering: Lab) -> None:
    lab = offering
    clique = a_clique("front") | {"annotations": {"simulator.lab/fault": "image-pull"}}
    await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(clique))

    async def cannot_pull() -> bool:
        states = [status["state"] for pod in await lab.pods() for status in pod["status"].get("containerStatuses", ())]
        return [state.get("waiting", {}).get("reason") for state in states] == ["ImagePullBackOff"]

    await eventually(cannot_pull, within=WITHIN)
    assert says(await lab.get(POD_CLIQUES, "graph-0-front"), "MinAvailableBreached") is not None


@pytest.mark.rule(
    "W-31",
    "W-45",
    "workloads 8.5 replicas of a clique and of a scaling group > 0, minAvailable ≤ replicas",
    "workloads 8.5 name length: set + clique ≤ 45, set + group + clique ≤ 45 characters",
)
async def test_what_upstreams_webhooks_refuse_is_refused(offering: Lab) -> None:
    lab = offering
    made = await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(2, replicas=0))

    with pytest.raises(ApiError, match=r"spec\.leaderWorkerTemplate\.size: Invalid value: 3: field is immutable"):
        await lab.api.patch(LEADER_WORKER_SETS, made, {"spec": {"leaderWorkerTemplate": {"size": 3}}})
    with pytest.raises(ApiError, match=r"spec\.replicas in body should be greater than or equal to 1"):
        await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("front", 0)))
    with pytest.raises(ApiError, match="must not have more than 45 characters together"):
        await lab.create(POD_CLIQUE_SETS, a_pod_clique_set(a_clique("f" * 41)))


async def test_a_definition_that_goes_takes_its_pods_along(offering: Lab) -> None:
    lab = offering
    await lab.create(LEADER_WORKER_SETS, a_leader_worker_set(1))
    await eventually(lambda: has_hosts(lab, "tp-0"), within=WITHIN)
    name = "leaderworkersets.leaderworkerset.x-k8s.io"

    await lab.api.delete(DEFINITIONS, await lab.api.get(DEFINITIONS, None, name))

    await eventually(lambda: has_hosts(lab), within=WITHIN)
