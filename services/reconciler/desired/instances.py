"""Instances: each replica that spans several nodes has objects of its own, numbered from 0.

Name and labels of an instance are what its LeaderWorkerSet, its PodGroup and its pods have in common.
"""

from __future__ import annotations

INSTANCE_ID = "instance-id"
ROLE = "role"
SET_NAME = "leaderworkerset.sigs.k8s.io/name"  # put on pods by the controller of their set


def instance_name(component: str, instance: int) -> str:
    """Return the name of the objects of one instance."""
    return f"{component}-{instance}"


def component_of_set(name: str) -> str:
    """Return the component whose instance has this name; empty for a name without a number."""
    component, _, instance = name.rpartition("-")
    return component if instance.isdecimal() else ""
