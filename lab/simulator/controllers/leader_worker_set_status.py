"""Decides what a LeaderWorkerSet's status says.

Pure. Reasons and messages are upstream's. Invariant: of its conditions exactly one side holds: available, or
progressing (and updating).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lab.simulator.client.resources import Document
from lab.simulator.controllers.leader_worker_sets import SET, WORKER, Group, replicas_of
from lab.simulator.objects import FALSE, TRUE, condition, said

AVAILABLE: Final = ("AllGroupsReady", "All replicas are ready")
PROGRESSING: Final = ("GroupsProgressing", "Replicas are progressing")
UPDATING: Final = ("GroupsUpdating", "Rolling Upgrade is in progress")


def leader_worker_set_status(leader_worker_set: Document, groups: Sequence[Group], now: datetime) -> Document:
    """Return the whole status."""
    led = [group for group in groups if group.leader is not None]
    wanted = [group for group in groups if group.index < replicas_of(leader_worker_set)]
    is_updating = any(group.leader is not None and not group.is_updated for group in wanted)
    is_available = not is_updating and all(group.is_ready for group in wanted) and len(led) == len(wanted)
    states = [
        ("Available", is_available, AVAILABLE),
        ("Progressing", not is_available, PROGRESSING),
        ("UpdateInProgress", is_updating, UPDATING),
    ]
    generation = leader_worker_set["metadata"].get("generation", 0)
    return {
        "replicas": len(led),
        "readyReplicas": sum(1 for group in led if group.is_ready),
        "updatedReplicas": sum(1 for group in led if group.is_updated),
        "hpaPodSelector": f"{SET}={leader_worker_set['metadata']['name']},{WORKER}=0",
        "conditions": [
            said(leader_worker_set, kind, status=TRUE if holds else FALSE, why=why, now=now)
            | {"observedGeneration": generation}
            for kind, holds, why in states
            if holds or condition(leader_worker_set, kind) is not None
        ],
    }
