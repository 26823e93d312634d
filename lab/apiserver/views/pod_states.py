"""Decides what kubectl prints as the status of a pod: one word for all of its containers.

Separate from the other cells because it follows the printer of Kubernetes step by step. Invariants: init containers
that have ended well say nothing, and a pod with a container that runs is not called completed.
"""

from __future__ import annotations

from lab.apiserver.documents import Document


def pod_state(pod: Document) -> str:
    """Return the word."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    initializing = _initializing(pod)
    if initializing is not None and not _holds(status, "Initialized"):
        return initializing
    return _running(status, initializing or reason)


def _initializing(pod: Document) -> str | None:
    """Return what the first init container that is not done is doing; nothing if all are."""
    states = (pod.get("status") or {}).get("initContainerStatuses") or ()
    declared = (pod.get("spec") or {}).get("initContainers") or ()
    side_cars = {each.get("name") for each in declared if each.get("restartPolicy") == "Always"}
    for index, status in enumerate(states):
        state = status.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        is_done = terminated is not None and terminated.get("exitCode") == 0
        if is_done or (status.get("name") in side_cars and status.get("started")):
            continue
        if terminated is not None:
            return f"Init:{_ended(terminated)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(declared)}"
    return None


def _running(status: Document, reason: str) -> str:
    has_running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = container.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            reason = str(state["waiting"]["reason"])
        elif state.get("terminated") is not None:
            reason = _ended(state["terminated"])
        elif container.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        return "Running" if _holds(status, "Ready") else "NotReady"
    return reason


def _ended(terminated: Document) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _holds(status: Document, kind: str) -> bool:
    found = (each for each in status.get("conditions") or () if each.get("type") == kind)
    return any(each.get("status") == "True" for each in found)
