"""Decides what a simulated node's conditions and taints say, while it answers and while it is lost.

Pure. Reasons and messages are those of the kubelet and of Kubernetes' node lifecycle controller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lab.simulator.client.resources import Document
from lab.simulator.objects import FALSE, TRUE, UNKNOWN, condition, timestamp

UNREACHABLE: Final = "node.kubernetes.io/unreachable"
_HEALTHY: Final = {
    "MemoryPressure": (FALSE, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": (FALSE, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": (FALSE, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": (TRUE, "KubeletReady", "kubelet is posting ready status"),
}
_LOST: Final = (UNKNOWN, "NodeStatusUnknown", "Kubelet stopped posting node status.")


@dataclass(frozen=True, slots=True)
class NodeOutlook:
    """What a node should say of itself."""

    conditions: list[Document]
    taints: list[Mapping[str, Any]]


def node_outlook(node: Document, *, is_lost: bool, now: datetime) -> NodeOutlook:
    """Return the conditions and taints of `node`; what did not change keeps its times."""
    conditions = [
        _condition(node, kind, says=_LOST if is_lost else healthy, now=now) for kind, healthy in _HEALTHY.items()
    ]
    taints = [taint for taint in (node.get("spec") or {}).get("taints") or () if taint.get("key") != UNREACHABLE]
    if is_lost:
        known = [taint for taint in (node.get("spec") or {}).get("taints") or () if taint.get("key") == UNREACHABLE]
        taints += known or [
            {"key": UNREACHABLE, "effect": "NoSchedule", "timeAdded": timestamp(now)},
            {"key": UNREACHABLE, "effect": "NoExecute", "timeAdded": timestamp(now)},
        ]
    return NodeOutlook(conditions, taints)


def _condition(node: Document, kind: str, *, says: tuple[str, str, str], now: datetime) -> Document:
    known = condition(node, kind)
    status, reason, message = says
    if known is not None and (known["status"], known.get("reason")) == (status, reason):
        return known
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": message,
    }
