"""Decides what the status of a Volcano PodGroup says, from the pods whose annotation names it.

Pure. Phases are upstream's: a group waits until enough of its pods run together. Invariant: a group is running exactly
while at least `minMember` of its pods do.
"""

from collections.abc import Sequence

from lab.simulator.client.resources import Document
from lab.simulator.nodes.gangs import least_members


def pod_group_status(pod_group: Document, pods: Sequence[Document]) -> Document:
    """Return the whole status; counts that are zero are null, which a merge patch removes."""
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    placed = sum(1 for pod in pods if pod["spec"].get("nodeName"))
    running = phases.count("Running")
    needed = least_members(pod_group)
    if running >= needed:
        phase = "Running"
    elif pods and phases.count("Succeeded") + phases.count("Failed") == len(phases):
        phase = "Completed"
    else:
        phase = "Inqueue" if len(pods) >= needed or placed else "Pending"
    return {
        "phase": phase,
        "running": running or None,
        "succeeded": phases.count("Succeeded") or None,
        "failed": phases.count("Failed") or None,
    }
