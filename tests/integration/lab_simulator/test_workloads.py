"""Deployments on simulated nodes, from creation to deletion, against the lab's own API server."""

from datetime import timedelta

import pytest

from lab.simulator.client.resources import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    NODES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Document,
)
from lab.simulator.objects import is_deleting, is_pod_ready
from shared.testing.eventually import eventually
from tests.integration.lab_simulator.conftest import Lab, a_deployment, says

pytestmark = pytest.mark.asyncio

AVAILABLE = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
WITHIN = timedelta(seconds=20)


async def is_complete(lab: Lab, replicas: int, name: str = "web") -> bool:
    deployment = await lab.deployment(name)
    status = deployment.get("status") or {}
    counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    is_observed = status.get("observedGeneration") == deployment["metadata"]["generation"]
    is_observed = is_observed and "deployment.kubernetes.io/revision" in deployment["metadata"].get("annotations", {})
    return (
        is_observed
        and counts == [replicas] * 4
        and (says(deployment, "Progressing") or ("", "", ""))[1] == ("NewReplicaSetAvailable")
    )


async def is_at_revision(lab: Lab, revision: str) -> bool:
    annotations = (await lab.deployment())["metadata"].get("annotations", {})
    return bool(annotations.get("deployment.kubernetes.io/revision") == revision)


async def waiting_reasons(lab: Lab) -> list[str]:
    statuses = [status for pod in await lab.pods() for status in (pod.get("status") or {}).get("containerStatuses", ())]
    return [status["state"].get("waiting", {}).get("reason", "") for status in statuses]


async def is_gone(lab: Lab) -> bool:
    return not await lab.pods() and not await lab.replica_sets()


async def test_a_deployment_with_gpus_becomes_available(lab: Lab) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(3, limits={"nvidia.com/gpu": "2", "cpu": "4"}))

    await eventually(lambda: is_complete(lab, 3), within=WITHIN)

    deployment, pods = await lab.deployment(), await lab.pods()
    (replica_set,) = await lab.replica_sets()
    progressed = f'ReplicaSet "{replica_set["metadata"]["name"]}" has successfully progressed.'
    assert says(deployment, "Available") == AVAILABLE
    assert says(deployment, "Progressing") == ("True", "NewReplicaSetAvailable", progressed)
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert {pod["spec"]["nodeName"] for pod in pods} <= {"gpu-h100-0", "gpu-h100-1"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3


async def test_scaling_makes_and_removes_pods(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(1))
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)

    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"replicas": 4}})
    await eventually(lambda: is_complete(lab, 4), within=WITHIN)
    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"replicas": 0}})
    await eventually(lambda: is_complete(lab, 0), within=WITHIN)

    assert len(await lab.replica_sets()) == 1


async def test_a_rolling_update_replaces_every_pod_and_keeps_the_old_replica_set(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(3))
    await eventually(lambda: is_complete(lab, 3), within=WITHIN)
    template = a_deployment(3, image="app:2")["spec"]["template"]

    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"template": template}})
    await eventually(lambda: is_complete(lab, 3), within=WITHIN)

    sizes = sorted(replica_set["spec"]["replicas"] for replica_set in await lab.replica_sets())
    images = {pod["spec"]["containers"][0]["image"] for pod in await lab.pods() if not is_deleting(pod)}
    assert sizes == [0, 3]
    assert images == {"app:2"}
    await eventually(lambda: is_at_revision(lab, "2"), within=WITHIN)


async def test_going_back_to_an_earlier_template_uses_its_replica_set_again(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(2))
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)
    first, second = (a_deployment(2, image=image)["spec"]["template"] for image in ("app:1", "app:2"))

    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"template": second}})
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)
    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"template": first}})
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)

    assert len(await lab.replica_sets()) == 2
    await eventually(lambda: is_at_revision(lab, "3"), within=WITHIN)


async def test_recreate_never_runs_two_templates_at_once(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(2, strategy={"type": "Recreate"}))
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)
    template = a_deployment(2, image="app:2")["spec"]["template"]

    await lab.api.patch(DEPLOYMENTS, made, {"spec": {"template": template}})
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)

    newest = min(pod["metadata"]["creationTimestamp"] for pod in await lab.pods())
    assert newest >= made["metadata"]["creationTimestamp"]
    assert sorted(replica_set["spec"]["replicas"] for replica_set in await lab.replica_sets()) == [0, 2]


async def test_deleting_a_deployment_ends_its_pods(lab: Lab) -> None:
    made = await lab.create(DEPLOYMENTS, a_deployment(2))
    await eventually(lambda: is_complete(lab, 2), within=WITHIN)

    await lab.api.delete(DEPLOYMENTS, made)

    await eventually(lambda: is_gone(lab), within=WITHIN)


async def test_a_pod_that_is_deleted_is_replaced(lab: Lab) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(1))
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)
    (lost,) = await lab.pods()

    await lab.api.delete(PODS, lost)

    async def is_replaced() -> bool:
        pods = await lab.pods()
        return [pod["metadata"]["uid"] != lost["metadata"]["uid"] and is_pod_ready(pod) for pod in pods] == [True]

    await eventually(is_replaced, within=WITHIN)


async def test_a_service_gets_the_endpoints_of_its_ready_pods(lab: Lab) -> None:
    await lab.create(
        SERVICES, {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}
    )
    await lab.create(DEPLOYMENTS, a_deployment(2))

    async def endpoints() -> list[bool]:
        slices = await lab.all_of(ENDPOINT_SLICES)
        return [endpoint["conditions"]["ready"] for slice_ in slices for endpoint in slice_["endpoints"] or ()]

    async def are_ready() -> bool:
        return await endpoints() == [True, True]

    await eventually(are_ready, within=WITHIN)


async def test_pods_that_fit_nowhere_wait_and_say_why_until_there_is_room(lab: Lab) -> None:
    first = await lab.create(DEPLOYMENTS, a_deployment(2, name="first", limits={"nvidia.com/gpu": "8"}))
    await eventually(lambda: is_complete(lab, 2, "first"), within=WITHIN)
    await lab.create(DEPLOYMENTS, a_deployment(1, name="second", limits={"nvidia.com/gpu": "8"}))

    async def is_told_to_wait() -> bool:
        pods = [pod for pod in await lab.pods() if pod["metadata"]["labels"]["app"] == "second"]
        return [says(pod, "PodScheduled") for pod in pods] == [
            (
                "False",
                "Unschedulable",
                "0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are available: "
                "2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
            )
        ]

    await eventually(is_told_to_wait, within=WITHIN)
    await lab.api.delete(DEPLOYMENTS, first)
    await eventually(lambda: is_complete(lab, 1, "second"), within=WITHIN)


async def test_a_missing_secret_holds_the_container_back_until_it_is_there(lab: Lab) -> None:
    container = {"envFrom": [{"secretRef": {"name": "hf-token-secret"}}]}
    await lab.create(DEPLOYMENTS, a_deployment(1, container=container))

    async def is_held_back() -> bool:
        return await waiting_reasons(lab) == ["CreateContainerConfigError"]

    await eventually(is_held_back, within=WITHIN)
    await lab.create(SECRETS, {"metadata": {"name": "hf-token-secret"}, "stringData": {"HF_TOKEN": "x"}})
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)


async def test_a_missing_account_is_an_event_and_a_condition_until_it_is_there(lab: Lab) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(1, serviceAccountName="planner"))

    async def is_refused() -> bool:
        failure = says(await lab.deployment(), "ReplicaFailure")
        events = [event["reason"] for event in await lab.all_of(EVENTS)]
        return failure is not None and failure[1] == "FailedCreate" and "FailedCreate" in events

    await eventually(is_refused, within=WITHIN)
    await lab.create(SERVICE_ACCOUNTS, {"metadata": {"name": "planner"}})
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)

    assert says(await lab.deployment(), "ReplicaFailure") is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("image-pull", "ImagePullBackOff", id="image pull"),
        pytest.param("crash-loop", "CrashLoopBackOff", id="crash loop"),
    ],
)
async def test_a_fault_of_the_template_strikes_its_pods(lab: Lab, fault: str, reason: str) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(1, annotations={"simulator.lab/fault": fault}))

    async def is_struck() -> bool:
        return await waiting_reasons(lab) == [reason]

    await eventually(is_struck, within=WITHIN)


async def test_a_control_file_strikes_and_heals(lab: Lab) -> None:
    lab.stack.faults.write_text(f"schemaVersion: 1\nfaults: [{{fault: never-ready, namespace: {lab.namespace}}}]\n")
    lab.stack.simulator.process.reload()
    await lab.create(DEPLOYMENTS, a_deployment(1))

    async def runs_unready() -> bool:
        pods: list[Document] = await lab.pods()
        return [(pod["status"].get("phase"), is_pod_ready(pod)) for pod in pods] == [("Running", False)]

    await eventually(runs_unready, within=WITHIN)
    lab.stack.faults.write_text("schemaVersion: 1\n")
    lab.stack.simulator.process.reload()
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)


async def test_a_lost_node_is_unknown_and_its_pods_are_not_ready_until_it_is_back(lab: Lab) -> None:
    await lab.create(DEPLOYMENTS, a_deployment(1, limits={"cpu": "1"}))
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)
    (pod,) = await lab.pods()
    node = await lab.api.get(NODES, None, pod["spec"]["nodeName"])

    await lab.api.patch(NODES, node, {"metadata": {"annotations": {"simulator.lab/fault": "lost"}}})

    async def is_lost() -> bool:
        (held,) = await lab.pods()
        state = says(await lab.api.get(NODES, None, pod["spec"]["nodeName"]), "Ready")
        return not is_pod_ready(held) and state == (
            "Unknown",
            "NodeStatusUnknown",
            "Kubelet stopped posting node status.",
        )

    await eventually(is_lost, within=WITHIN)
    await lab.api.patch(NODES, node, {"metadata": {"annotations": {"simulator.lab/fault": None}}})
    await eventually(lambda: is_complete(lab, 1), within=WITHIN)
