"""The PodCliqueSet of a graph: named after it, since Grove derives host and object names from that (workloads 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.reconciler.desired.grove.start_order import startup_type
from shared.api.platform import PlatformContext
from shared.core.json import Manifest
from shared.core.resources import POD_CLIQUE_SETS


def pod_clique_set(
    name: str, namespace: str, platform: PlatformContext, *, cliques: Sequence[Manifest], groups: Sequence[Manifest]
) -> Manifest:
    """Return the set of these cliques and scaling groups, in their order: Grove may forbid another one later (W-41)."""
    template: Manifest = {
        "cliqueStartupType": startup_type(cliques),
        # Leader and workers find each other by name before any of them is ready.
        "headlessServiceConfig": {"publishNotReadyAddresses": True},
        "cliques": list(cliques),
    }
    if groups:
        template["podCliqueScalingGroups"] = list(groups)
    if platform.grove.termination_delay > timedelta(0):
        template["terminationDelay"] = duration(platform.grove.termination_delay)
    return {
        "apiVersion": POD_CLIQUE_SETS.api_version,
        "kind": POD_CLIQUE_SETS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, "template": template},
    }


def duration(value: timedelta) -> str:
    """Return a duration as the Kubernetes API writes it, such as `15m0s`; parts of a second are left out."""
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
