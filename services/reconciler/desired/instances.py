"""Instances: each replica that spans several nodes has objects of its own, numbered from 0.

Name and labels of an instance are what its LeaderWorkerSet, its PodGroup and its pods have in common.
"""

from __future__ import annotations

INSTANCE_ID = "instance-id"
ROLE = "role"


def instance_name(component: str, instance: int) -> str:
    """Return the name of the objects of one instance."""
    return f"{component}-{instance}"
