"""Decides what a PodClique's status says.

Pure. Counters are Grove's; `readyReplicas` is what the platform reads. Invariant: pods that are leaving, or have ended,
count as gone.
"""

from collections.abc import Sequence
from datetime import datetime

from lab.simulator.client.resources import Document
from lab.simulator.controllers.grove.vocabulary import TEMPLATE_HASH, min_available
from lab.simulator.nodes.start_order import CLIQUE
from lab.simulator.objects import FALSE, TRUE, is_active, is_pod_ready, labels_of, said


def clique_status(clique: Document, pods: Sequence[Document], now: datetime) -> Document:
    """Return the whole status of a clique."""
    active = [pod for pod in pods if is_active(pod)]
    ready = sum(1 for pod in active if is_pod_ready(pod))
    scheduled = sum(1 for pod in active if pod["spec"].get("nodeName"))
    revision = labels_of(clique).get(TEMPLATE_HASH)
    least = min(min_available(clique["spec"]), int(clique["spec"]["replicas"]))
    return {
        "replicas": len(active),
        "readyReplicas": ready,
        "scheduledReplicas": scheduled,
        "scheduleGatedReplicas": sum(1 for pod in active if pod["spec"].get("schedulingGates")),
        "updatedReplicas": sum(1 for pod in active if labels_of(pod).get(TEMPLATE_HASH) == revision),
        "observedGeneration": clique["metadata"].get("generation", 0),
        "currentPodTemplateHash": revision,
        "hpaPodSelector": f"{CLIQUE}={clique['metadata']['name']}",
        "conditions": [
            _scheduled(clique, scheduled, least, now),
            _breached(clique, ready, least, now),
        ],
    }


def _scheduled(clique: Document, scheduled: int, least: int, now: datetime) -> Document:
    holds = scheduled >= least
    reason = "SufficientScheduledPods" if holds else "InsufficientScheduledPods"
    message = f"scheduled {scheduled} of at least {least}"
    return said(clique, "PodCliqueScheduled", status=TRUE if holds else FALSE, why=(reason, message), now=now)


def _breached(clique: Document, ready: int, least: int, now: datetime) -> Document:
    holds = ready < least
    reason = "InsufficientReadyPods" if holds else "SufficientReadyPods"
    message = f"ready {ready} of at least {least}"
    return said(clique, "MinAvailableBreached", status=TRUE if holds else FALSE, why=(reason, message), now=now)
