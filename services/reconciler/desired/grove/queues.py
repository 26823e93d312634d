"""The KAI scheduler: which queue a graph's pods wait in, and which pods it schedules (workloads 8.4).

A clique that names another scheduler keeps it. Whether the queue exists is asked only when a clique uses it (W-44).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciler.desired.problems import RenderError
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest, text

QUEUE = "nvidia.com/kai-scheduler-queue"
QUEUE_LABEL = "kai.scheduler/queue"
SCHEDULER = "kai-scheduler"
DEFAULT_QUEUE = "dynamo"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A pod spec with the scheduler that it goes to, and the labels that tell the scheduler where it queues."""

    spec: Manifest
    labels: Mapping[str, str]


def queue_of(annotations: Mapping[str, str], platform: PlatformContext) -> str:
    """Return the queue of a graph with these annotations; empty where no KAI scheduler runs."""
    if not platform.offers(Capability.KAI):
        return ""
    return annotations.get(QUEUE, "").strip() or DEFAULT_QUEUE


def scheduled(spec: Manifest, queue: str) -> Scheduled:
    """Return a pod spec that goes to the queue, unless there is none or the user chose another scheduler."""
    if not queue or text(spec, "schedulerName") not in ("", SCHEDULER):
        return Scheduled(spec, {})
    return Scheduled({**spec, "schedulerName": SCHEDULER}, {QUEUE_LABEL: queue})


def missing_queue(queue: str) -> RenderError:
    """Return the error of a queue that the cluster does not have."""
    return RenderError(
        "failed to determine kai-scheduler queue: kai-scheduler queue validation failed: "
        f"queue '{queue}' not found in cluster. Ensure the queue exists before using kai-scheduler",
        code="QueueMissing",
        remedy=f"create Queue {queue}, or name another one in the annotation {QUEUE}",
    )
