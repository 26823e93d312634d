"""What keeps the pods of a workload from running, in the words of the scheduler and the kubelet.

A Deployment says how many pods are missing, never why. Only what does not pass within the usual course of a start is
told: a pod whose image is being pulled is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.reconciler.status.blockers import Blocker
from shared.core.json import Manifest, items, text

UNSCHEDULABLE = "Unschedulable"

_REMEDIES: Mapping[str, str] = {
    "ImagePullBackOff": "correct the image or its pull secret",
    "ErrImagePull": "correct the image or its pull secret",
    "InvalidImageName": "correct the image",
    "CrashLoopBackOff": "look at the log of its last run: kubectl logs --previous",
    "CreateContainerConfigError": "create the Secret or ConfigMap that it names",
    "CreateContainerError": "correct what the kubelet says",
    "RunContainerError": "correct what the kubelet says",
    UNSCHEDULABLE: "free or add a node that it fits on, or ask for less",
}
_MESSAGE_LIMIT = 400


def pod_blockers(pods: Iterable[Manifest]) -> tuple[Blocker, ...]:
    """Return what keeps pods from running, the first pod by name for each reason."""
    found: dict[str, Blocker] = {}
    for pod in sorted(pods, key=lambda each: text(each, "metadata", "name")):
        blocker = _blocker(pod)
        if blocker is not None:
            found.setdefault(blocker.code, blocker)
    return tuple(found[code] for code in sorted(found))


def _blocker(pod: Manifest) -> Blocker | None:
    subject = f"Pod {text(pod, 'metadata', 'namespace')}/{text(pod, 'metadata', 'name')}"
    for status in [*items(pod, "status", "initContainerStatuses"), *items(pod, "status", "containerStatuses")]:
        reason = text(status, "state", "waiting", "reason")
        if reason in _REMEDIES:
            message = text(status, "state", "waiting", "message") or f"container {text(status, 'name')} waits"
            return Blocker(subject, reason, _shortened(message), _REMEDIES[reason])
    for condition in items(pod, "status", "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "reason") == UNSCHEDULABLE:
            what = f"it fits on no node: {_shortened(text(condition, 'message'))}"
            return Blocker(subject, UNSCHEDULABLE, what, _REMEDIES[UNSCHEDULABLE])
    return None


def _shortened(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}..."
