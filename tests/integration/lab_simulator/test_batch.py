"""StatefulSets, Jobs and claims on simulated nodes."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulator.client.resources import CLAIMS, JOBS, PODS, STATEFUL_SETS, Document
from lab.simulator.objects import is_pod_ready
from shared.testing.eventually import eventually
from tests.integration.lab_simulator.conftest import Lab, says

pytestmark = pytest.mark.asyncio

WITHIN = timedelta(seconds=20)
STORAGE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def a_template(**spec: Any) -> Document:
    """Return a pod template."""
    containers = [{"name": "main", "image": "app:1"}]
    return {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": containers, **spec}}


def a_stateful_set(replicas: int) -> Document:
    """Return a StatefulSet with one claim for each pod."""
    selector, claim = {"matchLabels": {"app": "db"}}, {"metadata": {"name": "data"}, "spec": STORAGE}
    return {
        "metadata": {"name": "db"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": selector,
            "template": a_template(),
            "volumeClaimTemplates": [claim],
        },
    }


async def ready_pods(lab: Lab) -> list[str]:
    """Return the names of the pods that are ready, in order."""
    return sorted(pod["metadata"]["name"] for pod in await lab.pods() if is_pod_ready(pod))


async def phases(lab: Lab) -> dict[str, str]:
    """Return the phases of the claims."""
    return {claim["metadata"]["name"]: claim["status"]["phase"] for claim in await lab.all_of(CLAIMS)}


async def test_a_stateful_set_makes_its_pods_one_by_one_and_keeps_their_claims(lab: Lab) -> None:
    made = await lab.create(STATEFUL_SETS, a_stateful_set(2))

    async def is_ready(replicas: int) -> bool:
        status = ((await lab.get(STATEFUL_SETS, "db")) or {}).get("status") or {}
        return bool(status.get("readyReplicas", 0) == status.get("replicas") == replicas)

    await eventually(lambda: is_ready(2), within=WITHIN)
    assert await ready_pods(lab) == ["db-0", "db-1"]
    assert await phases(lab) == {"data-db-0": "Bound", "data-db-1": "Bound"}

    await lab.api.patch(STATEFUL_SETS, made, {"spec": {"replicas": 1}})
    await eventually(lambda: is_ready(1), within=WITHIN)

    assert await ready_pods(lab) == ["db-0"]
    assert sorted(await phases(lab)) == ["data-db-0", "data-db-1"]


async def test_a_job_completes(lab: Lab) -> None:
    await lab.create(JOBS, {"metadata": {"name": "once"}, "spec": {"template": a_template(restartPolicy="Never")}})

    async def is_complete() -> bool:
        return (says(await lab.get(JOBS, "once"), "Complete") or ("", "", ""))[:2] == ("True", "CompletionsReached")

    await eventually(is_complete, within=WITHIN)
    (pod,) = await lab.pods()
    assert pod["status"]["phase"] == "Succeeded"
    assert ((await lab.get(JOBS, "once")) or {})["status"]["succeeded"] == 1


async def test_a_job_whose_pods_crash_fails(lab: Lab) -> None:
    template = a_template(restartPolicy="Never")
    template["metadata"]["annotations"] = {"simulator.lab/fault": "crash-loop"}
    await lab.create(JOBS, {"metadata": {"name": "once"}, "spec": {"backoffLimit": 0, "template": template}})

    async def has_failed() -> bool:
        found = says(await lab.get(JOBS, "once"), "Failed")
        return found == ("True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")

    await eventually(has_failed, within=WITHIN)


async def test_a_pod_waits_for_a_claim_that_is_not_there(lab: Lab) -> None:
    volume = {"name": "models", "persistentVolumeClaim": {"claimName": "models"}}
    await lab.create(
        PODS, {"metadata": {"name": "one"}, **a_template(volumes=[volume])} | {"metadata": {"name": "one"}}
    )

    async def is_told_to_wait() -> bool:
        (pod,) = await lab.pods()
        found = says(pod, "PodScheduled") or ("", "", "")
        return found[1:] == (
            "Unschedulable",
            '0/4 nodes are available: persistentvolumeclaim "models" not found. '
            "preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
        )

    await eventually(is_told_to_wait, within=WITHIN)
    await lab.create(CLAIMS, {"metadata": {"name": "models"}, "spec": STORAGE})

    async def is_ready() -> bool:
        return await ready_pods(lab) == ["one"]

    await eventually(is_ready, within=WITHIN)
